#include "oci/image-index.h"

#include "oci/image.h"

#include <string.h>

void
oci_image_index_free (OciImageIndex *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->manifests, g_ptr_array_unref);
  g_clear_pointer (&self->raw, g_bytes_unref);
  oci_descriptor_free (self->descriptor);
  g_free (self);
}

static json_t *
platform_to_json (const OciPlatform *platform)
{
  json_t *object = json_object ();
  oci_json_set (object, "architecture", oci_json_text (platform->architecture));
  oci_json_set (object, "os", oci_json_text (platform->os));
  if (platform->variant[0] != '\0')
    oci_json_set (object, "variant", oci_json_text (platform->variant));
  return object;
}

/* Keeps annotations that all images have: others do not apply to the index. */
static void
keep_common (json_t *common, const json_t *annotations)
{
  const char *name;
  json_t *value;
  void *next;
  json_object_foreach_safe (common, next, name, value)
  {
    const json_t *other = annotations != NULL ? json_object_get (annotations, name) : NULL;
    if (other == NULL || !json_equal (value, other))
      (void) json_object_del (common, name);
  }
}

static gboolean
add_image (OciImageIndex *self, OciLayout *layout, const OciDescriptor *image, json_t **common,
           GError **error)
{
  OciPlatform platform;
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (layout, image, &manifest, &config, error))
    return FALSE;
  if (!oci_image_config_platform (config, &platform))
    return oci_throw (error, OCI_ERROR_FORMAT, "an image of an index has no platform");
  OciDescriptor *entry = oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &image->digest, image->size);
  g_free (entry->media_type);
  entry->media_type = g_strdup (manifest->media_type);
  entry->platform = platform_to_json (&platform);
  g_ptr_array_add (self->manifests, entry);
  if (*common == NULL)
    *common =
        manifest->annotations != NULL ? json_deep_copy (manifest->annotations) : json_object ();
  else
    keep_common (*common, manifest->annotations);
  return TRUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  OciPlatform left = { 0 }, right = { 0 };
  (void) oci_platform_read ((*(OciDescriptor *const *) a)->platform, &left);
  (void) oci_platform_read ((*(OciDescriptor *const *) b)->platform, &right);
  g_autofree char *left_text = oci_platform_text (&left);
  g_autofree char *right_text = oci_platform_text (&right);
  return strcmp (left_text, right_text);
}

static GBytes *
dump (const OciImageIndex *self, json_t *annotations)
{
  g_autoptr (OciJsonValue) root = json_object ();
  json_t *list = json_array ();
  oci_json_set (root, "schemaVersion", json_integer (2));
  oci_json_set (root, "mediaType", oci_json_text (OCI_MEDIA_TYPE_INDEX));
  for (guint i = 0; i < self->manifests->len; i++)
    oci_json_append (list, oci_descriptor_to_json (self->manifests->pdata[i]));
  oci_json_set (root, "manifests", list);
  if (json_object_size (annotations) > 0)
    oci_json_set (root, "annotations", json_incref (annotations));
  return oci_json_dump (root);
}

OciImageIndex *
oci_image_index_new (OciLayout *layout, const GPtrArray *manifests, GError **error)
{
  g_autoptr (OciImageIndex) self = g_new0 (OciImageIndex, 1);
  g_autoptr (OciJsonValue) common = NULL;
  self->manifests = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  for (guint i = 0; i < manifests->len; i++)
    if (!add_image (self, layout, manifests->pdata[i], &common, error))
      return NULL;
  g_ptr_array_sort (self->manifests, compare);
  for (guint i = 1; i < self->manifests->len; i++)
    if (compare (&self->manifests->pdata[i - 1], &self->manifests->pdata[i]) == 0)
      {
        (void) oci_throw (error, OCI_ERROR_USAGE, "two images of an index are for one platform");
        return NULL;
      }
  self->raw = dump (self, common);
  OciDigest digest = oci_digest_of_bytes (self->raw);
  self->descriptor =
      oci_descriptor_new (OCI_MEDIA_TYPE_INDEX, &digest, g_bytes_get_size (self->raw));
  return g_steal_pointer (&self);
}

OciImageIndex *
oci_image_index_read (OciLayout *layout, const OciDescriptor *descriptor, GError **error)
{
  OciDigestText text;
  g_autoptr (OciImageIndex) self = g_new0 (OciImageIndex, 1);
  g_autofree char *name =
      g_strconcat ("image index ", oci_digest_text (&descriptor->digest, text), NULL);
  self->raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciIndex) index = self->raw != NULL ? oci_index_parse (name, self->raw, error) : NULL;
  if (index == NULL)
    return NULL;
  self->manifests = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *entry = index->manifests->pdata[i];
      const OciMediaType *type = oci_media_type_lookup (entry->media_type);
      if (type == NULL || type->kind != OCI_MEDIA_MANIFEST)
        {
          g_autofree char *quoted = oci_quote (entry->media_type);
          (void) oci_throw (error, OCI_ERROR_UNSUPPORTED,
                            "%s names a document of type %s, and not only images", name, quoted);
          return NULL;
        }
      g_ptr_array_add (self->manifests, oci_descriptor_copy (entry));
    }
  self->descriptor = oci_descriptor_copy (descriptor);
  return g_steal_pointer (&self);
}

gboolean
oci_image_index_copy (const OciImageIndex *self, OciLayout *from, OciLayout *to, GError **error)
{
  OciDigest digest;
  for (guint i = 0; i < self->manifests->len; i++)
    if (!oci_image_copy (from, self->manifests->pdata[i], to, error))
      return FALSE;
  return oci_layout_put_blob (to, self->raw, &digest, error);
}
