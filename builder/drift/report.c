#include "builder/drift/report.h"

#include <stdarg.h>
#include <string.h>

TerraneDriftReport *
terrane_drift_report_new (void)
{
  TerraneDriftReport *self = g_new0 (TerraneDriftReport, 1);
  self->findings = json_array ();
  self->ignored = json_array ();
  self->unanswered = json_array ();
  return self;
}

void
terrane_drift_report_free (TerraneDriftReport *self)
{
  if (self == NULL)
    return;
  json_decref (self->findings);
  json_decref (self->ignored);
  json_decref (self->unanswered);
  g_free (self);
}

json_t *
terrane_drift_finding_new (const TerraneDriftFinding *finding, const char *format, ...)
{
  va_list arguments;
  json_t *object = json_object ();
  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *id = g_strconcat (finding->kind, ":", finding->subject, NULL);
  oci_json_set (object, "kind", oci_json_text (finding->kind));
  oci_json_set (object, "id", oci_json_text (id));
  oci_json_set_text (object, "source", finding->source);
  oci_json_set (object, "subject", oci_json_text (finding->subject));
  oci_json_set_text (object, "locked", finding->locked);
  oci_json_set_text (object, "now", finding->now);
  oci_json_set (object, "message", oci_json_text (message));
  return object;
}

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

/* Matches its id, its kind, or any alias of an advisory. */
static gboolean
is_named (const json_t *finding, const char *id)
{
  size_t i;
  json_t *other;
  if (strcmp (text_of (finding, "kind"), id) == 0
      || g_ascii_strcasecmp (text_of (finding, "id"), id) == 0)
    return TRUE;
  json_array_foreach (json_object_get (finding, "ids"), i, other)
  {
    if (g_ascii_strcasecmp (json_string_value (other), id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Returns: (transfer full) (nullable): why the finding is ignored */
static char *
reason_of (const json_t *finding, const TerraneDriftRules *rules)
{
  for (guint i = 0; i < rules->ignore->len; i++)
    {
      const TerraneDriftIgnore *ignore = rules->ignore->pdata[i];
      gboolean lasts = ignore->until == NULL || strcmp (rules->today, ignore->until) <= 0;
      if (lasts && is_named (finding, ignore->id))
        return g_strdup (ignore->reason);
    }
  for (const char *const *id = rules->ignored; id != NULL && *id != NULL; id++)
    if (is_named (finding, *id))
      return g_strdup ("--ignore");
  if (strcmp (text_of (finding, "kind"), "advisory") != 0)
    return NULL;
  if (strcmp (text_of (finding, "severity"), "unimportant") == 0)
    return g_strdup ("the distribution calls it unimportant");
  return rules->fixable && json_object_get (finding, "now") == NULL
             ? g_strdup ("--fixable: no version is said to have it fixed")
             : NULL;
}

void
terrane_drift_report_add (TerraneDriftReport *self, const TerraneDriftRules *rules, json_t *finding)
{
  g_autofree char *reason = reason_of (finding, rules);
  if (reason != NULL)
    oci_json_set (finding, "reason", oci_json_text (reason));
  oci_json_append (reason != NULL ? self->ignored : self->findings, finding);
}

void
terrane_drift_report_unanswered (TerraneDriftReport *self, const char *question, const char *source,
                                 gboolean failed, const char *format, ...)
{
  va_list arguments;
  json_t *object = json_object ();
  va_start (arguments, format);
  g_autofree char *reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  oci_json_set (object, "question", oci_json_text (question));
  oci_json_set_text (object, "source", source);
  oci_json_set (object, "reason", oci_json_text (reason));
  oci_json_set (object, "failed", json_boolean (failed));
  oci_json_append (self->unanswered, object);
}

gboolean
terrane_drift_report_failure (TerraneDriftReport *self, const char *question, const char *source,
                              GError *failure, GError **error)
{
  if (g_error_matches (failure, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  terrane_drift_report_unanswered (self, question, source, TRUE, "%s", failure->message);
  g_error_free (failure);
  return TRUE;
}

static int
compare_findings (gconstpointer a, gconstpointer b)
{
  static const char *const keys[] = { "kind", "source", "subject", "locked", "id" };
  const json_t *x = *(json_t *const *) a, *y = *(json_t *const *) b;
  int order = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (keys) && order == 0; i++)
    order = strcmp (text_of (x, keys[i]), text_of (y, keys[i]));
  return order;
}

static void
sort (json_t *array)
{
  size_t i;
  json_t *element;
  g_autoptr (GPtrArray) elements = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  json_array_foreach (array, i, element) g_ptr_array_add (elements, json_incref (element));
  g_ptr_array_sort (elements, compare_findings);
  (void) json_array_clear (array); /* only fails if it is not an array */
  for (guint j = 0; j < elements->len; j++)
    oci_json_append (array, json_incref (elements->pdata[j]));
}

void
terrane_drift_report_sort (TerraneDriftReport *self)
{
  sort (self->findings);
  sort (self->ignored);
}
