#pragma once

/* What the bytes of layers and images depend on, besides their inputs and the compressor. A change
 * that gives other bytes for the same inputs raises it; tests/integration/golden-*-v1.txt
 * hold the digests.
 *  1  first */
#define TERRANE_ASSEMBLER_VERSION "1"
