#include "builder/deploy/deploy.h"

#include "builder/deploy/deployment.h"
#include "builder/deploy/inspect.h"
#include "builder/deploy/plan.h"
#include "builder/deploy/shift.h"
#include "builder/deploy/smoke.h"
#include "builder/deploy/update.h"

#include "oci/aws/aws-service.h"
#include "oci/aws/ecr.h"
#include "oci/base/text-hash.h"

#include <string.h>

struct _TerraneDeploy
{
  TerraneDeployImage image;
  GPtrArray *deployments;        /* of TerraneDeployment */
  const OciReference *reference; /* (nullable) */
};

gboolean
terrane_deploy_default_region (char **out_region, GError **error)
{
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (error);
  if (config == NULL)
    return FALSE;
  *out_region = g_strdup (oci_aws_default_region (config));
  return TRUE;
}

/* Returns Lambda's word for an architecture of OCI. */
static const char *
lambda_architecture (const char *architecture)
{
  return strcmp (architecture, "amd64") == 0 ? "x86_64" : architecture;
}

TerraneDeploy *
terrane_deploy_new (OciHttpClient *client, const TerraneDeployOptions *options, GError **error)
{
  OciDigestText digest;
  g_autoptr (TerraneDeploy) self = g_new0 (TerraneDeploy, 1);
  self->image.digest = g_strdup (oci_digest_text (options->digest, digest));
  self->image.architecture = g_strdup (lambda_architecture (options->architecture));
  self->image.progress = options->progress;
  self->reference = options->reference;
  self->deployments = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_deployment_free);
  for (guint i = 0; i < options->targets->len; i++)
    {
      TerraneDeployment *deployment =
          terrane_deployment_new (&self->image, options->targets->pdata[i], client, error);
      if (deployment == NULL)
        return NULL;
      g_ptr_array_add (self->deployments, deployment);
    }
  return g_steal_pointer (&self);
}

void
terrane_deploy_free (TerraneDeploy *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->deployments, g_ptr_array_unref);
  g_free (self->image.digest);
  g_free (self->image.architecture);
  g_free (self);
}

typedef gboolean (*Part) (TerraneDeployment *deployment, GCancellable *cancellable, GError **error);

static gboolean
stage (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  if (!terrane_deployment_update (self, cancellable, error)
      || !terrane_deployment_try_version (self, cancellable, error))
    return FALSE;
  self->result = TERRANE_DEPLOY_STAGED;
  return TRUE;
}

/* PublishVersion may return the alias's existing version. */
static gboolean
shift (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  if (g_strcmp0 (self->version, self->before) != 0)
    return terrane_deployment_shift (self, cancellable, error);
  self->weight = TERRANE_DEPLOY_WHOLE;
  self->result = TERRANE_DEPLOY_UNCHANGED;
  return TRUE;
}

/* Does a part of the work for all deployments, until one fails. */
static gboolean
for_each (TerraneDeploy *self, Part part, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < self->deployments->len; i++)
    {
      TerraneDeployment *deployment = self->deployments->pdata[i];
      g_autoptr (GError) local = NULL;
      if (deployment->result == TERRANE_DEPLOY_UNCHANGED || part (deployment, cancellable, &local))
        continue;
      deployment->error = g_strdup (local->message);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

/* A name and an ARN may be the same function: its alias would be moved twice, the second time as if
 * by another client. */
static gboolean
check_once (const TerraneDeploy *self, GError **error)
{
  for (guint i = 0; i < self->deployments->len; i++)
    for (guint j = 0; j < i; j++)
      {
        const TerraneDeployment *one = self->deployments->pdata[j];
        const TerraneDeployment *two = self->deployments->pdata[i];
        if (one->function_arn != NULL && g_strcmp0 (one->function_arn, two->function_arn) == 0
            && strcmp (one->spec->alias, two->spec->alias) == 0)
          return oci_throw (error, OCI_ERROR_USAGE,
                            "the functions %s and %s are one: its alias %s is among the targets "
                            "twice",
                            one->name, two->name, one->spec->alias);
      }
  return TRUE;
}

gboolean
terrane_deploy_inspect (TerraneDeploy *self, GCancellable *cancellable, GError **error)
{
  return for_each (self, terrane_deployment_inspect, cancellable, error)
         && check_once (self, error);
}

/* Whether the image already is in the target's repository, according to the user. */
static gboolean
is_there (const TerraneDeploy *self, const TerraneDeployTarget *target)
{
  if (self->reference == NULL)
    return FALSE;
  g_autofree char *name =
      g_strconcat (self->reference->host, "/", self->reference->repository, NULL);
  return strcmp (name, target->repository) == 0;
}

/* Returns where the target's image is pushed to, or NULL. It gets a tag because lifecycle policies
 * delete images without one first. */
static char *
push_reference (const TerraneDeploy *self, const TerraneDeployTarget *target)
{
  enum
  {
    TAG_DIGITS = 12,
  };
  if (is_there (self, target))
    return NULL;
  g_autofree char *tag =
      target->tag != NULL
          ? g_strdup (target->tag)
          : g_strdup_printf ("terrane-%.*s", TAG_DIGITS, self->image.digest + strlen ("sha256:"));
  return g_strconcat (target->repository, ":", tag, NULL);
}

/* A role of the repository's own account is used for pushing; a role of another account may not be
 * allowed to. */
static void
use_role (const TerraneDeployTarget *target)
{
  g_auto (OciEcrHost) ecr = { 0 };
  g_autofree char *host = g_strndup (target->repository, strcspn (target->repository, "/"));
  if (target->role == NULL || !oci_ecr_host_parse (host, &ecr))
    return;
  g_autofree char *account = g_strdup_printf ("::%s:", ecr.account);
  if (strstr (target->role, account) != NULL)
    oci_ecr_use_role (host, target->role, target->external_id);
}

gboolean
terrane_deploy_push (TerraneDeploy *self, TerraneDeployPush push, gpointer data, GError **error)
{
  g_autoptr (GHashTable) done =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, (GDestroyNotify) json_decref);
  for (guint i = 0; i < self->deployments->len; i++)
    {
      TerraneDeployment *deployment = self->deployments->pdata[i];
      g_autofree char *reference = push_reference (self, deployment->spec);
      g_autoptr (GError) local = NULL;
      if (reference == NULL || deployment->result == TERRANE_DEPLOY_UNCHANGED)
        continue;
      use_role (deployment->spec);
      json_t *report = g_hash_table_lookup (done, reference);
      if (report == NULL && !push (reference, data, &report, &local))
        {
          deployment->error = g_strdup (local->message);
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      deployment->pushed = json_incref (report);
      if (!g_hash_table_contains (done, reference))
        g_hash_table_insert (done, g_steal_pointer (&reference), report);
    }
  return TRUE;
}

static gboolean
check_interrupt (GCancellable *cancellable, GError **error)
{
  return !g_cancellable_is_cancelled (cancellable)
         || oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

/* Rolls back in reverse order. */
static void
roll_back (TerraneDeploy *self, GError *failure)
{
  GString *message = g_string_new (failure->message);
  for (guint i = self->deployments->len; i > 0; i--)
    {
      TerraneDeployment *deployment = self->deployments->pdata[i - 1];
      if (deployment->result == TERRANE_DEPLOY_UNCHANGED)
        continue;
      terrane_deployment_roll_back (deployment);
      g_autofree char *traffic = terrane_deployment_traffic (deployment);
      g_string_append_printf (message, "\nthe function %s: %s", deployment->name, traffic);
    }
  g_free (failure->message);
  failure->message = g_string_free (message, FALSE);
}

gboolean
terrane_deploy_go (TerraneDeploy *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failure = NULL;
  if (for_each (self, terrane_deployment_rehearse, cancellable, &failure)
      && for_each (self, stage, cancellable, &failure) && check_interrupt (cancellable, &failure)
      && for_each (self, shift, cancellable, &failure))
    return TRUE;
  roll_back (self, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static const char *
result_word (TerraneDeployResult result)
{
  static const char *const words[] = {
    [TERRANE_DEPLOY_PENDING] = "failed", [TERRANE_DEPLOY_UNCHANGED] = "unchanged",
    [TERRANE_DEPLOY_STAGED] = "failed",  [TERRANE_DEPLOY_DONE] = "deployed",
    [TERRANE_DEPLOY_FAILED] = "failed",  [TERRANE_DEPLOY_ROLLED_BACK] = "rolled_back",
    [TERRANE_DEPLOY_LEFT] = "left",
  };
  return words[result];
}

static json_t *
deployment_to_json (const TerraneDeployment *self)
{
  const TerraneDeployTarget *spec = self->spec;
  g_autofree char *traffic = terrane_deployment_traffic (self);
  json_t *object = json_object ();
  oci_json_set_text (object, "function", spec->function);
  oci_json_set_text (object, "alias", spec->alias);
  oci_json_set_text (object, "region", spec->region);
  oci_json_set_text (object, "role", spec->role);
  oci_json_set_text (object, "image", self->image_uri);
  oci_json_set_text (object, "function_arn", self->function_arn);
  oci_json_set_text (object, "version", self->version);
  oci_json_set_text (object, "version_arn", self->version_arn);
  oci_json_set_text (object, "version_before", self->before);
  oci_json_set_text (object, "result", result_word (self->result));
  oci_json_set_text (object, "traffic", traffic);
  oci_json_set (object, "weight", json_real ((double) self->weight / TERRANE_DEPLOY_WHOLE));
  oci_json_set (object, "smoke", json_incref (self->smoke));
  oci_json_set (object, "shifts", json_incref (self->shifts));
  oci_json_set_text (object, "error", self->error);
  if (self->pushed != NULL)
    oci_json_set (object, "push", json_incref (self->pushed));
  return object;
}

json_t *
terrane_deploy_report (const TerraneDeploy *self)
{
  json_t *report = json_object ();
  json_t *list = json_array ();
  oci_json_set_text (report, "digest", self->image.digest);
  oci_json_set (report, "deployments", list);
  for (guint i = 0; i < self->deployments->len; i++)
    oci_json_append (list, deployment_to_json (self->deployments->pdata[i]));
  return report;
}

json_t *
terrane_deploy_plan (const TerraneDeploy *self)
{
  json_t *plan = json_object ();
  json_t *steps = json_array ();
  g_autoptr (GHashTable) pushed = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  oci_json_set_text (plan, "digest", self->image.digest);
  oci_json_set (plan, "plan", steps);
  for (guint i = 0; i < self->deployments->len; i++)
    {
      const TerraneDeployment *deployment = self->deployments->pdata[i];
      g_autofree char *reference = push_reference (self, deployment->spec);
      gboolean first = reference != NULL && g_hash_table_add (pushed, g_strdup (reference));
      terrane_deployment_plan (deployment, first ? reference : NULL, steps);
    }
  return plan;
}
