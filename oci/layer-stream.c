#include "oci/layer-stream.h"

#include "oci/decompressor.h"

struct _OciLayerStream
{
  OciByteReader *input;
  OciDecompressor *decompressor;
  OciDigester *digester;
};

OciLayerStream *
oci_layer_stream_new (int fd, GError **error)
{
  g_autoptr (OciLayerStream) self = g_new0 (OciLayerStream, 1);
  self->digester = oci_digester_new ();
  self->input = oci_byte_reader_new_fd (fd, NULL);
  self->decompressor = oci_decompressor_new (self->input, error);
  return self->decompressor != NULL ? g_steal_pointer (&self) : NULL;
}

void
oci_layer_stream_free (OciLayerStream *self)
{
  if (self == NULL)
    return;
  oci_decompressor_free (self->decompressor);
  oci_byte_reader_free (self->input);
  oci_digester_free (self->digester);
  g_free (self);
}

const char *
oci_layer_stream_compression (const OciLayerStream *self)
{
  return oci_decompressor_compression (self->decompressor);
}

gboolean
oci_layer_stream_read (gpointer stream, const void **out_bytes, size_t *out_len, GError **error)
{
  OciLayerStream *self = stream;
  if (!oci_decompressor_read (self->decompressor, out_bytes, out_len, error))
    return FALSE;
  if (*out_len > 0)
    oci_digester_update (self->digester, *out_bytes, *out_len);
  return TRUE;
}

gboolean
oci_layer_stream_finish (OciLayerStream *self, OciDigest *out_diff_id, GError **error)
{
  const void *bytes = NULL;
  size_t len = 1;
  while (len > 0)
    if (!oci_layer_stream_read (self, &bytes, &len, error))
      return FALSE;
  *out_diff_id = oci_digester_finish (self->digester);
  return TRUE;
}
