/* Decompresses a stream in the format that its bytes have. The checksums of gzip, xz, zstd, bzip2,
 * lzip and lz4 are verified; only more compressed data or zeros may follow the compressed data. */
#pragma once

#include "oci/byte-reader.h"

G_BEGIN_DECLS

typedef struct _OciDecompressor OciDecompressor;

/**
 * oci_decompressor_new:
 * @input: borrowed, must outlive the decompressor; for an rpm, its payload is read
 *
 * Bytes that are not compressed are passed through.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT.
 */
OciDecompressor *oci_decompressor_new (OciByteReader *input, GError **error);

/** Reads deflate data without a header, as in zip files: it must end with the input.
 * Returns: (transfer full) */
OciDecompressor *oci_decompressor_new_deflate (OciByteReader *input);

void oci_decompressor_free (OciDecompressor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciDecompressor, oci_decompressor_free)

/** Returns: (transfer none): "gzip", "zstd" or "none"; for other formats the name of their program
 */
const char *oci_decompressor_compression (const OciDecompressor *self);

/** An OciArchiveSource that reads from an OciDecompressor; *@out_len is 0 at the end. Errors:
 * %OCI_ERROR_FORMAT. */
gboolean oci_decompressor_read (gpointer decompressor, const void **out_bytes, size_t *out_len,
                                GError **error);

G_END_DECLS
