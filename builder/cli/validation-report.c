#include "builder/cli/validation-report.h"

#include "builder/cli/table.h"
#include "builder/validation/junit.h"

#include "oci/base/number.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

static uint64_t
number_of (const json_t *object, const char *key)
{
  json_int_t number = json_integer_value (json_object_get (object, key));
  return number > 0 ? (uint64_t) number : 0;
}

/* For a measured import the median, and the first start. */
static char *
format_time (const json_t *result, gboolean brief)
{
  const json_t *import = json_object_get (result, "import");
  if (import == NULL)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " ms", number_of (result, "wall_usecs") / 1000);
  g_autofree char *cold = NULL;
  if (!brief && number_of (import, "cold_usecs") > 0)
    cold = g_strdup_printf (", cold %" G_GUINT64_FORMAT, number_of (import, "cold_usecs") / 1000);
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%s ms",
                          number_of (import, "warm_median_usecs") / 1000, cold != NULL ? cold : "");
}

static void
add_row (TerraneTable *table, const json_t *result, gboolean brief)
{
  const char *status = json_string_value (json_object_get (result, "status"));
  const char *message = json_string_value (json_object_get (result, "message"));
  gboolean skipped = g_strcmp0 (status, "skipped") == 0;
  g_autofree char *name =
      g_strdup_printf ("%s %s", json_string_value (json_object_get (result, "kind")),
                       json_string_value (json_object_get (result, "name")));
  g_autofree char *time = format_time (result, brief);
  g_autofree char *memory = oci_format_size (number_of (result, "peak_rss_bytes"));
  g_autofree char *read = oci_format_size (number_of (result, "read_bytes"));
  gboolean measured = json_object_get (result, "read_bytes") != NULL; /* probes have none */
  const char *word = skipped ? "skipped" : g_strcmp0 (status, "failed") == 0 ? "FAILED" : "passed";
  const char *const cells[] = { name,
                                word,
                                skipped ? "" : time,
                                skipped ? "" : memory,
                                skipped || !measured ? "" : read,
                                skipped && message != NULL ? message : "" };
  terrane_table_add (table, cells);
  if (g_strcmp0 (status, "failed") == 0)
    terrane_table_color (table, 1, TERRANE_COLOR_FAILURE);
}

/* For many operations that did not fail, a number is enough. */
static void
add_summary (TerraneTable *table, const char *kind, unsigned passed, unsigned skipped)
{
  g_autofree char *name = g_strdup_printf ("%s: %u passed, %u skipped", kind, passed, skipped);
  const char *const cells[] = { name, "", "", "", "", "" };
  if (passed + skipped > 0)
    terrane_table_add (table, cells);
}

void
terrane_validation_report_print (const json_t *results, gboolean brief)
{
  static const char *const headings[] = { "VALIDATION", "", ">TIME", ">PEAK MEMORY",
                                          ">READ",      "", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  unsigned orders = 0, passed = 0, skipped = 0;
  size_t i;
  json_t *result;
  json_array_foreach ((json_t *) results, i, result)
  {
    const char *kind = json_string_value (json_object_get (result, "kind"));
    const char *status = json_string_value (json_object_get (result, "status"));
    gboolean is_order = g_strcmp0 (kind, "order") == 0;
    gboolean many = is_order || g_strcmp0 (kind, "suite") == 0;
    if (!brief || !many || g_strcmp0 (status, "failed") == 0)
      add_row (table, result, brief);
    else if (g_strcmp0 (status, "skipped") == 0)
      skipped++;
    else
      *(is_order ? &orders : &passed) += 1;
  }
  add_summary (table, "orders", orders, 0);
  add_summary (table, "suite", passed, skipped);
  terrane_table_print (table);
}

gboolean
terrane_validation_report_write_junit (const char *path, const char *name, const json_t *results,
                                       GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *file = g_path_get_basename (path);
  g_autofree char *text = terrane_junit_format (name, results);
  OCI_PREFIX (error, "--junit %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_check_replaceable (directory, file, error)
         && oci_replace_file_synced (directory, file, 0644, text, strlen (text), error);
}
