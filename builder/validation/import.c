#include "builder/validation/cold.h"
#include "builder/validation/report.h"
#include "builder/validation/run-private.h"

#include "oci/base/json.h"

#include <string.h>

enum
{
  WARM_RUNS = 5,
};

/* Packages whose libraries are known to conflict, depending on which is first. */
static const char *const clashes[][2] = {
  { "sqlite3", "osgeo.gdal" }, { "sqlite3", "rasterio" }, { "osgeo.gdal", "rasterio" },
  { "rasterio", "fiona" },     { "rasterio", "pyogrio" }, { "pyproj", "rasterio" },
  { "fiona", "pyogrio" },      { "shapely", "rasterio" }, { "shapely", "fiona" },
};

gboolean
terrane_run_is_module_name (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  if (parts[0] == NULL || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (char **part = parts; *part != NULL; part++)
    {
      if (**part == '\0' || g_ascii_isdigit (**part))
        return FALSE;
      for (const char *p = *part; *p != '\0'; p = g_utf8_next_char (p))
        if (*p != '_' && !g_unichar_isalnum (g_utf8_get_char (p)))
          return FALSE;
    }
  return TRUE;
}

static json_t *
module_config (const char *const *modules)
{
  json_t *config = json_object (), *list = json_array ();
  for (; *modules != NULL; modules++)
    oci_json_append (list, oci_json_text (*modules));
  oci_json_set (config, "modules", list);
  return config;
}

/* Imports modules in that order in one fresh process. @costs: also reports the share of each.
 * @out_usecs: of the imports alone */
static gboolean
import_once (const TerraneRun *self, const char *const *modules, gboolean costs,
             TerraneResult *result, uint64_t *out_usecs, GError **error)
{
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  json_t *config = module_config (modules);
  oci_json_set (config, "costs", json_boolean (costs));
  if (!terrane_run_group (self, "imports", config, NULL, "import", &report, &process, error))
    return FALSE;
  TerraneResult *import = report.results->len > 0 ? report.results->pdata[0] : NULL;
  *out_usecs = import != NULL ? import->process.wall_usecs : 0;
  char *end = terrane_run_describe_end (self, &process, 0);
  if (end == NULL && (import == NULL || !report.ended))
    end = g_strdup ("the process ended before it was through");
  if (end != NULL)
    terrane_result_fail (result, end);
  else if (import != NULL && import->status == TERRANE_RESULT_FAILED)
    terrane_result_fail (result, g_strdup (import->message));
  if (result->process.output == NULL || result->status == TERRANE_RESULT_FAILED)
    {
      g_free (result->process.output);
      uint64_t peak = result->process.peak_rss_bytes;
      result->process = process;
      result->process.peak_rss_bytes = MAX (peak, process.peak_rss_bytes);
      result->process.output = g_strdup (report.rest);
      result->process.read_bytes = import != NULL ? import->process.read_bytes : 0;
      result->process.major_faults = import != NULL ? import->process.major_faults : 0;
      json_decref (result->facts);
      result->facts = import != NULL ? json_incref (import->facts) : NULL;
    }
  result->process.peak_rss_bytes = MAX (result->process.peak_rss_bytes, process.peak_rss_bytes);
  return TRUE;
}

/* The first run fills the page cache; those after it are measured, and one with an empty cache,
 * which also measures modules and files separately. */
static gboolean
measure_import (const TerraneRun *self, const char *const *modules, TerraneResult *result,
                GError **error)
{
  uint64_t usecs = 0;
  result->warm_usecs = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  for (unsigned i = 0; i < WARM_RUNS && result->status == TERRANE_RESULT_PASSED; i++)
    {
      if (!import_once (self, modules, FALSE, result, &usecs, error))
        return FALSE;
      g_array_append_val (result->warm_usecs, usecs);
    }
  if (result->status != TERRANE_RESULT_PASSED)
    return TRUE;
  gboolean is_cold = terrane_cold_drop (self->explain.root);
  TerraneResult *last = terrane_result_new ("import", result->name);
  gboolean ok = import_once (self, modules, TRUE, last, &usecs, error);
  if (ok && last->status == TERRANE_RESULT_PASSED)
    {
      result->modules = terrane_report_modules (last->facts);
      if (is_cold)
        {
          result->cold_usecs = usecs;
          result->cold_read_bytes = last->process.read_bytes;
          result->cold_major_faults = last->process.major_faults;
          result->cold_files = terrane_cold_files (self->explain.root);
        }
    }
  terrane_result_free (last);
  return ok;
}

static gboolean
run_import (TerraneRun *self, const char *kind, const char *name, const char *const *modules,
            gboolean measure, GError **error)
{
  uint64_t usecs;
  TerraneResult *result = terrane_result_new (kind, name);
  g_ptr_array_add (self->results, result);
  terrane_run_started (self, kind, name);
  if (!import_once (self, modules, FALSE, result, &usecs, error)
      || (measure && result->status == TERRANE_RESULT_PASSED
          && !measure_import (self, modules, result, error)))
    return FALSE;
  terrane_run_explain (self, result);
  const TerraneLimitsSpec *limits = self->validation->limits;
  uint64_t median = result->warm_usecs != NULL ? terrane_results_median (result->warm_usecs) : 0;
  if (limits->import_time_ms > 0
      && median > limits->import_time_ms * 1000 * terrane_run_slowdown (self))
    terrane_result_fail (
        result, g_strdup_printf ("takes %" G_GUINT64_FORMAT " ms (median of %d), more than "
                                 "limits.import_time, %" G_GUINT64_FORMAT " ms",
                                 median / 1000, WARM_RUNS, limits->import_time_ms));
  return TRUE;
}

static gboolean
has_import (const GPtrArray *passed, const char *module)
{
  size_t len = strcspn (module, ".");
  for (guint i = 0; i < passed->len; i++)
    {
      const char *name = passed->pdata[i];
      if (strncmp (name, module, len) == 0 && (name[len] == '\0' || name[len] == '.'))
        return TRUE;
    }
  return FALSE;
}

static gboolean
run_orders (TerraneRun *self, const GPtrArray *present, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (clashes); i++)
    {
      if (!has_import (present, clashes[i][0]) || !has_import (present, clashes[i][1]))
        continue;
      for (size_t first = 0; first < 2; first++)
        {
          const char *modules[] = { clashes[i][first], clashes[i][1 - first], NULL };
          g_autofree char *name = g_strconcat (modules[0], " before ", modules[1], NULL);
          if (!run_import (self, "order", name, modules, FALSE, error))
            return FALSE;
        }
    }
  return TRUE;
}

/* Finds which of the known packages are installed, for the orders that the suite tries. */
static gboolean
probe (TerraneRun *self, GPtrArray *present, GError **error)
{
  static const char *const known[] = { "osgeo.gdal", "rasterio", "fiona",   "pyogrio",
                                       "pyproj",     "shapely",  "sqlite3", NULL };
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  if (!terrane_run_group (self, "probe", module_config (known), NULL, "suite", &report, &process,
                          error))
    return FALSE;
  for (guint i = 0; i < report.results->len; i++)
    {
      const TerraneResult *result = report.results->pdata[i];
      if (result->status == TERRANE_RESULT_PASSED && !has_import (present, result->name))
        g_ptr_array_add (present, g_strdup (result->name));
    }
  return TRUE;
}

gboolean
terrane_run_imports (TerraneRun *self, GError **error)
{
  g_autoptr (GPtrArray) passed = g_ptr_array_new_with_free_func (g_free);
  for (char **name = self->validation->spec->imports; name != NULL && *name != NULL; name++)
    {
      const char *const modules[] = { *name, NULL };
      if (!run_import (self, "import", *name, modules, self->validation->measure, error))
        return FALSE;
      const TerraneResult *result = self->results->pdata[self->results->len - 1];
      if (result->status == TERRANE_RESULT_PASSED)
        g_ptr_array_add (passed, g_strdup (*name));
    }
  if (passed->len > 1)
    {
      g_autofree char *name = g_strdup_printf ("%u modules", passed->len);
      g_autoptr (GPtrArray) modules = g_ptr_array_new ();
      for (guint i = 0; i < passed->len; i++)
        g_ptr_array_add (modules, passed->pdata[i]);
      g_ptr_array_add (modules, NULL);
      if (!run_import (self, "together", name, (const char *const *) modules->pdata, FALSE, error))
        return FALSE;
    }
  if (self->validation->spec->suite_geo && self->python != NULL && !probe (self, passed, error))
    return FALSE;
  return run_orders (self, passed, error);
}
