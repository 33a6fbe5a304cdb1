#include "builder/store/locations.h"

#include "builder/store/cache.h"

#include "oci/image.h"

#include <string.h>

enum
{
  MAX_LOCATIONS = 4,
};

char **
terrane_locations_get (TerraneStore *store, const OciDigest *blob)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_LOCATIONS, blob);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  size_t i;
  json_t *value;
  json_array_foreach (json_object_get (entry, "repositories"), i, value) if (json_is_string (value))
      g_strv_builder_add (builder, json_string_value (value));
  return g_strv_builder_end (builder);
}

gboolean
terrane_locations_add (TerraneStore *store, const OciDigest *blob, const char *host,
                       const char *repository, GError **error)
{
  g_auto (GStrv) before = terrane_locations_get (store, blob);
  g_autofree char *location = g_strconcat (host, "/", repository, NULL);
  if (before[0] != NULL && strcmp (before[0], location) == 0)
    return TRUE;
  g_autoptr (OciJsonValue) entry = json_object ();
  json_t *list = json_array ();
  oci_json_set (entry, "repositories", list);
  oci_json_append (list, oci_json_text (location));
  for (char **other = before; *other != NULL && json_array_size (list) < MAX_LOCATIONS; other++)
    if (strcmp (*other, location) != 0)
      oci_json_append (list, oci_json_text (*other));
  return terrane_cache_put (store, TERRANE_CACHE_LOCATIONS, blob, entry, error);
}

void
terrane_locations_forget (TerraneStore *store, const OciDigest *blob)
{
  g_autoptr (OciJsonValue) nothing = json_object ();
  (void) terrane_cache_put (store, TERRANE_CACHE_LOCATIONS, blob, nothing, NULL); /* a hint */
}

gboolean
terrane_locations_check_image (TerraneStore *store, const OciDescriptor *manifest, GError **error)
{
  OciLayout *layout = terrane_store_layout (store);
  g_autoptr (OciManifest) document = NULL;
  g_auto (OciFd) config = -1;
  if (!oci_image_read (layout, manifest, &document, NULL, error)
      || !oci_layout_open_blob (layout, document->config, &config, error))
    return FALSE;
  for (guint i = 0; i < document->layers->len; i++)
    {
      const OciDescriptor *layer = document->layers->pdata[i];
      g_auto (OciFd) fd = -1;
      g_auto (GStrv) elsewhere = NULL;
      gboolean found = FALSE;
      if (!oci_layout_find_blob (layout, &layer->digest, &found, NULL, error))
        return FALSE;
      if (!found)
        elsewhere = terrane_locations_get (store, &layer->digest);
      if ((elsewhere == NULL || elsewhere[0] == NULL)
          && !oci_layout_open_blob (layout, layer, &fd, error))
        return FALSE;
    }
  return TRUE;
}
