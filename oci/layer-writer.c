#include "oci/layer-writer.h"

#include "oci/gzip-writer.h"

struct _OciLayerWriter
{
  OciTarWriter *tar;
  OciDigester *diff_id;
  OciGzipWriter *gzip;
  OciBlobWriter *blob;
  gboolean raw;
};

static gboolean
take_tar (gpointer data, const void *bytes, size_t len, GError **error)
{
  OciLayerWriter *self = data;
  oci_digester_update (self->diff_id, bytes, len);
  return oci_gzip_writer_write (self->gzip, bytes, len, error);
}

static gboolean
take_compressed (gpointer data, const void *bytes, size_t len, GError **error)
{
  OciLayerWriter *self = data;
  return oci_blob_writer_write (self->blob, bytes, len, error);
}

OciLayerWriter *
oci_layer_writer_new (OciLayout *layout, unsigned jobs, GError **error)
{
  g_autoptr (OciLayerWriter) self = g_new0 (OciLayerWriter, 1);
  self->blob = oci_blob_writer_new (layout, error);
  if (self->blob == NULL)
    return NULL;
  self->tar = oci_tar_writer_new (take_tar, self);
  self->diff_id = oci_digester_new ();
  self->gzip = oci_gzip_writer_new (jobs, take_compressed, self);
  return g_steal_pointer (&self);
}

void
oci_layer_writer_free (OciLayerWriter *self)
{
  if (self == NULL)
    return;
  oci_tar_writer_free (self->tar);
  oci_gzip_writer_free (self->gzip);
  oci_digester_free (self->diff_id);
  oci_blob_writer_free (self->blob);
  g_free (self);
}

OciTarWriter *
oci_layer_writer_tar (OciLayerWriter *self)
{
  return self->tar;
}

gboolean
oci_layer_writer_raw (gpointer writer, const void *data, size_t len, GError **error)
{
  OciLayerWriter *self = writer;
  self->raw = TRUE;
  return take_tar (self, data, len, error);
}

OciDescriptor *
oci_layer_writer_finish (OciLayerWriter *self, OciDigest *out_diff_id, GError **error)
{
  OciDigest digest;
  uint64_t size = 0;
  if ((!self->raw && !oci_tar_writer_finish (self->tar, error))
      || !oci_gzip_writer_finish (self->gzip, error)
      || !oci_blob_writer_finish (self->blob, NULL, &digest, &size, error))
    return NULL;
  *out_diff_id = oci_digester_finish (self->diff_id);
  return oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &digest, size);
}
