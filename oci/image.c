#include "oci/image.h"

enum
{
  COPY_BYTES = 256 * 1024,
};

OciDescriptor *
oci_image_find_manifest (OciLayout *layout, const OciDescriptor *descriptor, const char *platform,
                         GError **error)
{
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type == NULL || type->kind != OCI_MEDIA_INDEX)
    return oci_descriptor_copy (descriptor);
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  if (raw == NULL)
    return NULL;
  g_autoptr (OciIndex) index = oci_index_parse ("image index", raw, error);
  if (index == NULL)
    return NULL;
  const OciDescriptor *chosen = oci_index_select (index, platform, error);
  OciDescriptor *copy = chosen != NULL ? oci_descriptor_copy (chosen) : NULL;
  if (copy != NULL)
    copy->of_index = TRUE;
  return copy;
}

gboolean
oci_image_read (OciLayout *layout, const OciDescriptor *descriptor, OciManifest **out_manifest,
                OciImageConfig **out_config, GError **error)
{
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciManifest) manifest =
      raw != NULL ? oci_manifest_parse ("manifest", raw, error) : NULL;
  if (manifest == NULL)
    return FALSE;
  if (out_config != NULL)
    {
      g_autoptr (GBytes) config =
          oci_layout_read_blob (layout, manifest->config, OCI_IMAGE_CONFIG_MAX_BYTES, error);
      *out_config = config != NULL ? oci_image_config_parse ("config", config, error) : NULL;
      if (*out_config == NULL)
        return FALSE;
    }
  if (out_manifest != NULL)
    *out_manifest = g_steal_pointer (&manifest);
  return TRUE;
}

gboolean
oci_image_check_blobs (OciLayout *layout, const OciDescriptor *descriptor, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_auto (OciFd) config = -1;
  if (!oci_image_read (layout, descriptor, &manifest, NULL, error)
      || !oci_layout_open_blob (layout, manifest->config, &config, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      g_auto (OciFd) layer = -1;
      if (!oci_layout_open_blob (layout, manifest->layers->pdata[i], &layer, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_blob (OciLayout *from, const OciDescriptor *blob, OciLayout *to, GError **error)
{
  g_auto (OciFd) fd = -1;
  uint64_t size = 0;
  if (oci_layout_has_blob (to, &blob->digest, &size) && size == blob->size)
    return TRUE;
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (to, error);
  if (writer == NULL || !oci_layout_open_blob (from, blob, &fd, error))
    return FALSE;
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    if (!oci_read_full (fd, buffer, COPY_BYTES, &got, error)
        || !oci_blob_writer_write (writer, buffer, got, error))
      return FALSE;
  return oci_blob_writer_finish (writer, &blob->digest, NULL, NULL, error);
}

gboolean
oci_image_copy (OciLayout *from, const OciDescriptor *descriptor, OciLayout *to, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  if (!oci_image_read (from, descriptor, &manifest, NULL, error)
      || !copy_blob (from, manifest->config, to, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!copy_blob (from, manifest->layers->pdata[i], to, error))
      return FALSE;
  return copy_blob (from, descriptor, to, error);
}
