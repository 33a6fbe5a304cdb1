#include "builder/explain/explanation.h"

void
terrane_reasons_say (json_t *reasons, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  oci_json_append (reasons, oci_json_text (text));
}

gboolean
terrane_reasons_exist (const json_t *reasons)
{
  return json_array_size (reasons) > 0;
}

void
terrane_reasons_extend (json_t *reasons, json_t *more)
{
  if (json_array_extend (reasons, more) < 0)
    g_error ("out of memory while building JSON");
  json_decref (more);
}

json_t *
terrane_explanation_add_step (TerraneExplanation *self, const char *step, const char *name,
                              const char *result, gboolean open, json_t *reasons)
{
  json_t *row = json_object ();
  oci_json_set (row, "step", oci_json_text (step));
  if (name != NULL)
    oci_json_set_text (row, "name", name);
  oci_json_set (row, "result", oci_json_text (result));
  oci_json_set (row, "certain", json_boolean (!open));
  oci_json_set (row, "reasons", reasons);
  oci_json_append (self->steps, row);
  return row;
}

gboolean
terrane_explanation_tool_changed (const TerraneExplanation *self, const char *const *tools)
{
  const json_t *old = json_object_get (self->before, "tools");
  const json_t *now = json_object_get (self->after, "tools");
  for (; *tools != NULL; tools++)
    if (!json_equal (json_object_get (old, *tools), json_object_get (now, *tools)))
      return TRUE;
  return FALSE;
}

gboolean
terrane_explanation_is_same (const json_t *before, const json_t *after, const char *member)
{
  const json_t *old = json_object_get (before, member), *now = json_object_get (after, member);
  return old != NULL && now != NULL && json_equal ((json_t *) old, (json_t *) now);
}

void
terrane_explanation_add_division (const TerraneExplanation *self, const char *tree, json_t *reasons)
{
  size_t i;
  json_t *cause;
  for (unsigned of_lock = 0; of_lock < 2; of_lock++)
    json_array_foreach (self->causes, i, cause)
    {
      const char *name = json_string_value (json_object_get (cause, "name"));
      if (terrane_cause_is (cause, TERRANE_CAUSE_LAYERS) && (name != NULL) == (of_lock == 1)
          && (name == NULL || tree == NULL || g_str_equal (name, tree)))
        oci_json_append (reasons, json_incref (json_object_get (cause, "text")));
    }
}

void
terrane_explanation_add_structure (const TerraneExplanation *self, json_t *reasons)
{
  size_t i;
  json_t *cause;
  json_array_foreach (self->causes, i, cause)
  {
    const char *name = json_string_value (json_object_get (cause, "name"));
    const char *text = json_string_value (json_object_get (cause, "text"));
    if (terrane_cause_is (cause, TERRANE_CAUSE_ORDER))
      terrane_reasons_say (reasons, "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "",
                           text);
    else if (terrane_cause_is (cause, TERRANE_CAUSE_SOURCE) && name != NULL
             && g_str_equal (text, "added"))
      terrane_reasons_say (reasons, "tree %s added", name);
  }
}
