/* Parallel gzip (RFC 1952): one member, with the same bytes for any number of threads, CPU model
 * and size of the writes.
 *
 * The input is cut into blocks of 1 MiB, which libdeflate compresses independently on a pool of
 * threads: at level 2 blocks with much text, others at level 1. This makes layers
 * smaller than pgzip's default in half its time (docs/decisions.md). libdeflate always ends a
 * stream, so each block's BFINAL bit is cleared, and an empty stored block (RFC 1951 3.2.4) pads it
 * to a byte boundary; an empty last block ends the member. There is only one member because it is
 * not known whether Lambda reads several. */
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
 * @jobs: number of threads that compress, at least 1; each needs about 2.2 MiB of memory
 * @sink: receives the compressed bytes, on the thread that calls write and finish
 *
 * Returns: (transfer full): a writer for one thread
 */
OciGzipWriter *oci_gzip_writer_new (unsigned jobs, OciSink sink, gpointer sink_data);

/**
 * oci_gzip_writer_new_raw:
 * @level: level of libdeflate for all blocks, 1 to 12
 *
 * Like oci_gzip_writer_new(), without header and trailer: only deflate (RFC 1951), as in members of
 * zip files.
 *
 * Returns: (transfer full)
 */
OciGzipWriter *oci_gzip_writer_new_raw (unsigned jobs, int level, OciSink sink, gpointer sink_data);

/** CRC-32 of what was written; complete once the writer has finished. */
uint32_t oci_gzip_writer_crc32 (const OciGzipWriter *self);

/** Takes @len bytes; an #OciSink. Errors: %OCI_ERROR_IO; those of the writer's sink. */
gboolean oci_gzip_writer_write (gpointer writer, const void *data, size_t len, GError **error);

/** Compresses the rest and writes the trailer. Nothing may be written afterwards. Errors:
 * %OCI_ERROR_IO; those of the writer's sink. */
gboolean oci_gzip_writer_finish (OciGzipWriter *self, GError **error);

void oci_gzip_writer_free (OciGzipWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciGzipWriter, oci_gzip_writer_free)

/** Returns: (transfer full): everything that the bytes depend on, such as
 * "libdeflate-1.14/text-2/binary-1/1048576" */
char *oci_gzip_writer_identity (void);

G_END_DECLS
