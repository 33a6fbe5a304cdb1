#include "builder/sandbox/lambda-report.h"

#include "oci/base/json.h"

json_t *
terrane_lambda_body_to_json (GBytes *body)
{
  gsize len = 0;
  const char *bytes = body != NULL ? g_bytes_get_data (body, &len) : NULL;
  json_t *value = bytes != NULL ? json_loadb (bytes, len, JSON_DECODE_ANY, NULL) : NULL;
  if (value != NULL)
    return value;
  g_autofree char *text = g_strndup (bytes, len);
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
  const char *text = json_string_value (json_object_get (body, "errorMessage"));
  g_autofree char *type = oci_quote (result->error_type);
  g_string_append_printf (message, "the function failed with %s", type);
  terrane_append_indented (message, text != NULL ? text : "without a message");
  size_t i;
  json_t *frame;
  json_array_foreach (json_object_get (body, "stackTrace"), i, frame)
  {
    if (json_is_string (frame))
      terrane_append_indented (message, json_string_value (frame));
  }
}
