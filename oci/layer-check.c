#include "oci/layer-check.h"

#include "oci/base/parallel.h"
#include "oci/image.h"
#include "oci/layer-stream.h"

typedef struct
{
  const OciDescriptor *descriptor;
  OciDigest diff_id;
} Layer;

typedef struct
{
  OciLayout *layout;
  OciUnpackBudget budget; /* of all layers */
  GMutex mutex;           /* guards it */
} Check;

static gboolean
count_bytes (Check *self, size_t bytes, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean ok = oci_unpack_budget_stream (&self->budget, bytes, error);
  g_mutex_unlock (&self->mutex);
  return ok;
}

static gboolean
unpack (Check *self, OciLayerStream *stream, OciDigest *out_diff_id, GCancellable *stop,
        GError **error)
{
  const void *bytes = NULL;
  size_t len = 1;
  while (len > 0)
    {
      if (g_cancellable_is_cancelled (stop))
        return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
      if (!oci_layer_stream_read (stream, &bytes, &len, error) || !count_bytes (self, len, error))
        return FALSE;
    }
  return oci_layer_stream_finish (stream, out_diff_id, error);
}

static gboolean
check_layer (gpointer data, gpointer item, GCancellable *stop, GError **error)
{
  Check *self = data;
  const Layer *layer = item;
  OciDigestText text, expected;
  OciDigest actual;
  g_auto (OciFd) fd = -1;
  OCI_PREFIX (error, "layer %s", oci_digest_text (&layer->descriptor->digest, text));
  g_autoptr (OciLayerStream) stream =
      oci_layout_open_verified (self->layout, layer->descriptor, &fd, error)
          ? oci_layer_stream_new (fd, error)
          : NULL;
  if (stream == NULL || !unpack (self, stream, &actual, stop, error))
    return FALSE;
  return oci_digest_equal (&actual, &layer->diff_id)
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "it unpacks to %s, the image's configuration says %s (diff_ids)",
                       oci_digest_text (&actual, text),
                       oci_digest_text (&layer->diff_id, expected));
}

static GPtrArray *
list_layers (const OciManifest *manifest, const OciImageConfig *config, GError **error)
{
  g_autoptr (GPtrArray) layers = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      Layer *layer = g_new0 (Layer, 1);
      layer->descriptor = manifest->layers->pdata[i];
      g_ptr_array_add (layers, layer);
      if (!oci_image_config_diff_id (config, i, &layer->diff_id, error))
        return NULL;
    }
  return g_steal_pointer (&layers);
}

gboolean
oci_image_check_layers (OciLayout *layout, const OciDescriptor *descriptor, unsigned jobs,
                        GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read_checked (layout, descriptor, &manifest, error))
    return FALSE;
  if (!oci_image_is_image (manifest))
    return TRUE;
  g_autoptr (GPtrArray) layers = oci_image_read (layout, descriptor, NULL, &config, error)
                                     ? list_layers (manifest, config, error)
                                     : NULL;
  if (layers == NULL)
    return FALSE;
  Check check = { .layout = layout, .budget = oci_layout_unpack_budget (layout) };
  g_mutex_init (&check.mutex);
  gboolean ok = oci_parallel_each (layers, jobs, check_layer, &check, NULL, error);
  g_mutex_clear (&check.mutex);
  return ok;
}
