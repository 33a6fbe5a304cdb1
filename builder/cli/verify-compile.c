#include "builder/cli/verify-compile.h"

#include "builder/cli/terminal.h"
#include "builder/diff/compiled.h"
#include "builder/error.h"
#include "builder/image/compile-job.h"
#include "builder/image/source-tree.h"

#include <string.h>

enum
{
  MAX_LINES = 40,
};

static gboolean
find_key (const TerraneVerifyBuild *self, size_t index, OciDigest *out_key)
{
  const char *hex =
      json_string_value (json_object_get (json_array_get (self->build->compiled, index), "key"));
  return hex != NULL && oci_digest_parse_hex (hex, out_key, NULL);
}

static gboolean
find (const TerraneVerifyBuild *self, size_t index, OciDigest *out_commit, gboolean *out_found,
      GError **error)
{
  OciDigest key;
  *out_found = FALSE;
  return !find_key (self, index, &key)
         || terrane_source_tree_find_commit (self->store, &key, out_commit, out_found, error);
}

/* JOBS of each step. A result of another machine has none. */
static void
add_jobs (const TerraneVerifyBuild *self, size_t index, const char *name, json_t *jobs)
{
  OciDigest key;
  json_t *note = find_key (self, index, &key)
                     ? terrane_source_tree_note (self->store, &key, TERRANE_COMPILE_JOBS)
                     : NULL;
  if (note != NULL)
    oci_json_set (jobs, name, note);
}

/* "2", or "2, 1" if steps had different ones */
static char *
jobs_text (const json_t *jobs)
{
  size_t i;
  json_t *value;
  json_int_t last = 0;
  g_autoptr (GString) text = g_string_new (NULL);
  json_array_foreach ((json_t *) jobs, i, value)
  {
    if (json_integer_value (value) != last)
      g_string_append_printf (text, "%s%" JSON_INTEGER_FORMAT, text->len > 0 ? ", " : "",
                              json_integer_value (value));
    last = json_integer_value (value);
  }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE)
                       : g_strdup ("an unknown number");
}

char *
terrane_verify_compile_jobs (const json_t *row)
{
  const json_t *jobs = json_object_get (row, "jobs");
  g_autofree char *first = jobs_text (json_object_get (jobs, "first"));
  g_autofree char *second = jobs_text (json_object_get (jobs, "second"));
  return g_strdup_printf ("JOBS was %s, then %s", first, second);
}

/* @value: (nullable): of a link it is foreign */
static void
append_value (GString *text, const char *before, const json_t *value)
{
  g_autofree char *shown =
      json_is_string (value) ? oci_show (json_string_value (value)) : g_strdup ("nothing");
  g_string_append_printf (text, "%s%s", before, shown);
}

/* Where the content of a file differs. */
static void
append_place (GString *text, const json_t *file)
{
  const char *section = json_string_value (json_object_get (file, "section"));
  const json_t *offset = json_object_get (file, "offset");
  const json_t *inside = json_object_get (file, "section_offset");
  size_t others = json_array_size (json_object_get (file, "sections"));
  if (section == NULL && offset != NULL)
    g_string_append_printf (text, ", byte %" JSON_INTEGER_FORMAT, json_integer_value (offset));
  if (section == NULL)
    return;
  g_autofree char *quoted = oci_quote (section);
  g_string_append_printf (text, ", section %s", quoted);
  if (inside != NULL)
    g_string_append_printf (text, ", byte %" JSON_INTEGER_FORMAT " of it",
                            json_integer_value (inside));
  if (others > 1)
    g_string_append_printf (text, " (and %zu other section%s)", others - 1, others > 2 ? "s" : "");
}

/* "/opt/lib/libz.so: content, section .text, byte 12 of it" */
static char *
describe (const json_t *file)
{
  const json_t *from = json_object_get (file, "from"), *to = json_object_get (file, "to");
  const char *only_in = json_string_value (json_object_get (file, "only_in"));
  g_autofree char *path = oci_quote (json_string_value (json_object_get (file, "path")));
  g_autoptr (GString) text = g_string_new (path);
  if (only_in != NULL)
    g_string_append_printf (text, ": only the %s compilation has it", only_in);
  else
    g_string_append_printf (text, ": %s", json_string_value (json_object_get (file, "attribute")));
  if (from != NULL || to != NULL)
    {
      append_value (text, " ", from);
      append_value (text, " → ", to);
    }
  append_place (text, file);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_files (const json_t *row)
{
  size_t i;
  json_t *file;
  const char *recipe = json_string_value (json_object_get (row, "recipe"));
  const json_t *files = json_object_get (row, "files");
  g_autofree char *jobs = terrane_verify_compile_jobs (row);
  terrane_print ("%s: %zu path%s differ%s\n", recipe, json_array_size (files),
                 json_array_size (files) == 1 ? "" : "s", json_array_size (files) == 1 ? "s" : "");
  json_array_foreach (files, i, file)
  {
    if (i == MAX_LINES)
      {
        terrane_print ("  … and %zu more; --json has all\n", json_array_size (files) - i);
        break;
      }
    g_autofree char *text = describe (file);
    terrane_print ("  %s\n", text);
  }
  terrane_print ("  %s\n", jobs);
}

/* Compares one recipe. A result that only a cache had, or that is not kept, cannot be compared.
 * @files: (out) (transfer full) (nullable) */
static gboolean
compare (const TerraneVerifyBuild *a, const TerraneVerifyBuild *b, size_t index, json_t **out_files,
         GError **error)
{
  OciDigest left, right;
  gboolean has_left = FALSE, has_right = FALSE;
  if (!find (a, index, &left, &has_left, error) || !find (b, index, &right, &has_right, error))
    return FALSE;
  if (!has_left || !has_right)
    return TRUE;
  const TerraneDiffRoot root_a = { .store = a->store, .commit = &left };
  const TerraneDiffRoot root_b = { .store = b->store, .commit = &right };
  *out_files = oci_digest_equal (&left, &right) ? json_array ()
                                                : terrane_diff_compiled (&root_a, &root_b, error);
  return *out_files != NULL;
}

gboolean
terrane_verify_compile (const TerraneVerifyBuild *a, const TerraneVerifyBuild *b, const char *path,
                        gboolean print, json_t *verified, GError **error)
{
  size_t i;
  json_t *recipe;
  g_autofree char *first = NULL;
  json_t *rows = json_array ();
  oci_json_set (verified, "compiled", rows);
  json_array_foreach (a->build->compiled, i, recipe)
  {
    json_t *files = NULL, *row = json_object ();
    const char *title = json_string_value (json_object_get (recipe, "recipe"));
    oci_json_append (rows, row);
    oci_json_set (row, "recipe", oci_json_text (title));
    if (!compare (a, b, i, &files, error))
      return FALSE;
    oci_json_set (row, "compared", json_boolean (files != NULL));
    if (files == NULL)
      continue;
    oci_json_set (row, "files", files);
    json_t *jobs = json_object ();
    oci_json_set (row, "jobs", jobs);
    add_jobs (a, i, "first", jobs);
    add_jobs (b, i, "second", jobs);
    if (json_array_size (files) == 0)
      continue;
    if (print)
      print_files (row);
    if (first == NULL)
      {
        g_autofree char *text = describe (json_array_get (files, 0));
        first = g_strdup_printf ("%s: %s", title, text);
      }
  }
  if (first == NULL)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_DIFFERENT,
               "%s: compiled again, a recipe gives other files: %s; look in its steps for what "
               "depends on JOBS, the time, random numbers, or the order of files in a directory",
               path, first);
  return FALSE;
}
