#include "oci/base/json.h"
#include "oci/base/text.h"

#include <string.h>

enum
{
  INDENT = 2,
  MAX_DEPTH = 12, /* deeper values are on one line, without much indentation */
};

/* Receives jansson's text of a value, in which only characters below U+0020 are escaped. */
static int
append_escaped (const char *buffer, size_t size, void *data)
{
  GString *text = data;
  const char *end = buffer + size;
  for (const char *p = buffer; p < end;)
    {
      gunichar c = g_utf8_get_char_validated (p, end - p);
      const char *next = p < end ? g_utf8_next_char (p) : end;
      if (c == (gunichar) -1 || c == (gunichar) -2 || next > end)
        {
          g_string_append_len (text, p, end - p); /* jansson never splits characters */
          break;
        }
      if (c >= 0x7F && oci_unichar_misleads (c))
        {
          if (c > 0xFFFF) /* RFC 8259, 7: two escapes, a surrogate pair */
            g_string_append_printf (text, "\\u%04x\\u%04x", 0xD7C0 + (c >> 10),
                                    0xDC00 + (c & 0x3FF));
          else
            g_string_append_printf (text, "\\u%04x", c);
        }
      else
        g_string_append_len (text, p, next - p);
      p = next;
    }
  return 0;
}

/* 0.1 instead of 0.10000000000000001. */
size_t
oci_json_number_flags (const json_t *value)
{
  size_t digits = 15; /* which every double has; 17 suffice for any */
  if (!json_is_real (value))
    return 0;
  for (; digits < 17; digits++)
    {
      char number[32];
      (void) g_snprintf (number, sizeof number, "%.*g", (int) digits, json_real_value (value));
      if (g_ascii_strtod (number, NULL) == json_real_value (value))
        break;
    }
  return JSON_REAL_PRECISION (digits);
}

static void
append_compact (GString *text, const json_t *value)
{
  const size_t flags = JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_COMPACT;
  if (json_dump_callback (value, append_escaped, text, flags | oci_json_number_flags (value)) < 0)
    g_error ("out of memory while writing JSON");
}

static void
append_line (GString *text, unsigned depth)
{
  g_string_append_printf (text, "\n%*s", (int) (INDENT * depth), "");
}

static void append_value (GString *text, const json_t *value, unsigned depth);

static int
compare_keys (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
append_object (GString *text, const json_t *object, unsigned depth)
{
  const char *key;
  json_t *value;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  json_object_foreach ((json_t *) object, key, value) g_ptr_array_add (keys, (gpointer) key);
  qsort (keys->pdata, keys->len, sizeof keys->pdata[0], compare_keys);
  for (guint i = 0; i < keys->len; i++)
    {
      g_autoptr (OciJsonValue) name = json_string_nocheck (keys->pdata[i]);
      g_string_append (text, i > 0 ? "," : "{");
      append_line (text, depth + 1);
      append_compact (text, name);
      g_string_append (text, ": ");
      append_value (text, json_object_get (object, keys->pdata[i]), depth + 1);
    }
  append_line (text, depth);
  g_string_append_c (text, '}');
}

static void
append_array (GString *text, const json_t *array, unsigned depth)
{
  size_t i;
  json_t *value;
  json_array_foreach ((json_t *) array, i, value)
  {
    g_string_append (text, i > 0 ? "," : "[");
    append_line (text, depth + 1);
    append_value (text, value, depth + 1);
  }
  append_line (text, depth);
  g_string_append_c (text, ']');
}

static void
append_value (GString *text, const json_t *value, unsigned depth)
{
  if (depth < MAX_DEPTH && json_object_size (value) > 0)
    append_object (text, value, depth);
  else if (depth < MAX_DEPTH && json_array_size (value) > 0)
    append_array (text, value, depth);
  else
    append_compact (text, value);
}

char *
oci_json_dump_pretty (const json_t *value)
{
  GString *text = g_string_new (NULL);
  append_value (text, value, 0);
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
}
