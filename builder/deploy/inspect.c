#include "builder/deploy/inspect.h"

#include "oci/aws/ecr.h"

#include <string.h>

enum
{
  METRIC_DELAY_MS = 2 * 60 * 1000,
};

/* Lambda only uses images in private repositories of Amazon ECR in its own region. A custom
 * endpoint is another cloud, which may have other rules. */
static gboolean
check_repository (const TerraneDeployment *self, GError **error)
{
  g_auto (OciEcrHost) ecr = { 0 };
  g_autofree char *host = g_strndup (self->spec->repository, strcspn (self->spec->repository, "/"));
  g_autofree char *suffix = g_strconcat (".", self->spec->region, ".", NULL);
  gboolean is_aws = strstr (oci_lambda_api_endpoint (self->api), suffix) != NULL;
  g_autofree char *quoted = oci_quote (self->spec->repository);
  if (!oci_ecr_host_parse (host, &ecr))
    return !is_aws
           || oci_throw (error, OCI_ERROR_USAGE,
                         "the function %s: the repository %s is not one of Amazon ECR, such as "
                         "123456789012.dkr.ecr.%s.amazonaws.com/NAME; Lambda takes no other",
                         self->name, quoted, self->spec->region);
  if (ecr.fips)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the function %s: Lambda does not take images by the FIPS name of a "
                      "repository, %s",
                      self->name, quoted);
  return strcmp (ecr.region, self->spec->region) == 0
         || oci_throw (error, OCI_ERROR_USAGE,
                       "the function %s: the repository %s is in another region, and Lambda takes "
                       "images from its own only",
                       self->name, quoted);
}

static gboolean
check_function (const TerraneDeployment *self, const OciLambdaFunction *function, GError **error)
{
  g_autofree char *type = oci_quote (function->package_type);
  g_autofree char *architecture = oci_quote (function->architecture);
  if (function->package_type != NULL && strcmp (function->package_type, "Image") != 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the function %s has the package type %s, which AWS cannot change; create "
                      "another function with the package type ‘Image’",
                      self->name, type);
  if (function->architecture == NULL || self->spec->change_architecture
      || strcmp (function->architecture, self->image->architecture) == 0)
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "the function %s is for %s, the image for ‘%s’; build it for the other "
                    "platform, or let \"change_architecture\": true move the function",
                    self->name, architecture, self->image->architecture);
}

static gboolean
find_function (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaFunction) function = terrane_deployment_get (self, NULL, cancellable, error);
  if (function == NULL || !check_function (self, function, error))
    return FALSE;
  if (!terrane_deployment_is_settled (function))
    {
      terrane_progress_phase (self->image->progress, 0,
                              "waiting for another change of the function %s", self->name);
      g_clear_pointer (&function, oci_lambda_function_free);
      if (!terrane_deployment_settle (self, NULL, NULL, cancellable, error))
        return FALSE;
      function = terrane_deployment_get (self, NULL, cancellable, error);
      if (function == NULL)
        return FALSE;
    }
  g_autofree char *digest = terrane_deployment_digest_of (function);
  self->function_arn = g_strdup (function->arn);
  self->revision = g_strdup (function->revision);
  self->code_sha256 = g_strdup (function->code_sha256);
  self->has_code = g_strcmp0 (digest, self->image->digest) == 0
                   && g_strcmp0 (function->update_status, "Failed") != 0
                   && g_strcmp0 (function->state, "Failed") != 0
                   && (function->architecture == NULL
                       || strcmp (function->architecture, self->image->architecture) == 0);
  return TRUE;
}

static OciLambdaAlias *
find_alias (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  const char *alias = self->spec->alias;
  g_autoptr (OciJsonValue) document = terrane_deployment_ask (
      self, oci_lambda_get_alias (self->spec->function, alias), cancellable, &local);
  if (document == NULL)
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        oci_throw (error, OCI_ERROR_NOT_FOUND,
                   "the function %s has no alias ‘%s’; create it where the function is created, or "
                   "with 'aws lambda publish-version' and 'aws lambda create-alias'",
                   self->name, alias);
      else
        g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autoptr (OciLambdaAlias) found = oci_lambda_alias_read (document);
  gboolean latest = g_strcmp0 (found->version, "$LATEST") == 0;
  if (found->version == NULL || (!latest && !terrane_deployment_is_version (found->version))
      || (found->other != NULL && !terrane_deployment_is_version (found->other)))
    oci_throw (error, OCI_ERROR_FORMAT, "the function %s: the alias ‘%s’ has no version",
               self->name, alias);
  else if (latest)
    oci_throw (
        error, OCI_ERROR_USAGE,
        "the function %s: the alias ‘%s’ points to $LATEST, so that an update would move all "
        "events at once; point it to a version with 'aws lambda update-alias'",
        self->name, alias);
  else
    return g_steal_pointer (&found);
  return NULL;
}

static gboolean
has_image (TerraneDeployment *self, const char *version, gboolean *out_has, char **out_arn,
           GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaFunction) function =
      terrane_deployment_get (self, version, cancellable, error);
  if (function == NULL)
    return FALSE;
  g_autofree char *digest = terrane_deployment_digest_of (function);
  *out_has = g_strcmp0 (digest, self->image->digest) == 0;
  *out_arn = g_strdup (function->arn);
  return TRUE;
}

/* The alias sends some events to a second version: an earlier deployment of this image was not
 * finished, or another one is in progress. */
static gboolean
take_over (TerraneDeployment *self, const OciLambdaAlias *alias, GCancellable *cancellable,
           GError **error)
{
  g_autofree char *arn = NULL;
  gboolean has = FALSE;
  if (!has_image (self, alias->other, &has, &arn, cancellable, error))
    return FALSE;
  g_autofree char *quoted = oci_quote (alias->other);
  if (!has)
    return oci_throw (error, OCI_ERROR_EXISTS,
                      "the function %s: the alias ‘%s’ sends a part of its events to version %s, "
                      "which has another image: another deployment is under way, or was left half "
                      "done; end it, or clear it with 'aws lambda update-alias --routing-config "
                      "AdditionalVersionWeights={}'",
                      self->name, self->spec->alias, quoted);
  terrane_progress_warn (self->image->progress,
                         "the function %s: going on with a deployment of this image that was "
                         "interrupted at %.2f %%",
                         self->name, alias->weight * 100);
  self->version = g_strdup (alias->other);
  self->version_arn = g_steal_pointer (&arn);
  self->weight =
      (unsigned) CLAMP (alias->weight * TERRANE_DEPLOY_WHOLE + 0.5, 0, TERRANE_DEPLOY_WHOLE);
  self->touched = TRUE;
  return TRUE;
}

/* Warns of errors that would go unnoticed. */
static void
warn_of_blind_errors (const TerraneDeployment *self)
{
  const TerraneDeployTarget *spec = self->spec;
  if (spec->errors > 0 && spec->steps[1] == NULL)
    terrane_progress_warn (self->image->progress,
                           "the function %s: ‘max_errors’ is not looked at: CloudWatch is asked "
                           "before the next step, and ‘steps’ has only one",
                           self->name);
  else if (spec->errors > 0 && spec->wait_ms < METRIC_DELAY_MS)
    terrane_progress_warn (self->image->progress,
                           "the function %s: CloudWatch counts with a delay of a minute or two, so "
                           "that ‘max_errors’ misses errors when ‘wait’ is %.10g s",
                           self->name, (double) spec->wait_ms / 1000);
}

gboolean
terrane_deployment_inspect (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  gboolean has = FALSE;
  g_autofree char *arn = NULL;
  if (!check_repository (self, error))
    return FALSE;
  warn_of_blind_errors (self);
  terrane_progress_phase (self->image->progress, 0, "looking at the function %s", self->name);
  if (!find_function (self, cancellable, error))
    return FALSE;
  g_autoptr (OciLambdaAlias) alias = find_alias (self, cancellable, error);
  if (alias == NULL || !has_image (self, alias->version, &has, &arn, cancellable, error))
    return FALSE;
  self->before = g_strdup (alias->version);
  self->alias_revision = g_strdup (alias->revision);
  if (alias->other != NULL)
    return take_over (self, alias, cancellable, error);
  if (!has)
    return TRUE;
  self->result = TERRANE_DEPLOY_UNCHANGED;
  self->version = g_strdup (alias->version);
  self->version_arn = g_steal_pointer (&arn);
  self->weight = TERRANE_DEPLOY_WHOLE;
  return TRUE;
}
