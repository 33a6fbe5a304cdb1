/* A layer being written into an image layout: tar, gzip, diffID and digest in one pass.
 * image-spec v1.1 layer.md. */
#pragma once

#include "oci/layout.h"
#include "oci/tar-writer.h"

G_BEGIN_DECLS

typedef struct _OciLayerWriter OciLayerWriter;

/**
 * oci_layer_writer_new:
 * @layout: where the blob will be; must outlive the writer
 * @jobs: threads that compress
 *
 * Returns: (transfer full) (nullable)
 */
OciLayerWriter *oci_layer_writer_new (OciLayout *layout, unsigned jobs, GError **error);
void oci_layer_writer_free (OciLayerWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayerWriter, oci_layer_writer_free)

/** The tar to add entries to. Returns: (transfer none): valid until finish or free */
OciTarWriter *oci_layer_writer_tar (OciLayerWriter *self);

/** Takes bytes of a tar that exists already, instead of entries; fits #OciSink. */
gboolean oci_layer_writer_raw (gpointer writer, const void *data, size_t len, GError **error);

/**
 * oci_layer_writer_finish:
 * @out_diff_id: (out): digest of the uncompressed tar
 *
 * Ends the tar unless raw bytes were taken, flushes the compressor and publishes the blob.
 *
 * Returns: (transfer full) (nullable): descriptor of the blob
 */
OciDescriptor *oci_layer_writer_finish (OciLayerWriter *self, OciDigest *out_diff_id,
                                        GError **error);

G_END_DECLS
