/* Decompresses what comes, by what the bytes are. The checksums of gzip, xz, zstd, bzip2, lzip and
 * lz4 are verified; what follows the compressed data may only be more of it, or zeros. */
#pragma once

#include "oci/byte-reader.h"

G_BEGIN_DECLS

typedef struct _OciDecompressor OciDecompressor;

/**
 * oci_decompressor_new:
 * @input: borrowed, must outlive the decompressor; of an rpm the payload is read
 *
 * Bytes that are not compressed come as they are.
 *
 * Returns: (transfer full) (nullable)
 */
OciDecompressor *oci_decompressor_new (OciByteReader *input, GError **error);

/** Reads deflate data without a header, as zip has it: it must end with the input. */
OciDecompressor *oci_decompressor_new_deflate (OciByteReader *input);

void oci_decompressor_free (OciDecompressor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciDecompressor, oci_decompressor_free)

/** "gzip", "zstd" or "none"; other formats by the name of their program. (transfer none) */
const char *oci_decompressor_compression (const OciDecompressor *self);

/** The next piece; *@out_len is 0 at the end. @decompressor: an OciDecompressor; this is an
 * OciArchiveSource. */
gboolean oci_decompressor_read (gpointer decompressor, const void **out_bytes, size_t *out_len,
                                GError **error);

G_END_DECLS
