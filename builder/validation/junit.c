#include "builder/validation/junit.h"

#define REPLACEMENT 0xFFFD

/* XML 1.0 has no way to write most control characters. */
static gboolean
is_allowed (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF)
         || (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

static void
append_text (GString *xml, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (c == '&')
        g_string_append (xml, "&amp;");
      else if (c == '<')
        g_string_append (xml, "&lt;");
      else if (c == '>')
        g_string_append (xml, "&gt;");
      else if (c == '"')
        g_string_append (xml, "&quot;");
      else if (c == '\n' || c == '\r' || c == '\t')
        g_string_append_printf (xml, "&#%u;", c);
      else
        g_string_append_unichar (xml, is_allowed (c) ? c : REPLACEMENT);
    }
}

static void
append_attribute (GString *xml, const char *name, const char *value)
{
  g_string_append_printf (xml, " %s=\"", name);
  append_text (xml, value != NULL ? value : "");
  g_string_append_c (xml, '"');
}

/* In whole numbers, so that the locale does not matter. */
static void
append_seconds (GString *xml, json_int_t usecs)
{
  json_int_t ms = usecs / 1000;
  g_string_append_printf (xml, " time=\"%" JSON_INTEGER_FORMAT ".%03" JSON_INTEGER_FORMAT "\"",
                          ms / 1000, ms % 1000);
}

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static void
append_case (GString *xml, const json_t *result)
{
  const char *status = text_of (result, "status"), *message = text_of (result, "message");
  const char *explanation = text_of (result, "explanation"), *output = text_of (result, "output");
  g_string_append (xml, "    <testcase");
  append_attribute (xml, "classname", text_of (result, "kind"));
  append_attribute (xml, "name", text_of (result, "name"));
  append_seconds (xml, json_integer_value (json_object_get (result, "wall_usecs")));
  g_string_append (xml, ">\n");
  if (g_strcmp0 (status, "failed") == 0)
    {
      g_string_append (xml, "      <failure");
      append_attribute (xml, "message", message);
      append_attribute (xml, "type", "failed");
      g_string_append_c (xml, '>');
      append_text (xml, explanation != NULL ? explanation : message != NULL ? message : "");
      g_string_append (xml, "</failure>\n");
    }
  else if (g_strcmp0 (status, "skipped") == 0)
    {
      g_string_append (xml, "      <skipped");
      append_attribute (xml, "message", message);
      g_string_append (xml, "/>\n");
    }
  if (output != NULL && output[0] != '\0')
    {
      g_string_append (xml, "      <system-out>");
      append_text (xml, output);
      g_string_append (xml, "</system-out>\n");
    }
  g_string_append (xml, "    </testcase>\n");
}

char *
terrane_junit_format (const char *name, const json_t *results)
{
  GString *xml = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
  unsigned failed = 0, skipped = 0;
  json_int_t usecs = 0;
  size_t i;
  json_t *result;
  json_array_foreach ((json_t *) results, i, result)
  {
    failed += g_strcmp0 (text_of (result, "status"), "failed") == 0;
    skipped += g_strcmp0 (text_of (result, "status"), "skipped") == 0;
    usecs += json_integer_value (json_object_get (result, "wall_usecs"));
  }
  g_string_append (xml, "  <testsuite");
  append_attribute (xml, "name", name);
  g_string_append_printf (xml, " tests=\"%zu\" failures=\"%u\" errors=\"0\" skipped=\"%u\"",
                          json_array_size (results), failed, skipped);
  append_seconds (xml, usecs);
  g_string_append (xml, ">\n");
  json_array_foreach ((json_t *) results, i, result) append_case (xml, result);
  g_string_append (xml, "  </testsuite>\n</testsuites>\n");
  return g_string_free (xml, FALSE);
}
