#include "builder/cli/verify-compile.h"

#include "builder/cli/terminal.h"
#include "builder/diff/compiled.h"
#include "builder/error.h"
#include "builder/image/source-tree.h"

#include <string.h>

enum
{
  MAX_LINES = 40,
};

static gboolean
find (const TerraneVerifyBuild *self, size_t index, OciDigest *out_commit, gboolean *out_found,
      GError **error)
{
  OciDigest key;
  const char *hex =
      json_string_value (json_object_get (json_array_get (self->build->compiled, index), "key"));
  *out_found = FALSE;
  return hex == NULL || !oci_digest_parse_hex (hex, &key, NULL)
         || terrane_source_tree_find_commit (self->store, &key, out_commit, out_found, error);
}

/* "/opt/lib/libz.so: content, section .text" */
static char *
describe (const json_t *file)
{
  const json_t *offset = json_object_get (file, "offset");
  const char *section = json_string_value (json_object_get (file, "section"));
  g_autofree char *path = oci_quote (json_string_value (json_object_get (file, "path")));
  g_autoptr (GString) text = g_string_new (path);
  g_string_append_printf (text, ": %s", json_string_value (json_object_get (file, "attribute")));
  if (section != NULL)
    {
      g_autofree char *quoted = oci_quote (section);
      g_string_append_printf (text, ", section %s", quoted);
    }
  if (offset != NULL)
    g_string_append_printf (text, ", byte %" JSON_INTEGER_FORMAT, json_integer_value (offset));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
print_files (const char *recipe, const json_t *files)
{
  size_t i;
  json_t *file;
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
    if (json_array_size (files) == 0)
      continue;
    if (print)
      print_files (title, files);
    if (first == NULL)
      {
        g_autofree char *text = describe (json_array_get (files, 0));
        first = g_strdup_printf ("%s: %s", title, text);
      }
  }
  if (first == NULL)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_DIFFERENT,
               "%s: compiled again, a recipe gives other files: %s", path, first);
  return FALSE;
}
