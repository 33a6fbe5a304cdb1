#include "builder/deploy/shift.h"

#include "builder/deploy/smoke.h"
#include "builder/error.h"

#include <math.h>
#include <string.h>

enum
{
  MAX_ATTEMPTS = 5, /* to change an alias while AWS changes the function */
};

#define TOLERANCE 0.00001 /* of weights, which have four digits */

/* Desired state of an alias. */
typedef struct
{
  const char *version;
  const char *other; /* (nullable): receives @weight */
  unsigned weight;
} Routing;

static Routing
routing_at (const TerraneDeployment *self, unsigned weight)
{
  if (weight == TERRANE_DEPLOY_WHOLE)
    return (Routing){ .version = self->version };
  if (weight == 0)
    return (Routing){ .version = self->before };
  return (Routing){ .version = self->before, .other = self->version, .weight = weight };
}

static gboolean
is_routing (const OciLambdaAlias *alias, const Routing *routing)
{
  return g_strcmp0 (alias->version, routing->version) == 0
         && g_strcmp0 (alias->other, routing->other) == 0
         && (routing->other == NULL
             || fabs (alias->weight - (double) routing->weight / TERRANE_DEPLOY_WHOLE) < TOLERANCE);
}

static OciLambdaAlias *
get_alias (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciJsonValue) document = terrane_deployment_ask (
      self, oci_lambda_get_alias (self->spec->function, self->spec->alias), cancellable, error);
  return document != NULL ? oci_lambda_alias_read (document) : NULL;
}

static void
take_revision (TerraneDeployment *self, char *revision)
{
  g_free (self->alias_revision);
  self->alias_revision = revision;
}

static gboolean
fail_moved (TerraneDeployment *self, const OciLambdaAlias *alias, GError **error)
{
  g_autofree char *version = oci_quote (alias->version);
  g_autofree char *other = oci_quote (alias->other);
  self->foreign = TRUE;
  return oci_throw (
      error, OCI_ERROR_EXISTS,
      "the function %s: the alias ‘%s’ was changed by another hand meanwhile: version "
      "%s%s%s; it is left as it is",
      self->name, self->spec->alias, version,
      alias->other != NULL ? ", and a part of the events to " : "",
      alias->other != NULL ? other : "");
}

/* Whether the alias is in the state that this deployment made, or wanted to make. */
static gboolean
is_ours (const TerraneDeployment *self, const OciLambdaAlias *alias)
{
  const Routing whole = routing_at (self, TERRANE_DEPLOY_WHOLE);
  return is_routing (alias, &whole)
         || (g_strcmp0 (alias->version, self->before) == 0
             && g_strcmp0 (alias->other, self->version) == 0);
}

/* The alias was not changed: either it already has the desired state, since the answer to an
 * earlier attempt was lost, or another client has changed it, or AWS is busy with the function. */
static gboolean
resolve_conflict (TerraneDeployment *self, const Routing *routing, unsigned status,
                  gboolean *out_done, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaAlias) alias = get_alias (self, cancellable, error);
  if (alias == NULL)
    return FALSE;
  *out_done = is_routing (alias, routing);
  if (*out_done)
    {
      take_revision (self, g_strdup (alias->revision));
      return TRUE;
    }
  if (status == 412 && !(self->unsure && is_ours (self, alias)))
    return fail_moved (self, alias, error);
  if (self->unsure)
    take_revision (self, g_strdup (alias->revision));
  return terrane_deployment_wait (status == 412 ? 0 : 1000, cancellable, error);
}

static gboolean
set_alias (TerraneDeployment *self, const Routing *routing, GCancellable *cancellable,
           GError **error)
{
  for (unsigned attempt = 1;; attempt++)
    {
      gboolean done = FALSE;
      g_autoptr (OciLambdaCall) call =
          oci_lambda_update_alias (self->spec->function, self->spec->alias, routing->version,
                                   routing->other, routing->weight, self->alias_revision);
      g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self->api, call, cancellable, error);
      if (reply == NULL || reply->status >= 500)
        self->unsure = TRUE;
      if (reply == NULL)
        return FALSE;
      if (reply->status / 100 == 2)
        {
          take_revision (self, oci_json_dup_text (reply->document, "RevisionId"));
          return TRUE;
        }
      if ((reply->status != 409 && reply->status != 412) || attempt == MAX_ATTEMPTS)
        return oci_lambda_api_check (self->api, call, reply, error);
      if (!resolve_conflict (self, routing, reply->status, &done, cancellable, error))
        return FALSE;
      if (done)
        return TRUE;
    }
}

static void
note_shift (TerraneDeployment *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  json_t *shift = json_object ();
  oci_json_set (shift, "weight", json_real ((double) self->weight / TERRANE_DEPLOY_WHOLE));
  oci_json_set (shift, "time", oci_json_text (time));
  oci_json_append (self->shifts, shift);
}

/* If another client moves the alias, this deployment leaves it alone. */
static gboolean
check_unmoved (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  const Routing routing = routing_at (self, self->weight);
  g_autoptr (OciLambdaAlias) alias = get_alias (self, cancellable, error);
  if (alias == NULL)
    return FALSE;
  return is_routing (alias, &routing) || fail_moved (self, alias, error);
}

/* Checks the outcome of real events meanwhile. */
static gboolean
check_errors (TerraneDeployment *self, gint64 since, GCancellable *cancellable, GError **error)
{
  const TerraneDeployTarget *spec = self->spec;
  const OciLambdaErrors of = {
    .function = spec->function, .alias = spec->alias, .version = self->version, .since = since
  };
  double errors = 0;
  if (spec->errors == 0)
    return TRUE;
  if (!oci_lambda_api_count_errors (self->api, &of, &errors, cancellable, error))
    return FALSE;
  if (errors < (double) spec->errors)
    return TRUE;
  g_set_error (
      error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
      "the function %s: CloudWatch has counted %.10g errors of version %s at the alias %s, "
      "at most %" G_GUINT64_FORMAT " are allowed (‘max_errors’)",
      self->name, errors, self->version, spec->alias, spec->errors - 1);
  return FALSE;
}

static gboolean
take_step (TerraneDeployment *self, unsigned weight, GCancellable *cancellable, GError **error)
{
  const Routing routing = routing_at (self, weight);
  double percent = (double) weight * 100 / TERRANE_DEPLOY_WHOLE;
  if (weight < TERRANE_DEPLOY_WHOLE)
    terrane_progress_phase (self->image->progress, 0,
                            "%.4g %% of the events of %s to version %s, for %.10g s", percent,
                            self->name, self->version, (double) self->spec->wait_ms / 1000);
  else
    terrane_progress_phase (self->image->progress, 0, "all events of %s to version %s", self->name,
                            self->version);
  gint64 since = g_get_real_time () / G_USEC_PER_SEC;
  self->touched = TRUE; /* even if the call fails */
  if (!set_alias (self, &routing, cancellable, error))
    return FALSE;
  self->weight = weight;
  note_shift (self);
  if (weight < TERRANE_DEPLOY_WHOLE
      && (!terrane_deployment_wait (self->spec->wait_ms, cancellable, error)
          || !check_errors (self, since, cancellable, error)))
    return FALSE;
  return check_unmoved (self, cancellable, error);
}

gboolean
terrane_deployment_shift (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  for (char **step = self->spec->steps; *step != NULL; step++)
    {
      unsigned weight = terrane_deploy_parse_step (*step);
      if (weight <= self->weight && weight < TERRANE_DEPLOY_WHOLE)
        continue; /* an interrupted deployment was further */
      if (!take_step (self, weight, cancellable, error)
          || !terrane_deployment_try_alias (self, cancellable, error))
        return FALSE;
    }
  self->result = TERRANE_DEPLOY_DONE;
  return TRUE;
}

/* A change without an answer may still be applied: a further change gives the alias another
 * revision, and AWS then refuses the late one. @inout_moved: set if events went to the new version:
 * the answer that said so may be lost */
static gboolean
move_back (TerraneDeployment *self, gboolean *inout_moved, GError **error)
{
  const Routing before = routing_at (self, 0);
  g_autoptr (OciLambdaAlias) alias = get_alias (self, NULL, error);
  if (alias == NULL)
    return FALSE;
  gboolean is_back = is_routing (alias, &before);
  if (is_back && !self->unsure)
    return TRUE;
  if (!is_back && !is_ours (self, alias))
    return fail_moved (self, alias, error);
  *inout_moved = *inout_moved || !is_back;
  take_revision (self, g_strdup (alias->revision));
  return set_alias (self, &before, NULL, error);
}

void
terrane_deployment_roll_back (TerraneDeployment *self)
{
  g_autoptr (GError) local = NULL;
  gboolean moved = json_array_size (self->shifts) > 0;
  if (!self->touched || (self->foreign && !moved))
    {
      self->result = TERRANE_DEPLOY_FAILED;
      return;
    }
  self->result = TERRANE_DEPLOY_LEFT;
  if (self->foreign)
    return;
  terrane_progress_phase (self->image->progress, 0, "moving the events of %s back to version %s",
                          self->name, self->before);
  if (move_back (self, &moved, &local))
    {
      self->weight = 0;
      if (moved)
        note_shift (self);
      self->result = moved ? TERRANE_DEPLOY_ROLLED_BACK : TERRANE_DEPLOY_FAILED;
      return;
    }
  terrane_progress_warn (self->image->progress, "%s", local->message);
}

char *
terrane_deployment_traffic (const TerraneDeployment *self)
{
  const char *alias = self->spec->alias;
  if (self->foreign)
    return g_strdup_printf ("the alias ‘%s’ is as another hand made it", alias);
  if (self->result == TERRANE_DEPLOY_LEFT)
    return g_strdup_printf (
        "the alias ‘%s’ could NOT be moved back to version %s: look at it, and run 'aws lambda "
        "update-alias --region %s --function-name %s --name %s --function-version %s "
        "--routing-config AdditionalVersionWeights={}'",
        alias, self->before, self->spec->region, self->spec->function, alias, self->before);
  if (self->before == NULL)
    return g_strdup_printf ("the alias ‘%s’ was not touched", alias);
  const char *all = self->weight == TERRANE_DEPLOY_WHOLE ? self->version : self->before;
  if (self->weight > 0 && self->weight < TERRANE_DEPLOY_WHOLE)
    return g_strdup_printf ("the alias ‘%s’ sends %.4g %% of the events to version %s, the others "
                            "to version %s",
                            alias, (double) self->weight * 100 / TERRANE_DEPLOY_WHOLE,
                            self->version, self->before);
  return g_strdup_printf ("the alias ‘%s’ sends all events to version %s", alias, all);
}
