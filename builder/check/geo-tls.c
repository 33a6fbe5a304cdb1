/* Checks where https gets its certificates. */
#include "builder/check/geo-context.h"
#include "builder/geo/proj-search.h"

#include <string.h>

#define SYMPTOM "https reads fail with \"HTTP response code 0\""

typedef enum
{
  BUNDLE_NONE,
  BUNDLE_UNREADABLE,
  BUNDLE_USABLE,
} Bundle;

static Bundle
look_for (const TerraneGeoContext *self, const char *path)
{
  const TerraneNode *node = path != NULL ? terrane_tree_follow (self->view->tree, path) : NULL;
  if (node == NULL || node->type != OCI_ENTRY_FILE || node->size == 0)
    return BUNDLE_NONE;
  return terrane_geo_is_readable (self, node) ? BUNDLE_USABLE : BUNDLE_UNREADABLE;
}

/* Returns: whether a variable names certificates, valid or not */
static gboolean
check_variables (const TerraneGeoContext *self)
{
  /* The first two take precedence over the others, whatever they name (measured with GDAL
   * 3.6.2). */
  static const char *const names[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GDAL_CURL_CA_BUNDLE",
                                       "PROJ_CURL_CA_BUNDLE", NULL };
  gboolean said = FALSE;
  for (const char *const *name = names; *name != NULL; name++)
    {
      const char *value = terrane_geo_variable (self, *name);
      Bundle bundle = look_for (self, value);
      if (value == NULL)
        continue;
      said = said || strcmp (*name, "PROJ_CURL_CA_BUNDLE") != 0;
      if (bundle == BUNDLE_USABLE)
        continue;
      g_autofree char *quoted = oci_quote (value);
      g_autofree char *message =
          g_strdup_printf ("%s=%s %s; " SYMPTOM, *name, quoted,
                           bundle == BUNDLE_NONE ? "names no file of the image"
                                                 : "cannot be read by the function's user");
      terrane_geo_report (self, "geo.ca-bundle", TERRANE_SEVERITY_ERROR, NULL, message,
                          "unset it, or add the file: the package ca-certificates or certifi");
    }
  return said;
}

/* rasterio, fiona, pyogrio and pyproj make libcurl use certifi's at import, if it is installed. */
static gboolean
uses_certifi (const char *owner)
{
  static const char *const owners[] = { "rasterio", "fiona", "pyogrio", "pyproj", NULL };
  return g_strv_contains (owners, owner);
}

static gboolean
has_system_gdal (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (entry->facts->gdal != NULL && entry->package == NULL)
        return TRUE;
    }
  return FALSE;
}

static void
check_library (const TerraneGeoContext *self, const TerraneGeoEntry *entry)
{
  const char *owner = terrane_geo_entry_owner (entry);
  const char *compiled = entry->facts->ca_file;
  Bundle bundle = compiled != NULL ? look_for (self, compiled) : BUNDLE_USABLE;
  gboolean certifi = uses_certifi (owner);
  g_autofree char *site = certifi ? g_path_get_dirname (entry->package) : NULL;
  g_autofree char *path = certifi ? g_strconcat (site, "/certifi/cacert.pem", NULL) : NULL;
  Bundle shipped = look_for (self, path);
  if (shipped == BUNDLE_USABLE || (shipped == BUNDLE_NONE && bundle == BUNDLE_USABLE)
      || (!certifi && (owner[0] != '\0' || !has_system_gdal (self))))
    return;
  g_autofree char *who = terrane_geo_describe (self, entry, "libcurl", entry->facts->curl);
  g_autofree char *quoted = oci_quote (shipped == BUNDLE_UNREADABLE ? path : compiled);
  g_autofree char *message =
      g_strdup_printf ("%s takes its certificates from %s, which %s; " SYMPTOM, who, quoted,
                       shipped == BUNDLE_UNREADABLE || bundle == BUNDLE_UNREADABLE
                           ? "the function's user cannot read"
                           : "is not in the image");
  terrane_geo_report (self, "geo.ca-bundle",
                      shipped == BUNDLE_UNREADABLE ? TERRANE_SEVERITY_ERROR
                                                   : TERRANE_SEVERITY_WARNING,
                      entry->node, message,
                      certifi ? "install certifi beside it, readable by everybody"
                              : "add ca-certificates and set CURL_CA_BUNDLE to its file");
}

void
terrane_check_geo_tls (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  gboolean said = check_variables (self);
  for (guint i = 0; !said && i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (entry->facts->curl != NULL)
        check_library (self, entry);
    }
}
