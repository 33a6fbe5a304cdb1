#include "builder/validation/json-subset.h"

#include "oci/base/json.h"

#include <stdlib.h>

enum
{
  MAX_SHOWN_CHARS = 200,
};

/* Shortened, and quoted like all untrusted text. */
static char *
show (json_t *value)
{
  if (value == NULL)
    return g_strdup ("missing");
  char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_SORT_KEYS | oci_json_number_flags (value));
  g_autofree char *short_text = g_utf8_strlen (text, -1) > MAX_SHOWN_CHARS
                                    ? g_utf8_substring (text, 0, MAX_SHOWN_CHARS)
                                    : NULL;
  char *quoted = oci_quote (short_text != NULL ? short_text : text);
  free (text);
  return quoted;
}

static char *
difference (const GString *path, json_t *expect, json_t *value)
{
  g_autofree char *wanted = show (expect), *got = show (value);
  g_autofree char *where = oci_quote (path->str);
  return g_strdup_printf ("%s is %s, expected %s", path->len > 0 ? where : "the answer", got,
                          wanted);
}

static char *compare (GString *path, json_t *expect, json_t *value);

static char *
compare_members (GString *path, json_t *expect, json_t *value)
{
  const char *name;
  json_t *member;
  json_object_foreach (expect, name, member)
  {
    gsize len = path->len;
    g_string_append_printf (path, len > 0 ? ".%s" : "%s", name);
    char *found = compare (path, member, json_object_get (value, name));
    g_string_truncate (path, len);
    if (found != NULL)
      return found;
  }
  return NULL;
}

static char *
compare_elements (GString *path, json_t *expect, json_t *value)
{
  size_t i;
  json_t *element;
  json_array_foreach (expect, i, element)
  {
    gsize len = path->len;
    g_string_append_printf (path, "[%zu]", i);
    char *found = compare (path, element, json_array_get (value, i));
    g_string_truncate (path, len);
    if (found != NULL)
      return found;
  }
  return NULL;
}

/* The depth is that of @expect, which jansson limits. */
static char *
compare (GString *path, json_t *expect, json_t *value) /* NOLINT(misc-no-recursion) */
{
  if (json_is_object (expect) && json_is_object (value))
    return compare_members (path, expect, value);
  if (json_is_array (expect) && json_is_array (value)
      && json_array_size (expect) == json_array_size (value))
    return compare_elements (path, expect, value);
  if (json_is_integer (expect) && json_is_integer (value))
    return json_integer_value (expect) == json_integer_value (value)
               ? NULL
               : difference (path, expect, value);
  if (json_is_number (expect) && json_is_number (value)
      && json_number_value (expect) == json_number_value (value))
    return NULL;
  return value != NULL && json_equal (expect, value) ? NULL : difference (path, expect, value);
}

char *
terrane_json_subset (json_t *expect, json_t *value)
{
  g_autoptr (GString) path = g_string_new (NULL);
  return compare (path, expect, value);
}
