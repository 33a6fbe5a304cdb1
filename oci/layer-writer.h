/* Writes a layer into an image layout: tar, gzip, diffID and digest in one pass (image-spec v1.1
 * layer.md). */
#pragma once

#include "oci/layout.h"
#include "oci/tar-writer.h"

G_BEGIN_DECLS

typedef struct _OciLayerWriter OciLayerWriter;

/**
 * oci_layer_writer_new:
 * @layout: receives the blob; must outlive the writer
 * @jobs: number of threads that compress
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO.
 */
OciLayerWriter *oci_layer_writer_new (OciLayout *layout, unsigned jobs, GError **error);
void oci_layer_writer_free (OciLayerWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayerWriter, oci_layer_writer_free)

/** Returns: (transfer none): the tar to add entries to, valid until finish or free */
OciTarWriter *oci_layer_writer_tar (OciLayerWriter *self);

/** Takes bytes of an existing tar instead of entries; an #OciSink. Errors: %OCI_ERROR_IO. */
gboolean oci_layer_writer_raw (gpointer writer, const void *data, size_t len, GError **error);

/**
 * oci_layer_writer_finish:
 * @out_diff_id: (out): digest of the uncompressed tar
 *
 * Ends the tar unless raw bytes were taken, flushes the compressor and publishes the blob.
 *
 * Returns: (transfer full): descriptor of the blob
 * Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
OciDescriptor *oci_layer_writer_finish (OciLayerWriter *self, OciDigest *out_diff_id,
                                        GError **error);

G_END_DECLS
