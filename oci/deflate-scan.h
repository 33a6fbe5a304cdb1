/* Finds where the last block of a deflate stream begins and ends, in bits.
 *
 * libdeflate compresses a buffer into a complete stream, whose last block has the BFINAL bit set.
 * To concatenate several such streams in one gzip member, that bit has to be cleared, and only
 * decoding finds it. Since only the positions matter, this decoder writes no output, which makes it
 * several times faster than inflating (zlib's Z_BLOCK, examples/gzjoin.c). */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_DEFLATE_SCAN_SLACK = 8, /* readable bytes needed after the stream */
};

/**
 * oci_deflate_scan:
 * @stream: a raw deflate stream (RFC 1951), followed by %OCI_DEFLATE_SCAN_SLACK readable bytes
 * @size: bytes of the stream without the slack
 * @out_last_block: (out): bit position of the header of the block with BFINAL set
 * @out_end: (out): bit position after that block
 *
 * Pure function. Memory-safe on any input.
 *
 * Returns: %FALSE if @stream is not a complete deflate stream
 */
gboolean oci_deflate_scan (const uint8_t *stream, size_t size, uint64_t *out_last_block,
                           uint64_t *out_end);

G_END_DECLS
