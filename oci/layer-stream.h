/* A layer's tar out of its blob: decompressed by what the bytes are, whatever the media type says,
 * and digested on the way. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct _OciLayerStream OciLayerStream;

/**
 * oci_layer_stream_new:
 * @fd: the blob, open for reading; borrowed, must outlive the stream
 *
 * Returns: (transfer full) (nullable)
 */
OciLayerStream *oci_layer_stream_new (int fd, GError **error);
void oci_layer_stream_free (OciLayerStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayerStream, oci_layer_stream_free)

/** How the blob is compressed: "gzip", "zstd" or "none"; other formats by the name of their
 * program. Returns: (transfer none) */
const char *oci_layer_stream_compression (const OciLayerStream *self);

/** The next piece of the tar; *@out_len is 0 at its end. @stream: an OciLayerStream; this is an
 * OciArchiveSource */
gboolean oci_layer_stream_read (gpointer stream, const void **out_bytes, size_t *out_len,
                                GError **error);

/** Reads what is left and gives the diffID: the digest of the whole tar. */
gboolean oci_layer_stream_finish (OciLayerStream *self, OciDigest *out_diff_id, GError **error);

G_END_DECLS
