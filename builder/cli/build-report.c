#include "builder/cli/build-report.h"

#include "builder/cli/build-explain.h"
#include "builder/cli/destination.h"
#include "builder/cli/table.h"
#include "builder/cli/terminal.h"
#include "builder/cli/validation-report.h"
#include "builder/cli/verify-compile.h"
#include "builder/cli/zip-output.h"
#include "builder/transform/report.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_WARNINGS = 5, /* ids with a first finding that is shown */
};

static void
print_layers (const TerraneImage *image)
{
  static const char *const headings[] = { "LAYER", "DIGEST", ">SIZE", "", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  uint64_t total = 0;
  for (guint i = 0; i < image->layers->len; i++)
    {
      const TerraneImageLayer *layer = image->layers->pdata[i];
      OciDigestText text;
      g_autofree char *digest = g_strndup (oci_digest_text (&layer->digest, text), 7 + 12);
      g_autofree char *size = oci_format_size (layer->size);
      const char *const cells[] = { layer->title != NULL ? layer->title : layer->name, digest, size,
                                    layer->stayed   ? "reused, not fetched"
                                    : layer->reused ? "reused"
                                                    : "new" };
      terrane_table_add (table, cells);
      total += layer->size;
    }
  g_autofree char *total_text = oci_format_size (total);
  const char *const last[] = { "total", "", total_text, "" };
  terrane_table_add (table, last);
  terrane_table_print (table);
}

/* "deps: prune 812 files, −45.1 MiB (…); strip …" */
static void
print_transforms (json_t *transforms)
{
  const char *name;
  json_t *reports, *report;
  size_t i;
  json_object_foreach (transforms, name, reports)
  {
    g_autoptr (GString) line = g_string_new (NULL);
    json_array_foreach (reports, i, report)
    {
      g_autofree char *text = terrane_transform_report_text (report);
      g_string_append_printf (line, "%s%s", i > 0 ? "; " : "", text);
    }
    terrane_print ("%s: %s\n", name, line->str);
  }
  if (json_object_size (transforms) > 0)
    terrane_print ("\n");
}

static void
print_validation (const TerraneBuild *build)
{
  terrane_validation_report_print (build->validation, TRUE);
  if (build->validation_cached)
    terrane_print ("(run before on exactly this file system)\n");
  if (build->validation_emulator != NULL)
    terrane_print ("(%s)\n", build->validation_emulator);
}

/* Prints the number of warnings for each id, and the first ones. */
static void
print_warnings (TerraneFindings *findings, const char *profile)
{
  const GPtrArray *list = terrane_findings_list (findings);
  guint total = terrane_findings_count (findings, TERRANE_SEVERITY_WARNING), shown = 0;
  const char *id = NULL;
  if (total == 0)
    return;
  terrane_print ("%u warning%s of checks; terrane check %s shows all:\n", total,
                 total == 1 ? "" : "s", profile);
  for (guint i = 0; i < list->len; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      if (finding->severity != TERRANE_SEVERITY_WARNING || g_strcmp0 (id, finding->id) == 0)
        continue;
      guint count = 0;
      id = finding->id;
      for (guint k = i; k < list->len; k++)
        count += ((TerraneFinding *) list->pdata[k])->severity == finding->severity
                 && strcmp (((TerraneFinding *) list->pdata[k])->id, id) == 0;
      if (shown++ < MAX_WARNINGS)
        {
          g_autofree char *path = g_strconcat ("/", finding->path, NULL);
          g_autofree char *quoted = finding->path != NULL ? oci_show (path) : NULL;
          g_autofree char *line = g_strndup (finding->message, strcspn (finding->message, "\n"));
          terrane_print ("  %s (%u): %s%s%s\n", id, count, quoted != NULL ? quoted : "",
                         quoted != NULL ? ": " : "", line);
        }
      else
        terrane_print ("  %s (%u)\n", id, count);
    }
  terrane_print ("\n");
}

/* @verified: (nullable): the differences were printed before, but this was not */
static void
print_verified (const json_t *verified)
{
  size_t i, compared = 0;
  json_t *recipe;
  const json_t *recipes = json_object_get (verified, "compiled");
  json_array_foreach (recipes, i, recipe) compared +=
      json_is_true (json_object_get (recipe, "compared"));
  if (recipes != NULL)
    terrane_print ("compiled again: %zu of %zu recipes compared, all equal\n", compared,
                   json_array_size (recipes));
  json_array_foreach (recipes, i, recipe)
  {
    g_autofree char *jobs = terrane_verify_compile_jobs (recipe);
    if (json_is_true (json_object_get (recipe, "compared")))
      terrane_print ("  %s: %s\n", json_string_value (json_object_get (recipe, "recipe")), jobs);
  }
  if (json_is_true (json_object_get (verified, "equal")))
    terrane_print ("verified: built again in an empty store, with the same digest\n");
}

void
terrane_build_report_print (const TerraneBuild *build, const char *profile, const json_t *record)
{
  OciDigestText text;
  if (build->explanation != NULL)
    terrane_build_explain_print (build->explanation);
  print_layers (build->image);
  terrane_print ("\n");
  print_warnings (build->image->findings, profile);
  print_transforms (build->transforms);
  if (build->validation != NULL)
    {
      print_validation (build);
      terrane_print ("\n");
    }
  if (build->validation_not_run != NULL)
    terrane_print ("validation: nothing was run: %s\n\n", build->validation_not_run);
  terrane_print ("%s  %s%s\n", build->name, oci_digest_text (&build->image->manifest->digest, text),
                 !build->image->unchanged    ? ""
                 : build->moved_from == NULL ? "  (unchanged)"
                                             : "  (built before)");
  if (build->image->unchanged && build->moved_from != NULL)
    terrane_print ("%s was %s\n", build->name, build->moved_from);
  print_verified (json_object_get (record, "verified"));
  terrane_zip_output_print (json_object_get (record, "lambda"));
  size_t i;
  json_t *push;
  json_array_foreach (json_object_get (record, "pushes"), i, push)
      terrane_destination_print_push (push);
}

/* Adds a row of a record: the digest, or what went wrong. */
static void
add_row (TerraneTable *table, const json_t *row)
{
  const json_t *record = json_object_get (row, "record");
  const char *digest = json_string_value (json_object_get (record, "digest"));
  const char *state = "built";
  g_autofree char *size = NULL;
  g_autofree char *short_digest = NULL;
  if (digest != NULL)
    size = oci_format_size ((uint64_t) json_integer_value (json_object_get (record, "size")));
  if (digest != NULL)
    short_digest = g_strndup (digest, strlen ("sha256:") + 12);
  if (!json_is_true (json_object_get (row, "passed")))
    state = "FAILED";
  else if (json_array_size (json_object_get (record, "pushes")) > 0)
    state = "pushed";
  else if (json_is_true (json_object_get (record, "unchanged")))
    state = json_object_get (record, "moved_from") == NULL ? "unchanged" : "built before";
  const char *const cells[] = { json_string_value (json_object_get (row, "profile")),
                                short_digest != NULL ? short_digest : "", size != NULL ? size : "",
                                state };
  terrane_table_add (table, cells);
}

void
terrane_build_report_print_summary (const json_t *rows)
{
  static const char *const headings[] = { "PROFILE", "DIGEST", ">SIZE", "", NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row) add_row (table, row);
  terrane_table_print (table);
}
