#include "builder/validation/suite.h"

#include "oci/base/json.h"

#include <gio/gio.h>
#include <string.h>

#define RESOURCES "/terrane/suite/"

static const char *const suite_files[] = { "harness.py",  "imports.py", "probe.py",  "asked.py",
                                           "versions.py", "crs.py",     "raster.py", "vector.py",
                                           "numeric.py",  "network.py", "ranges.py", NULL };

/* Referenced here, or the linker would leave it out. */
extern GResource *terrane_suite_get_resource (void);
extern void terrane_suite_register_resource (void);

/* Registered on first use, since that needs GIO. */
static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      terrane_suite_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return terrane_suite_get_resource ();
}

GBytes *
terrane_suite_file (const char *name)
{
  g_autofree char *path = g_strconcat (RESOURCES, name, NULL);
  GBytes *content =
      g_resource_lookup_data (get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (content == NULL)
    g_error ("%s is not part of this program", path);
  return content;
}

OciDigest
terrane_suite_version (void)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  for (const char *const *name = suite_files; *name != NULL; name++)
    {
      g_autoptr (GBytes) content = terrane_suite_file (*name);
      gsize size;
      const guint8 *data = g_bytes_get_data (content, &size);
      g_byte_array_append (all, (const guint8 *) *name, (guint) strlen (*name) + 1);
      g_byte_array_append (all, data, (guint) size);
    }
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return oci_digest_of_bytes (bytes);
}

static json_t *
numbers_to_json (const double *numbers, size_t n)
{
  json_t *list = json_array ();
  for (size_t i = 0; i < n; i++)
    oci_json_append (list, json_real (numbers[i]));
  return list;
}

static json_t *
text_or_null (const char *text)
{
  return text != NULL ? oci_json_text (text) : json_null ();
}

json_t *
terrane_validation_asked_config (const TerraneValidateSpec *spec)
{
  json_t *config = json_object (), *drivers = json_array (), *codecs = json_array ();
  json_t *systems = json_array ();
  for (guint i = 0; i < spec->drivers->len; i++)
    {
      const TerraneDriverSpec *driver = spec->drivers->pdata[i];
      json_t *entry = json_object ();
      oci_json_set (entry, "name", oci_json_text (driver->name));
      oci_json_set (entry, "raster", json_boolean (driver->raster));
      oci_json_set (entry, "vector", json_boolean (driver->vector));
      oci_json_set (entry, "write", json_boolean (driver->write));
      oci_json_append (drivers, entry);
    }
  for (char **codec = spec->codecs; codec != NULL && *codec != NULL; codec++)
    oci_json_append (codecs, oci_json_text (*codec));
  for (guint i = 0; i < spec->crs->len; i++)
    {
      const TerraneCrsSpec *crs = spec->crs->pdata[i];
      json_t *entry = json_object ();
      oci_json_set (entry, "from", text_or_null (crs->from));
      oci_json_set (entry, "to", text_or_null (crs->to));
      oci_json_set (entry, "operation_code", text_or_null (crs->operation_code));
      oci_json_set (entry, "point", numbers_to_json (crs->point, crs->n_numbers));
      oci_json_set (entry, "expect", numbers_to_json (crs->expect, crs->n_numbers));
      oci_json_set (entry, "tolerance", json_real (crs->tolerance));
      oci_json_set (entry, "operation", text_or_null (crs->operation));
      oci_json_set (entry, "accuracy",
                    crs->has_accuracy ? json_real (crs->accuracy) : json_null ());
      oci_json_append (systems, entry);
    }
  oci_json_set (config, "drivers", drivers);
  oci_json_set (config, "codecs", codecs);
  oci_json_set (config, "crs", systems);
  return config;
}
