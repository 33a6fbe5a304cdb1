#include "builder/cli/diff-print.h"

#include "builder/cli/terminal.h"

#include "oci/base/error.h"
#include "oci/base/number.h"

#include <string.h>
#include <unistd.h>

enum
{
  MAX_LINES = 20, /* of a section */
  MAX_NAMES = 3,  /* in one line */
  MAX_VALUE = 60, /* bytes of a value, beyond which it is cut */
};

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static json_int_t
number_of (const json_t *object, const char *key)
{
  return json_integer_value (json_object_get (object, key));
}

/* Returns a value of a document in one word, or "-" if it is missing. */
static char *
value_text (const json_t *value)
{
  if (value == NULL)
    return g_strdup ("-");
  g_autofree char *dump = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY);
  g_autofree char *harmless = terrane_harmless_line (dump != NULL ? dump : "");
  if (strlen (harmless) <= MAX_VALUE)
    return g_steal_pointer (&harmless);
  const char *end = g_utf8_find_prev_char (harmless, harmless + MAX_VALUE);
  g_autofree char *start = g_strndup (harmless, (gsize) (end - harmless));
  return g_strconcat (start, "…", NULL);
}

static char *
byte_text (const json_t *value)
{
  return value == NULL ? g_strdup ("the end")
                       : g_strdup_printf ("0x%02x", (unsigned) json_integer_value (value) & 0xFF);
}

static char *
layer_cause_text (const json_t *cause)
{
  const char *attribute = text_of (cause, "attribute"), *path = text_of (cause, "path");
  const json_t *a = json_object_get (cause, "a"), *b = json_object_get (cause, "b");
  gboolean is_bytes = json_object_get (cause, "offset") != NULL;
  g_autofree char *tree = oci_show (text_of (cause, "tree"));
  g_autofree char *quoted = path != NULL ? oci_show (path) : NULL;
  g_autofree char *left = is_bytes ? byte_text (a) : value_text (a);
  g_autofree char *right = is_bytes ? byte_text (b) : value_text (b);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, "layer %" JSON_INTEGER_FORMAT ", %s: ", number_of (cause, "layer"),
                          tree);
  if (quoted != NULL)
    g_string_append_printf (text, "%s: ", quoted);
  if (strcmp (attribute, "present") == 0 || strcmp (attribute, "layer") == 0)
    g_string_append_printf (text, "only in %s", json_is_true (a) ? "A" : "B");
  else if (is_bytes)
    g_string_append_printf (text, "%s, byte %" JSON_INTEGER_FORMAT ": %s → %s",
                            strcmp (attribute, "compression") == 0
                                ? "equal tars that are compressed in different ways"
                                : attribute,
                            number_of (cause, "offset"), left, right);
  else
    g_string_append_printf (text, "%s %s → %s", attribute, left, right);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
spelling_text (const json_t *cause, const char *kind)
{
  g_autofree char *a = byte_text (json_object_get (cause, "a"));
  g_autofree char *b = byte_text (json_object_get (cause, "b"));
  return g_strdup_printf ("%s: the same in other bytes, byte %" JSON_INTEGER_FORMAT ": %s → %s",
                          kind, number_of (cause, "offset"), a, b);
}

char *
terrane_diff_cause_text (const json_t *cause)
{
  const char *kind = text_of (cause, "kind"), *key = text_of (cause, "key");
  if (strcmp (kind, "layer") == 0)
    return layer_cause_text (cause);
  if (key[0] == '\0')
    return spelling_text (cause, kind);
  g_autofree char *harmless = terrane_harmless_line (key);
  g_autofree char *a = value_text (json_object_get (cause, "a"));
  g_autofree char *b = value_text (json_object_get (cause, "b"));
  return g_strdup_printf ("%s: %s: %s → %s", kind, harmless, a, b);
}

/* Prints lines, cut at the width of the terminal. */
static void
print_lines (const char *text)
{
  guint width = terrane_columns (STDOUT_FILENO);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL && (line[1] != NULL || **line != '\0'); line++)
    {
      g_autofree char *harmless = terrane_harmless_line (g_strchomp (*line));
      g_autofree char *cut = width > 0 ? terrane_text_cut (harmless, width) : g_strdup (harmless);
      terrane_print ("%s\n", cut);
    }
}

static char *
signed_size (json_int_t bytes)
{
  g_autofree char *size = oci_format_size ((uint64_t) (bytes < 0 ? -bytes : bytes));
  return bytes == 0 ? g_strdup ("=") : g_strconcat (bytes < 0 ? "-" : "+", size, NULL);
}

static void
add_more (GString *out, size_t shown, size_t all)
{
  if (shown < all)
    g_string_append_printf (out, "  … and %zu more; --json has all\n", all - shown);
}

static void
add_causes (GString *out, const json_t *document)
{
  size_t i;
  json_t *cause;
  g_string_append (out, "\nfirst difference\n");
  json_array_foreach (json_object_get (document, "causes"), i, cause)
  {
    g_autofree char *text = terrane_diff_cause_text (cause);
    g_string_append_printf (out, "  %s\n", text);
  }
}

static void
add_packages (GString *out, const json_t *rows)
{
  size_t i;
  json_t *row;
  if (json_array_size (rows) == 0)
    return;
  g_string_append (out, "\npackages\n");
  json_array_foreach (rows, i, row)
  {
    const char *a = text_of (row, "a"), *b = text_of (row, "b");
    g_autofree char *name = terrane_harmless_line (text_of (row, "name"));
    g_autofree char *left = terrane_harmless_line (a != NULL ? a : "-");
    g_autofree char *right = terrane_harmless_line (b != NULL ? b : "-");
    g_autofree char *size = signed_size (number_of (row, "bytes"));
    gboolean same = strcmp (text_of (row, "change"), "files") == 0;
    if (i >= MAX_LINES)
      break;
    g_string_append_printf (out, "  %-28s %10s  %s%s%s  %s, %" JSON_INTEGER_FORMAT " file%s\n",
                            name, size, left, same ? "" : " → ", same ? "" : right,
                            text_of (row, "kind"), number_of (row, "files"),
                            number_of (row, "files") == 1 ? "" : "s");
  }
  add_more (out, MIN (i, MAX_LINES), json_array_size (rows));
}

static char *
optional_size (const json_t *row, const char *key)
{
  const json_t *value = json_object_get (row, key);
  return value != NULL ? oci_format_size ((uint64_t) json_integer_value (value)) : g_strdup ("-");
}

/* The layers of a tree that has several. */
static void
add_parts (GString *out, const json_t *rows)
{
  size_t i, k;
  json_t *row, *package;
  json_array_foreach (rows, i, row)
  {
    g_autoptr (GString) title = g_string_new (NULL);
    const json_t *packages = json_object_get (row, "packages");
    json_array_foreach (packages, k, package)
    {
      if (k < MAX_NAMES)
        g_string_append_printf (title, "%s%s", k > 0 ? ", " : "", json_string_value (package));
    }
    if (json_array_size (packages) > MAX_NAMES)
      g_string_append_printf (title, " + %zu", json_array_size (packages) - MAX_NAMES);
    g_autofree char *name = terrane_harmless_line (packages != NULL ? title->str : "all packages");
    g_autofree char *a = optional_size (row, "a"), *b = optional_size (row, "b");
    g_string_append_printf (out, "    %-18s %10s %10s%s\n", name, a, b,
                            json_is_true (json_object_get (row, "equal")) ? "             equal"
                                                                          : "");
  }
}

static void
add_trees (GString *out, const json_t *rows)
{
  size_t i;
  json_t *row;
  g_string_append_printf (out, "\n%-22s %10s %10s %10s  %s\n", "tree", "A", "B", "unpacked",
                          "files");
  json_array_foreach (rows, i, row)
  {
    g_autofree char *name = terrane_harmless_line (text_of (row, "tree"));
    g_autofree char *a = optional_size (row, "a"), *b = optional_size (row, "b");
    g_autofree char *bytes = signed_size (number_of (row, "bytes"));
    g_string_append_printf (out, "  %-20s %10s %10s %10s", name, a, b, bytes);
    if (json_is_true (json_object_get (row, "equal")))
      g_string_append (out, "  equal\n");
    else
      g_string_append_printf (
          out, "  +%" JSON_INTEGER_FORMAT " -%" JSON_INTEGER_FORMAT " ~%" JSON_INTEGER_FORMAT "\n",
          number_of (row, "added"), number_of (row, "removed"), number_of (row, "changed"));
    add_parts (out, json_object_get (row, "layers"));
  }
}

static void
add_keys (GString *out, const char *title, const json_t *rows)
{
  size_t i;
  json_t *row;
  if (json_array_size (rows) == 0)
    return;
  g_string_append_printf (out, "\n%s\n", title);
  json_array_foreach (rows, i, row)
  {
    if (i >= MAX_LINES)
      break;
    g_autofree char *key = terrane_harmless_line (text_of (row, "key"));
    g_autofree char *a = value_text (json_object_get (row, "a"));
    g_autofree char *b = value_text (json_object_get (row, "b"));
    g_string_append_printf (out, "  %s: %s → %s\n", key, a, b);
  }
  add_more (out, MIN (i, MAX_LINES), json_array_size (rows));
}

static json_int_t
file_weight (const json_t *row)
{
  return number_of (json_object_get (row, "b"), "size")
         - number_of (json_object_get (row, "a"), "size");
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  const json_t *left = *(const json_t *const *) a, *right = *(const json_t *const *) b;
  json_int_t m = ABS (file_weight (left)), n = ABS (file_weight (right));
  return m != n ? (m < n ? 1 : -1) : strcmp (text_of (left, "path"), text_of (right, "path"));
}

static void
add_file (GString *out, const json_t *row)
{
  const char *change = text_of (row, "change");
  g_autofree char *path = oci_show (text_of (row, "path"));
  g_autofree char *size = signed_size (file_weight (row));
  g_string_append_printf (out, "  %s %10s  %s",
                          strcmp (change, "added") == 0     ? "+"
                          : strcmp (change, "removed") == 0 ? "-"
                                                            : "~",
                          size, path);
  size_t i;
  json_t *word;
  json_array_foreach (json_object_get (row, "attributes"), i, word)
      g_string_append_printf (out, "%s%s", i > 0 ? ", " : ": ", json_string_value (word));
  g_string_append_c (out, '\n');
}

/* Whether the version of the file's package changed: then the file itself is not worth a line. */
static gboolean
is_told (const json_t *packages, const json_t *row)
{
  size_t i;
  json_t *package;
  const char *name = text_of (row, "package");
  if (name == NULL)
    return FALSE;
  json_array_foreach (packages, i,
                      package) if (strcmp (text_of (package, "change"), "files") != 0
                                   && strcmp (text_of (package, "name"), name) == 0) return TRUE;
  return FALSE;
}

static void
add_files (GString *out, const json_t *document)
{
  size_t i;
  json_t *row;
  const json_t *all = json_object_get (document, "files");
  const json_t *packages = json_object_get (document, "packages");
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();
  json_array_foreach (all, i, row) if (!is_told (packages, row)) g_ptr_array_add (rows, row);
  if (rows->len == 0)
    return;
  g_ptr_array_sort (rows, compare_files);
  g_string_append (out, "\nfiles\n");
  for (i = 0; i < rows->len && i < MAX_LINES; i++)
    add_file (out, rows->pdata[i]);
  add_more (out, i, rows->len);
}

static void
add_names (GString *out, const char *title, const json_t *names)
{
  for (size_t i = 0; i < MAX_NAMES && i < json_array_size (names); i++)
    {
      g_autofree char *name = terrane_harmless_line (json_string_value (json_array_get (names, i)));
      g_string_append_printf (out, "%s%s", i == 0 ? title : ", ", name);
    }
  if (json_array_size (names) > MAX_NAMES)
    g_string_append (out, ", …");
}

static void
add_library (GString *out, const json_t *row)
{
  const json_t *a = json_object_get (row, "a"), *b = json_object_get (row, "b");
  const json_t *added = json_object_get (row, "added");
  const json_t *removed = json_object_get (row, "removed");
  const char *left = text_of (a, "soname"), *right = text_of (b, "soname");
  g_autofree char *path = oci_show (text_of (b != NULL ? b : a, "path"));
  g_autofree char *old = terrane_harmless_line (a == NULL      ? "-"
                                                : left != NULL ? left
                                                               : "no SONAME");
  g_autofree char *new = terrane_harmless_line (b == NULL       ? "-"
                                                : right != NULL ? right
                                                                : "no SONAME");
  g_string_append_printf (out, "  %s: %s%s%s, +%zu -%zu", path, old,
                          strcmp (old, new) == 0 ? "" : " → ", strcmp (old, new) == 0 ? "" : new,
                          json_array_size (added), json_array_size (removed));
  if (a != NULL && b != NULL) /* otherwise all of them */
    {
      add_names (out, "; gone: ", removed);
      add_names (out, "; new: ", added);
    }
  g_string_append_c (out, '\n');
}

static void
add_symbols (GString *out, const json_t *rows)
{
  size_t i;
  json_t *row;
  if (rows == NULL)
    return;
  g_string_append (out, "\nlibraries: exported symbols\n");
  json_array_foreach (rows, i, row)
  {
    if (i >= MAX_LINES)
      break;
    add_library (out, row);
  }
  add_more (out, MIN (i, MAX_LINES), json_array_size (rows));
  if (json_array_size (rows) == 0)
    g_string_append (out, "  none\n");
}

static void
add_findings (GString *out, const char *sign, const json_t *rows)
{
  size_t i;
  json_t *row;
  json_array_foreach (rows, i, row)
  {
    if (i >= MAX_LINES)
      break;
    g_autofree char *message = terrane_harmless_line (text_of (row, "message"));
    g_string_append_printf (out, "  %s %s %s: %s\n", sign, text_of (row, "severity"),
                            text_of (row, "id"), message);
  }
  add_more (out, MIN (i, MAX_LINES), json_array_size (rows));
}

static void
add_image (GString *out, const char *letter, const json_t *image)
{
  g_autofree char *name = terrane_harmless_line (text_of (image, "name"));
  g_autofree char *size = oci_format_size ((uint64_t) number_of (image, "size"));
  g_autofree char *platform = terrane_harmless_line (text_of (image, "platform"));
  g_string_append_printf (out, "%s  %s  %.19s  %s  %s\n", letter, name, text_of (image, "digest"),
                          size, platform);
}

void
terrane_diff_print (const json_t *document)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const json_t *findings = json_object_get (document, "findings");
  if (json_is_true (json_object_get (document, "equal")))
    {
      terrane_print ("equal: %s\n", text_of (json_object_get (document, "a"), "digest"));
      return;
    }
  add_image (out, "A", json_object_get (document, "a"));
  add_image (out, "B", json_object_get (document, "b"));
  add_causes (out, document);
  if (findings != NULL)
    {
      g_string_append (out, "\nfindings that came (+) and went (-)\n");
      add_findings (out, "+", json_object_get (findings, "came"));
      add_findings (out, "-", json_object_get (findings, "went"));
      if (json_array_size (json_object_get (findings, "came"))
              + json_array_size (json_object_get (findings, "went"))
          == 0)
        g_string_append (out, "  none\n");
    }
  add_packages (out, json_object_get (document, "packages"));
  add_trees (out, json_object_get (document, "trees"));
  add_keys (out, "configuration", json_object_get (document, "config"));
  add_keys (out, "manifest", json_object_get (document, "manifest"));
  add_symbols (out, json_object_get (document, "symbols"));
  add_files (out, document);
  print_lines (out->str);
}
