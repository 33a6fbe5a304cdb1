#include "builder/diff/documents.h"

#include <string.h>

enum
{
  MAX_ROWS = 1000, /* for untrusted documents; further differences are omitted */
  MAX_KEY = 4000,  /* bytes */
};

typedef struct
{
  json_t *rows;
  GString *key;
} Comparison;

static void
note (Comparison *self, const json_t *a, const json_t *b)
{
  if (json_array_size (self->rows) >= MAX_ROWS)
    return;
  json_t *row = json_object ();
  g_autofree char *key = g_strndup (self->key->str, MAX_KEY);
  oci_json_set (row, "key", oci_json_text (key));
  if (a != NULL)
    oci_json_set (row, "a", json_incref ((json_t *) a));
  if (b != NULL)
    oci_json_set (row, "b", json_incref ((json_t *) b));
  oci_json_append (self->rows, row);
}

static void compare (Comparison *self, const json_t *a, const json_t *b);

static void
compare_member (Comparison *self, const json_t *a, const json_t *b, const char *name)
{
  gsize len = self->key->len;
  g_string_append_printf (self->key, "%s%s", len > 0 ? "." : "", name);
  compare (self, json_object_get (a, name), json_object_get (b, name));
  g_string_truncate (self->key, len);
}

static void
compare_objects (Comparison *self, const json_t *a, const json_t *b)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *) a, name, value) compare_member (self, a, b, name);
  json_object_foreach ((json_t *) b, name, value) if (json_object_get (a, name) == NULL)
      compare_member (self, a, b, name);
}

static void
compare_arrays (Comparison *self, const json_t *a, const json_t *b)
{
  gsize len = self->key->len;
  size_t count = MAX (json_array_size (a), json_array_size (b));
  for (size_t i = 0; i < count; i++)
    {
      g_string_append_printf (self->key, "[%zu]", i);
      compare (self, json_array_get (a, i), json_array_get (b, i));
      g_string_truncate (self->key, len);
    }
}

/* Returns: (transfer full) (nullable): "NAME=VALUE" strings by name; %NULL if they do not have this
 * form, or if a name occurs twice */
static json_t *
variables (const json_t *array)
{
  size_t i;
  json_t *item;
  g_autoptr (OciJsonValue) object = json_object ();
  if (!json_is_array (array))
    return NULL;
  json_array_foreach (array, i, item)
  {
    const char *text = json_string_value (item);
    const char *sign = text != NULL ? strchr (text, '=') : NULL;
    if (sign == NULL)
      return NULL;
    g_autofree char *name = g_strndup (text, (gsize) (sign - text));
    if (json_object_get (object, name) != NULL)
      return NULL;
    oci_json_set (object, name, oci_json_text (sign + 1));
  }
  return g_steal_pointer (&object);
}

static gboolean
compare_variables (Comparison *self, const json_t *a, const json_t *b)
{
  g_autoptr (OciJsonValue) left = variables (a), right = variables (b);
  if (!g_str_has_suffix (self->key->str, ".Env") || left == NULL || right == NULL)
    return FALSE;
  size_t before = json_array_size (self->rows);
  compare_objects (self, left, right);
  if (json_array_size (self->rows) == before) /* the same in another order */
    note (self, a, b);
  return TRUE;
}

static void
compare (Comparison *self, const json_t *a, const json_t *b)
{
  if (a != NULL && b != NULL && json_equal (a, b))
    return;
  if (json_is_object (a) && json_is_object (b))
    compare_objects (self, a, b);
  else if (json_is_array (a) && json_is_array (b))
    {
      if (!compare_variables (self, a, b))
        compare_arrays (self, a, b);
    }
  else
    note (self, a, b);
}

json_t *
terrane_diff_documents (const json_t *a, const json_t *b)
{
  g_autoptr (GString) key = g_string_new (NULL);
  Comparison comparison = { .rows = json_array (), .key = key };
  compare (&comparison, a, b);
  return comparison.rows;
}
