#include "builder/validation/report.h"

#include "oci/base/json.h"

#include <string.h>

enum
{
  MAX_MODULES = 10,
  MAX_NAME = 200,
};

#define MAX_USECS (UINT64_C (3600) * 1000 * 1000)

void
terrane_report_clear (TerraneReport *self)
{
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_clear_pointer (&self->begun, g_free);
  g_clear_pointer (&self->rest, g_free);
}

static uint64_t
number_of (const json_t *object, const char *key, uint64_t max)
{
  const json_t *value = json_object_get (object, key);
  json_int_t number = json_integer_value (value);
  return number > 0 ? MIN ((uint64_t) number, max) : 0;
}

static gboolean
is_name (const char *name)
{
  if (name == NULL || name[0] == '\0' || strlen (name) > MAX_NAME)
    return FALSE;
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

static gboolean
read_status (const json_t *object, TerraneResultStatus *out_status)
{
  static const char *const words[] = { "passed", "failed", "skipped" };
  const char *status = json_string_value (json_object_get (object, "status"));
  for (size_t i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (status, words[i]) == 0)
      {
        *out_status = (TerraneResultStatus) i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
take_result (const json_t *object, const char *kind, TerraneReport *report)
{
  const char *name = json_string_value (json_object_get (object, "name"));
  TerraneResultStatus status;
  if (!is_name (name) || !read_status (object, &status)
      || report->results->len >= TERRANE_REPORT_MAX_RESULTS)
    return FALSE;
  TerraneResult *result = terrane_result_new (kind, name);
  g_ptr_array_add (report->results, result);
  result->status = status;
  result->message = g_strdup (json_string_value (json_object_get (object, "message")));
  result->process.wall_usecs = number_of (object, "usecs", MAX_USECS);
  result->process.peak_rss_bytes = number_of (object, "peak_rss_bytes", G_MAXINT64);
  result->process.read_bytes = number_of (object, "read_bytes", G_MAXINT64);
  result->process.major_faults = number_of (object, "major_faults", G_MAXINT64);
  result->facts = json_incref ((json_t *) object);
  if (status == TERRANE_RESULT_FAILED && result->message == NULL)
    result->message = g_strdup ("it does not say why");
  g_clear_pointer (&report->begun, g_free);
  return TRUE;
}

static gboolean
take_line (const char *line, const char *kind, TerraneReport *report)
{
  size_t len = strlen (line);
  if (len > TERRANE_REPORT_MAX_LINE)
    return FALSE;
  g_autoptr (OciJsonValue) object = json_loadb (line, len, JSON_REJECT_DUPLICATES, NULL);
  const char *begun = json_string_value (json_object_get (object, "begin"));
  if (is_name (begun))
    {
      g_free (report->begun);
      report->begun = g_strdup (begun);
      return TRUE;
    }
  if (json_is_true (json_object_get (object, "end")))
    {
      report->ended = TRUE;
      return TRUE;
    }
  return json_is_object (object) && take_result (object, kind, report);
}

void
terrane_report_parse (const char *output, const char *token, const char *kind,
                      TerraneReport *out_report)
{
  g_autoptr (GString) rest = g_string_new (NULL);
  *out_report = (TerraneReport){ .results = g_ptr_array_new_with_free_func (terrane_result_free) };
  for (const char *line = output; line != NULL && *line != '\0';)
    {
      const char *end = strchr (line, '\n');
      size_t len = end != NULL ? (size_t) (end - line) : strlen (line);
      g_autofree char *text = g_strndup (line, len);
      gboolean ours =
          g_str_has_prefix (text, token) && take_line (text + strlen (token), kind, out_report);
      if (!ours && len > 0)
        g_string_append_printf (rest, "%s\n", text);
      line = end != NULL ? end + 1 : NULL;
    }
  out_report->rest = g_string_free (g_steal_pointer (&rest), FALSE);
}

json_t *
terrane_report_modules (const json_t *facts)
{
  json_t *modules = json_array ();
  size_t i;
  const json_t *one;
  json_array_foreach (json_object_get (facts, "modules"), i, one)
  {
    const char *name = json_string_value (json_object_get (one, "name"));
    if (!is_name (name) || json_array_size (modules) >= MAX_MODULES)
      continue;
    uint64_t own = number_of (one, "self_usecs", MAX_USECS);
    uint64_t total = number_of (one, "total_usecs", MAX_USECS);
    json_t *module = json_object ();
    oci_json_set (module, "name", oci_json_text (name));
    oci_json_set (module, "self_usecs", json_integer ((json_int_t) own));
    oci_json_set (module, "total_usecs", json_integer ((json_int_t) total));
    oci_json_append (modules, module);
  }
  return modules;
}
