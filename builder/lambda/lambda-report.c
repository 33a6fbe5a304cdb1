#include "builder/lambda/lambda-report.h"

#include "oci/base/json.h"

#include <string.h>

/* Converts to a C string: replaces NUL and what is not UTF-8. */
static char *
replace_odd_bytes (const char *bytes, gsize len)
{
  GString *text = g_string_sized_new (len);
  for (gsize i = 0; i < len; i++)
    {
      gsize part = strnlen (bytes + i, len - i);
      g_autofree char *valid = g_utf8_make_valid (bytes + i, (gssize) part);
      g_string_append (text, valid);
      i += part;
      if (i < len)
        g_string_append (text, "\uFFFD");
    }
  return g_string_free (text, FALSE);
}

/* JSON has integers of any size, jansson 64-bit ones; a larger one makes all numbers fractions. */
static json_t *
load (const char *bytes, gsize len)
{
  const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
  json_t *value = json_loadb (bytes, len, flags, NULL);
  return value != NULL ? value : json_loadb (bytes, len, flags | JSON_DECODE_INT_AS_REAL, NULL);
}

json_t *
terrane_lambda_body_to_json (GBytes *body)
{
  gsize len = 0;
  const char *bytes = body != NULL ? g_bytes_get_data (body, &len) : NULL;
  if (len == 0)
    return oci_json_text ("");
  json_t *value = load (bytes, len);
  if (value != NULL)
    return value;
  g_autofree char *text = replace_odd_bytes (bytes, len);
  return oci_json_text (text);
}

void
terrane_append_indented (GString *message, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if ((*line)[0] != '\0')
      g_string_append_printf (message, "\n  %s", *line);
}

void
terrane_lambda_describe_error (const TerraneLambdaResult *result, GString *message)
{
  g_autoptr (OciJsonValue) body = terrane_lambda_body_to_json (result->body);
  const json_t *said = json_object_get (body, "errorMessage");
  g_autofree char *text = json_is_string (said) ? replace_odd_bytes (json_string_value (said),
                                                                     json_string_length (said))
                                                : NULL;
  g_autofree char *type = oci_quote (result->error_type);
  g_string_append_printf (message, "the function failed with %s", type);
  terrane_append_indented (message, text != NULL && text[0] != '\0' ? text : "without a message");
  size_t i;
  json_t *frame;
  json_array_foreach (json_object_get (body, "stackTrace"), i, frame)
  {
    if (json_is_string (frame))
      terrane_append_indented (message, json_string_value (frame));
  }
}
