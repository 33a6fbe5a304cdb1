/* Reads the tar of a layer from its blob: decompressed in the format that its bytes have,
 * regardless of the media type, and digested at the same time. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct _OciLayerStream OciLayerStream;

/**
 * oci_layer_stream_new:
 * @fd: the blob, open for reading; borrowed, must outlive the stream
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT.
 */
OciLayerStream *oci_layer_stream_new (int fd, GError **error);
void oci_layer_stream_free (OciLayerStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayerStream, oci_layer_stream_free)

/** Returns: (transfer none): compression of the blob: "gzip", "zstd" or "none"; for other formats
 * the name of their program */
const char *oci_layer_stream_compression (const OciLayerStream *self);

/** An OciArchiveSource that reads from an OciLayerStream: the next piece of the tar; *@out_len is 0
 * at its end. Errors: %OCI_ERROR_FORMAT. */
gboolean oci_layer_stream_read (gpointer stream, const void **out_bytes, size_t *out_len,
                                GError **error);

/** Reads the rest. @out_diff_id: (out): the digest of the whole tar. Errors: %OCI_ERROR_FORMAT. */
gboolean oci_layer_stream_finish (OciLayerStream *self, OciDigest *out_diff_id, GError **error);

G_END_DECLS
