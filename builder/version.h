#pragma once

/* Version of everything that the bytes of layers and images depend on, besides their inputs and the
 * compressor. A change that gives other bytes for the same inputs increments it;
 * tests/integration/golden-*-v1.txt contain the digests.
 *
 *     1  first */
#define TERRANE_ASSEMBLER_VERSION "1"

/* Version of how sources are read into trees: archives, layers, wheels. A change that gives another
 * tree for the same source increments it, so that results of older versions in the store are not
 * used.
 *
 *     2  names are bytes; sparse files, hard links of cpio and layers as other builders write
 * them */
#define TERRANE_READER_VERSION "2"
