#pragma once

/* What the bytes of layers and images depend on, besides their inputs and the compressor. A change
 * that gives other bytes for the same inputs raises it; tests/integration/golden-*-v1.txt
 * hold the digests.
 *  1  first */
#define TERRANE_ASSEMBLER_VERSION "1"

/* How sources are read into trees: archives, layers, wheels. A change that gives another tree for
 * the same source raises it, so that what the store has of before is read again.
 *  2  names are bytes; sparse files, hard links of cpio and layers as other builders write them */
#define TERRANE_READER_VERSION "2"
