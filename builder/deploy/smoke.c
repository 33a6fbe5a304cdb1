#include "builder/deploy/smoke.h"

#include "builder/deploy/report-line.h"
#include "builder/error.h"
#include "builder/validation/json-subset.h"

#include "oci/base/redact.h"

#include <string.h>

enum
{
  MAX_ATTEMPTS = 5, /* to invoke a version that AWS is still preparing */
};

/* AWS is making an environment, or is fetching the image again after weeks without events. */
static gboolean
is_not_ready (const OciLambdaReply *reply)
{
  static const char *const codes[] = { "ResourceConflictException", "ResourceNotReadyException",
                                       "CodeArtifactUserPendingException", NULL };
  return reply->code != NULL && g_strv_contains (codes, reply->code);
}

static OciLambdaReply *
invoke (TerraneDeployment *self, const char *qualifier, GBytes *event, GCancellable *cancellable,
        GError **error)
{
  for (unsigned attempt = 1;; attempt++)
    {
      g_autoptr (OciLambdaCall) call = oci_lambda_invoke (self->spec->function, qualifier, event);
      g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self->api, call, cancellable, error);
      if (reply == NULL)
        return NULL;
      if (is_not_ready (reply) && attempt < MAX_ATTEMPTS)
        {
          if (!terrane_deployment_settle (self, self->version, NULL, cancellable, error)
              || !terrane_deployment_wait (1000, cancellable, error))
            return NULL;
          continue;
        }
      return oci_lambda_api_check (self->api, call, reply, error) ? g_steal_pointer (&reply) : NULL;
    }
}

/* "Runtime.ImportModuleError: No module named 'x'" */
static char *
describe_error (const OciLambdaReply *reply)
{
  g_autofree char *type =
      oci_quote (json_string_value (json_object_get (reply->document, "errorType")));
  g_autofree char *message =
      oci_quote (json_string_value (json_object_get (reply->document, "errorMessage")));
  g_autofree char *error = oci_quote (reply->function_error);
  return g_strdup_printf ("the function answers with an error (%s): %s: %s", error, type, message);
}

static char *
compare (const TerraneInvokeSpec *spec, const OciLambdaReply *reply)
{
  if (spec->expect == NULL)
    return NULL;
  gsize size = 0;
  const char *data = g_bytes_get_data (reply->payload, &size);
  g_autoptr (OciJsonValue) answer =
      size > 0 ? json_loadb (data, size, JSON_DECODE_ANY, NULL) : NULL;
  if (answer == NULL)
    return g_strdup ("the answer is not JSON");
  char *difference = terrane_json_subset (spec->expect, answer);
  if (difference == NULL)
    return NULL;
  g_autofree char *owned = difference;
  return g_strconcat ("the answer: ", owned, NULL);
}

static char *
check_init (TerraneDeployment *self, const OciLambdaReply *reply, gboolean *out_met,
            uint64_t *out_usecs)
{
  *out_met = terrane_report_line_find_init (reply->log_tail, out_usecs);
  self->init_measured = self->init_measured || *out_met;
  if (!*out_met || self->spec->init_ms == 0 || *out_usecs <= self->spec->init_ms * 1000)
    return NULL;
  return g_strdup_printf ("the initialisation took %.3f s, at most %.3f s is allowed "
                          "(‘init_duration’)",
                          (double) *out_usecs / 1e6, (double) self->spec->init_ms / 1e3);
}

/* Returns the name of an event: its file, or its number. */
static char *
name_event (const TerraneInvokeSpec *spec, guint number)
{
  return spec->event_path != NULL ? g_path_get_basename (spec->event_path)
                                  : g_strdup_printf ("%u", number + 1);
}

/* Returns the problem of the answer, or NULL. @result: receives facts about it */
static char *
judge (TerraneDeployment *self, guint number, const OciLambdaReply *reply, json_t *result)
{
  const TerraneSmokeSpec *spec = self->spec->smoke->pdata[number];
  uint64_t usecs = 0;
  gboolean met = FALSE;
  g_autofree char *slow = check_init (self, reply, &met, &usecs);
  char *problem =
      reply->function_error != NULL ? describe_error (reply) : compare (&spec->invoke, reply);
  if (problem == NULL)
    problem = g_steal_pointer (&slow);
  if (met)
    oci_json_set (result, "init_usecs", json_integer ((json_int_t) usecs));
  oci_json_set_text (result, "executed_version", reply->executed_version);
  oci_json_set (result, "passed", json_boolean (problem == NULL));
  oci_json_set_text (result, "message", problem);
  g_autofree char *log =
      problem != NULL && reply->log_tail != NULL ? oci_redact (reply->log_tail) : NULL;
  oci_json_set_text (result, "log", log);
  return problem;
}

static gboolean
fail (const TerraneDeployment *self, const char *qualifier, const char *event, const char *problem,
      const char *log, GError **error)
{
  gboolean by_alias = strcmp (qualifier, self->spec->alias) == 0;
  g_autofree char *quoted = oci_quote (event);
  g_autofree char *tail = oci_redact (log != NULL ? log : "");
  g_strchomp (tail);
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
               "the function %s: event %s to the %s %s: %s%s%s", self->name, quoted,
               by_alias ? "alias" : "version", qualifier, problem,
               tail[0] != '\0' ? "\nthe end of its log:\n" : "", tail);
  return FALSE;
}

/* @out_elsewhere: (nullable): set if the previous version answered */
static gboolean
try_event (TerraneDeployment *self, guint number, const char *qualifier, gboolean *out_elsewhere,
           GCancellable *cancellable, GError **error)
{
  const TerraneSmokeSpec *spec = self->spec->smoke->pdata[number];
  g_autofree char *name = name_event (&spec->invoke, number);
  g_autoptr (OciLambdaReply) reply =
      invoke (self, qualifier, self->events->pdata[number], cancellable, error);
  if (reply == NULL)
    return FALSE;
  json_t *result = json_object ();
  oci_json_append (self->smoke, result);
  oci_json_set (result, "event", oci_json_text (name));
  oci_json_set (result, "qualifier", oci_json_text (qualifier));
  oci_json_set (result, "weight", json_real ((double) self->weight / TERRANE_DEPLOY_WHOLE));
  gboolean elsewhere = out_elsewhere != NULL && self->before != NULL
                       && g_strcmp0 (reply->executed_version, self->before) == 0;
  g_autofree char *problem = judge (self, number, reply, result);
  if (elsewhere && problem != NULL)
    terrane_progress_warn (self->image->progress,
                           "the function %s: event ‘%s’ to version %s, the "
                           "one before: %s",
                           self->name, name, self->before, problem);
  if (out_elsewhere != NULL)
    *out_elsewhere = elsewhere;
  return elsewhere || problem == NULL
         || fail (self, qualifier, name, problem, reply->log_tail, error);
}

gboolean
terrane_deployment_try_version (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  if (self->events->len > 0)
    terrane_progress_phase (self->image->progress, 0, "trying version %s of %s", self->version,
                            self->name);
  for (guint i = 0; i < self->events->len; i++)
    if (!try_event (self, i, self->version, NULL, cancellable, error))
      return FALSE;
  if (self->spec->init_ms > 0 && !self->init_measured)
    terrane_progress_warn (self->image->progress,
                           "the function %s: no event met an initialisation, so that "
                           "‘init_duration’ was not looked at",
                           self->name);
  return TRUE;
}

gboolean
terrane_deployment_try_alias (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < self->events->len; i++)
    {
      gboolean elsewhere = FALSE;
      if (!try_event (self, i, self->spec->alias, &elsewhere, cancellable, error)
          || (elsewhere && !try_event (self, i, self->version, NULL, cancellable, error)))
        return FALSE;
    }
  return TRUE;
}
