#include "oci/base/json.h"
#include "oci/base/json-fault.h"
#include "oci/base/suggest.h"

#include <stdlib.h>
#include <string.h>

enum
{
  MAX_PROBLEMS = 50,
  MAX_WORD = 64,
};

struct _OciJsonDocument
{
  char *name;
  json_t *root;
  OciError code;
  GPtrArray *problems;  /* owned strings */
  GHashTable *silenced; /* of json_t */
  OciJsonWhereFunc where;
  gpointer where_data;
};

OciJsonDocument *
oci_json_document_new (const char *name, json_t *root, OciError code, OciJson *out_root)
{
  OciJsonDocument *self = g_new0 (OciJsonDocument, 1);
  self->name = g_strdup (name);
  self->root = root;
  self->code = code;
  self->problems = g_ptr_array_new_with_free_func (g_free);
  self->silenced = g_hash_table_new (NULL, NULL);
  *out_root = (OciJson){ .document = self, .value = root };
  return self;
}

OciJsonDocument *
oci_json_parse (const char *name, GBytes *data, OciError code, OciJson *out_root, GError **error)
{
  size_t size = 0;
  const char *text = g_bytes_get_data (data, &size);
  json_error_t parse_error = { .line = 0 };
  json_t *root = NULL;
  if (size > 0 && memchr (text, '\0', size) == NULL) /* jansson skips some of them */
    root = json_loadb (text, size, JSON_REJECT_DUPLICATES, &parse_error);
  if (root == NULL)
    {
      gboolean ours = code == OCI_ERROR_USAGE;
      g_autofree char *fault =
          oci_json_describe_fault (size > 0 ? text : "", size, &parse_error, ours);
      oci_throw (error, ours ? code : OCI_ERROR_FORMAT, "%s:%s", name, fault);
      return NULL;
    }
  return oci_json_document_new (name, root, code, out_root);
}

void
oci_json_document_set_where (OciJsonDocument *self, OciJsonWhereFunc where, gpointer data)
{
  self->where = where;
  self->where_data = data;
}

void
oci_json_silence (const OciJson *at)
{
  g_hash_table_add (at->document->silenced, (gpointer) at->value);
}

void
oci_json_document_free (OciJsonDocument *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  json_decref (self->root);
  g_ptr_array_unref (self->problems);
  g_hash_table_unref (self->silenced);
  g_free (self);
}

/* Keys are untrusted, too; only unusual ones are quoted and escaped. */
static char *
printable_key (const char *key)
{
  size_t len = strlen (key);
  gboolean plain = len > 0 && len <= MAX_WORD;
  for (const char *p = key; plain && *p != '\0'; p++)
    plain = g_ascii_isgraph (*p);
  return plain ? g_strdup (key) : oci_quote (key);
}

static void
append_path (GString *path, const OciJson *at)
{
  if (at->parent == NULL)
    return;
  append_path (path, at->parent);
  g_autofree char *key = at->key != NULL ? printable_key (at->key) : NULL;
  if (key != NULL)
    g_string_append_printf (path, "%s%s", path->len > 0 ? "." : "", key);
  else
    g_string_append_printf (path, "[%zu]", at->index);
}

char *
oci_json_path (const OciJson *at)
{
  GString *path = g_string_new (NULL);
  append_path (path, at);
  return g_string_free (path, FALSE);
}

static char *
where_is (const OciJson *at)
{
  const OciJsonDocument *document = at->document;
  if (document->where != NULL)
    return document->where (at, document->where_data);
  g_autofree char *path = oci_json_path (at);
  return path[0] != '\0' ? g_strconcat (document->name, ": ", path, NULL)
                         : g_strdup (document->name);
}

void
oci_json_problem (const OciJson *at, const char *format, ...)
{
  GPtrArray *problems = at->document->problems;
  if (problems->len >= MAX_PROBLEMS
      || (at->value != NULL && g_hash_table_contains (at->document->silenced, at->value)))
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *where = where_is (at);
  g_ptr_array_add (problems, g_strconcat (where, ": ", message, NULL));
}

gboolean
oci_json_document_finish (OciJsonDocument *self, GError **error)
{
  if (self->problems->len == 0)
    return TRUE;
  g_ptr_array_add (self->problems, NULL);
  g_autofree char *all = g_strjoinv ("\n", (char **) self->problems->pdata);
  g_ptr_array_set_size (self->problems, (int) self->problems->len - 1);
  return oci_throw (error, self->code, "%s", all);
}

static const char *
type_name (const json_t *value)
{
  switch (json_typeof (value))
    {
    case JSON_OBJECT:
      return "an object";
    case JSON_ARRAY:
      return "an array";
    case JSON_STRING:
      return "a string";
    case JSON_INTEGER:
      return "an integer";
    case JSON_REAL:
      return "a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
      return "a boolean";
    case JSON_NULL:
    default:
      return "null";
    }
}

static gboolean
wrong_type (const OciJson *at, const char *expected)
{
  if (at->value != NULL)
    oci_json_problem (at, "expected %s, got %s", expected, type_name (at->value));
  return FALSE;
}

static void
note_unknown_key (const OciJson *at, const char *key, const char *const *known)
{
  OciJson member = { .document = at->document, .parent = at, .key = key };
  g_autofree char *all = g_strjoinv (", ", (char **) known);
  g_autofree char *hint = oci_did_you_mean (key, known);
  if (hint[0] != '\0')
    oci_json_problem (&member, "unknown key%s", hint);
  else
    oci_json_problem (&member, "unknown key; known here: %s", all);
}

gboolean
oci_json_object (const OciJson *at, const char *const *known)
{
  if (!json_is_object (at->value))
    return wrong_type (at, "an object");
  if (known == NULL)
    return TRUE;

  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) at->value, key, value)
  {
    (void) value;
    if (!g_strv_contains (known, key))
      note_unknown_key (at, key, known);
  }
  return TRUE;
}

gboolean
oci_json_member (const OciJson *at, const char *key, OciJson *out_member)
{
  json_t *value = json_object_get (at->value, key);
  if (json_is_null (value))
    value = NULL;
  *out_member = (OciJson){ .document = at->document, .parent = at, .value = value, .key = key };
  return value != NULL;
}

gboolean
oci_json_require (const OciJson *at, const char *key, OciJson *out_member)
{
  if (oci_json_member (at, key, out_member))
    return TRUE;
  if (at->value != NULL)
    oci_json_problem (at, "‘%s’ is missing", key);
  return FALSE;
}

gboolean
oci_json_array (const OciJson *at, size_t max_elements, size_t *out_length)
{
  if (!json_is_array (at->value))
    return wrong_type (at, "an array");
  size_t length = json_array_size (at->value);
  if (length > max_elements)
    {
      oci_json_problem (at, "has %zu elements, at most %zu are allowed", length, max_elements);
      return FALSE;
    }
  *out_length = length;
  return TRUE;
}

void
oci_json_element (const OciJson *array, size_t index, OciJson *out_element)
{
  *out_element = (OciJson){ .document = array->document,
                            .parent = array,
                            .value = json_array_get (array->value, index),
                            .index = index };
}

gboolean
oci_json_string (const OciJson *at, const char **out_borrowed)
{
  if (!json_is_string (at->value))
    return wrong_type (at, "a string");
  *out_borrowed = json_string_value (at->value);
  return TRUE;
}

gboolean
oci_json_bool (const OciJson *at, gboolean *out_value)
{
  if (!json_is_boolean (at->value))
    return wrong_type (at, "true or false");
  *out_value = json_is_true (at->value);
  return TRUE;
}

gboolean
oci_json_int (const OciJson *at, int64_t min, int64_t max, int64_t *out_value)
{
  if (!json_is_integer (at->value))
    return wrong_type (at, "an integer");
  int64_t value = json_integer_value (at->value);
  if (value < min || value > max)
    {
      oci_json_problem (
          at, "%" G_GINT64_FORMAT " is not between %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
          value, min, max);
      return FALSE;
    }
  *out_value = value;
  return TRUE;
}

gboolean
oci_json_number (const OciJson *at, double *out_value)
{
  if (!json_is_number (at->value))
    return wrong_type (at, "a number");
  *out_value = json_number_value (at->value);
  return TRUE;
}

gboolean
oci_json_strv (const OciJson *at, size_t max_elements, char ***out_strv)
{
  size_t length = 0;
  if (json_is_string (at->value) && at->document->code == OCI_ERROR_USAGE)
    {
      oci_json_problem (at, "expected an array, got a string; put it in brackets: [\"…\"]");
      return FALSE;
    }
  if (!oci_json_array (at, max_elements, &length))
    return FALSE;
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      const char *text = NULL;
      oci_json_element (at, i, &element);
      if (!oci_json_string (&element, &text))
        return FALSE;
      g_ptr_array_add (strings, g_strdup (text));
    }
  g_ptr_array_add (strings, NULL);
  *out_strv = (char **) g_ptr_array_steal (strings, NULL);
  return TRUE;
}

gboolean
oci_json_word (const OciJson *at, const char *const *words, unsigned *out_index)
{
  const char *text = NULL;
  if (!oci_json_string (at, &text))
    return FALSE;
  for (unsigned i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], text) == 0)
      {
        *out_index = i;
        return TRUE;
      }
  g_autofree char *quoted = oci_quote (text);
  g_autofree char *all = g_strjoinv (", ", (char **) words);
  g_autofree char *hint = oci_did_you_mean (text, words);
  oci_json_problem (at, "%s is not one of %s%s", quoted, all, hint);
  return FALSE;
}

GBytes *
oci_json_dump (const json_t *value)
{
  char *text = json_dumps (value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  if (text == NULL)
    g_error ("out of memory while writing JSON");
  return g_bytes_new_with_free_func (text, strlen (text), free, text);
}

void
oci_json_set (json_t *object, const char *key, json_t *value)
{
  if (json_object_set_new (object, key, value) < 0)
    g_error ("out of memory or invalid UTF-8 while building JSON member %s", key);
}

void
oci_json_append (json_t *array, json_t *value)
{
  if (json_array_append_new (array, value) < 0)
    g_error ("out of memory while building a JSON array");
}

json_t *
oci_json_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  return json_string (valid);
}

json_t *
oci_json_texts (const char *const *texts)
{
  json_t *array = json_array ();
  for (; *texts != NULL; texts++)
    oci_json_append (array, oci_json_text (*texts));
  return array;
}

void
oci_json_set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL)
    oci_json_set (object, key, oci_json_text (text));
}

char *
oci_json_dup_text (const json_t *object, const char *key)
{
  return g_strdup (json_string_value (json_object_get (object, key)));
}
