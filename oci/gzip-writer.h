/* gzip (RFC 1952) in parallel: one member, and the same bytes whatever the number of threads, the
 * CPU model or the size of the writes.
 *
 * The input is cut into blocks of 1 MiB, which libdeflate compresses independently on a pool of
 * threads: at level 2 what is text by half, at level 1 the rest, which makes layers smaller than
 * pgzip's default in half its time (docs/decisions.md). libdeflate always ends a stream, so each
 * block's BFINAL bit is cleared and an empty stored block (RFC 1951 3.2.4) brings it to a byte
 * boundary; an empty last block ends the member. One member, because nobody has shown that Lambda
 * reads several. */
#pragma once

#include "oci/sink.h"

#include <stdint.h>

G_BEGIN_DECLS

enum
{
  OCI_GZIP_BLOCK_BYTES = 1024 * 1024,
};

typedef struct _OciGzipWriter OciGzipWriter;

/**
 * oci_gzip_writer_new:
 * @jobs: threads that compress, at least 1; about 2.2 MiB of memory each
 * @sink: receives the compressed bytes, on the thread that calls write and finish
 *
 * Returns: (transfer full): a writer for one thread
 */
OciGzipWriter *oci_gzip_writer_new (unsigned jobs, OciSink sink, gpointer sink_data);

/**
 * oci_gzip_writer_new_raw:
 * @level: of libdeflate, 1 to 12, for all blocks
 *
 * Like oci_gzip_writer_new(), without header and trailer: deflate alone (RFC 1951), as members of
 * zip files have it.
 */
OciGzipWriter *oci_gzip_writer_new_raw (unsigned jobs, int level, OciSink sink, gpointer sink_data);

/** CRC-32 of what was written; all of it once the writer has finished. */
uint32_t oci_gzip_writer_crc32 (const OciGzipWriter *self);

/** Takes @len bytes; fits #OciSink. */
gboolean oci_gzip_writer_write (gpointer writer, const void *data, size_t len, GError **error);

/** Compresses the rest and writes the trailer. Nothing may be written afterwards. */
gboolean oci_gzip_writer_finish (OciGzipWriter *self, GError **error);

void oci_gzip_writer_free (OciGzipWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciGzipWriter, oci_gzip_writer_free)

/** "libdeflate-1.14/text-2/binary-1/1048576": everything that the bytes depend on. Returns:
 * (transfer full) */
char *oci_gzip_writer_identity (void);

G_END_DECLS
