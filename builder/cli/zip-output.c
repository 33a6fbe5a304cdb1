#include "builder/cli/zip-output.h"

#include "builder/cli/table.h"
#include "builder/cli/terminal.h"
#include "builder/zip/zip.h"

#include "oci/base/number.h"

GPtrArray *
terrane_zip_output_requests (char **outputs, const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) requests =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_zip_request_free);
  for (char **output = outputs; output != NULL && *output != NULL; output++)
    if (terrane_zip_request_knows (*output))
      {
        TerraneZipRequest *request = terrane_zip_request_parse (*output, error);
        if (request == NULL)
          return NULL;
        g_ptr_array_add (requests, request);
      }
  OCI_PREFIX (error, "build: --output");
  return terrane_zip_requests_check (requests, profile, error) ? g_steal_pointer (&requests) : NULL;
}

gboolean
terrane_zip_output_write (const TerraneBuild *build, const TerraneProfile *profile,
                          const GPtrArray *requests, const TerraneWorkbench *bench, unsigned jobs,
                          json_t *record, GError **error)
{
  json_t *report = NULL;
  const TerraneZipBuild zips = { .store = bench->store,
                                 .profile = profile,
                                 .texts = &build->texts,
                                 .manifest = build->image->manifest,
                                 .base = &build->base,
                                 .trees = build->trees,
                                 .jobs = jobs,
                                 .progress = bench->progress };
  if (requests->len == 0)
    return TRUE;
  if (!terrane_zips_write (&zips, requests, &report, error))
    return FALSE;
  oci_json_set (record, "lambda", report);
  return TRUE;
}

static char *
format_bytes (const json_t *file, const char *member)
{
  return oci_format_size ((uint64_t) json_integer_value (json_object_get (file, member)));
}

void
terrane_zip_output_print (const json_t *report)
{
  static const char *const headings[] = { "ZIP", "", ">SIZE", ">UNPACKED", NULL };
  if (report == NULL)
    return;
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  size_t i;
  json_t *file, *value;
  json_array_foreach (json_object_get (report, "files"), i, file)
  {
    g_autofree char *size = format_bytes (file, "size");
    g_autofree char *unpacked = format_bytes (file, "unpacked_size");
    const char *const cells[] = { json_string_value (json_object_get (file, "file")),
                                  json_string_value (json_object_get (file, "kind")), size,
                                  unpacked };
    terrane_table_add (table, cells);
  }
  terrane_print ("\n");
  terrane_table_print (table);
  json_t *environment = json_object_get (report, "environment");
  const char *name;
  if (json_object_size (environment) > 0)
    terrane_print ("\nenvironment that the function needs:\n");
  json_object_foreach (environment, name, value)
      terrane_print ("  %s=%s\n", name, json_string_value (value));
}
