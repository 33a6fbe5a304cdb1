#include "builder/image/image-look.h"

static void
look_free (gpointer data)
{
  TerraneImageLook *self = data;
  g_free (self->name);
  oci_descriptor_free (self->layer);
  g_free (self);
}

GPtrArray *
terrane_image_looks_new (void)
{
  return g_ptr_array_new_with_free_func (look_free);
}

TerraneLayer *
terrane_image_look_at (GPtrArray *looks, TerraneStore *store, TerraneTree *assembled,
                       const GPtrArray *paths, const char *name, const TerraneRemoteLayers *remote,
                       GError **error)
{
  static const OciDigest none = { 0 };
  TerraneLayer *layer = NULL;
  TerraneImageLook *look = g_new0 (TerraneImageLook, 1);
  look->name = g_strdup (name);
  g_ptr_array_add (looks, look);
  if (!terrane_layer_find (store, assembled, paths, name, remote, &layer, &look->key,
                           &look->content_bytes, error))
    return NULL;
  if (layer != NULL)
    {
      look->layer = oci_descriptor_copy (layer->descriptor);
      return layer;
    }
  layer = g_new0 (TerraneLayer, 1);
  layer->descriptor = oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &none, 0);
  return layer;
}

gboolean
terrane_image_looks_complete (const GPtrArray *looks)
{
  for (guint i = 0; i < looks->len; i++)
    if (((const TerraneImageLook *) looks->pdata[i])->layer == NULL)
      return FALSE;
  return TRUE;
}
