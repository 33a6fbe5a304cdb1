#include "builder/image/image-look.h"

TerraneImageLook *
terrane_image_look_new (const char *name, const char *const *packages)
{
  TerraneImageLook *self = g_new0 (TerraneImageLook, 1);
  self->name = g_strdup (name);
  self->packages = g_strdupv ((char **) packages);
  return self;
}

void
terrane_image_look_free (TerraneImageLook *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_strfreev (self->packages);
  oci_descriptor_free (self->layer);
  g_free (self);
}

static void
free_look (gpointer data)
{
  terrane_image_look_free (data);
}

GPtrArray *
terrane_image_looks_new (void)
{
  return g_ptr_array_new_with_free_func (free_look);
}

TerraneLayer *
terrane_image_look_find (TerraneImageLook *self, TerraneStore *store, TerraneTree *assembled,
                         const GPtrArray *paths, const TerraneRemoteLayers *remote, GError **error)
{
  static const OciDigest none = { 0 };
  TerraneLayerLook look = { .layer = NULL };
  if (!terrane_layer_find (store, assembled, paths, self->name, remote, &look, error))
    return NULL;
  self->key = look.key;
  self->content_bytes = look.bytes;
  if (look.layer != NULL)
    {
      self->layer = oci_descriptor_copy (look.layer->descriptor);
      self->claimed = look.layer->claimed;
      return look.layer;
    }
  TerraneLayer *layer = g_new0 (TerraneLayer, 1);
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
