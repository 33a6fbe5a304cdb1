#include "builder/deploy/update.h"

#include <string.h>

enum
{
  MAX_ATTEMPTS = 5, /* to update a function while other changes interfere */
};

static OciLambdaCall *
update_call (const TerraneDeployment *self, gboolean dry_run)
{
  return oci_lambda_update_code (self->spec->function, self->image_uri, self->image->architecture,
                                 self->revision, dry_run);
}

gboolean
terrane_deployment_rehearse (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  if (self->has_code)
    return TRUE;
  g_autoptr (OciLambdaCall) call = update_call (self, TRUE);
  g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self->api, call, cancellable, error);
  if (reply == NULL)
    return FALSE;
  /* Another change has begun, which the update itself waits for. */
  return reply->status == 409 || oci_lambda_api_check (self->api, call, reply, error);
}

static gboolean
is_conflict (const OciLambdaReply *reply)
{
  return reply->status == 409 || reply->status == 412;
}

/* Returns the function with its code, once no change is in progress. */
static OciLambdaFunction *
get_settled (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  if (!terrane_deployment_settle (self, NULL, NULL, cancellable, error))
    return NULL;
  return terrane_deployment_get (self, NULL, cancellable, error);
}

static void
remember (TerraneDeployment *self, const OciLambdaFunction *function)
{
  g_free (self->revision);
  g_free (self->code_sha256);
  self->revision = g_strdup (function->revision);
  self->code_sha256 = g_strdup (function->code_sha256);
}

/* Whether the function has the image, as far as AWS says. */
static gboolean
has_our_image (const TerraneDeployment *self, const OciLambdaFunction *function)
{
  g_autofree char *digest = terrane_deployment_digest_of (function);
  return g_strcmp0 (digest, self->image->digest) == 0;
}

/* A conflict is with another change that is in progress, with a finished one, or, if the answer to
 * the first attempt was lost, with this one. */
static gboolean
update_code (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  for (unsigned attempt = 1;; attempt++)
    {
      g_autoptr (OciLambdaCall) call = update_call (self, FALSE);
      g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self->api, call, cancellable, error);
      if (reply == NULL)
        return FALSE;
      if (!is_conflict (reply))
        return oci_lambda_api_check (self->api, call, reply, error);
      g_autoptr (OciLambdaFunction) function = get_settled (self, cancellable, error);
      if (function == NULL)
        return FALSE;
      if (has_our_image (self, function))
        return TRUE;
      if (reply->status == 412 || attempt == MAX_ATTEMPTS)
        return oci_lambda_api_check (self->api, call, reply, error);
      terrane_progress_info (self->image->progress, "the function %s: another change was under way",
                             self->name);
      remember (self, function);
    }
}

/* Sets @revision and @code_sha256 to those of the function with the image. */
static gboolean
confirm_code (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaFunction) function = get_settled (self, cancellable, error);
  if (function == NULL || !terrane_deployment_check_state (self, function, error))
    return FALSE;
  g_autofree char *digest = terrane_deployment_digest_of (function);
  g_autofree char *quoted = oci_quote (digest);
  if (digest != NULL && strcmp (digest, self->image->digest) != 0)
    return oci_throw (error, OCI_ERROR_EXISTS,
                      "the function %s was given another image meanwhile, %s", self->name, quoted);
  remember (self, function);
  return TRUE;
}

char *
terrane_deployment_describe (const TerraneDeployment *self)
{
  return g_strconcat ("terrane ", self->image->digest, NULL);
}

static json_t *
publish (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *description = terrane_deployment_describe (self);
  for (unsigned attempt = 1;; attempt++)
    {
      g_autoptr (OciLambdaCall) call = oci_lambda_publish_version (
          self->spec->function, self->code_sha256, self->revision, description);
      g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self->api, call, cancellable, error);
      if (reply == NULL)
        return NULL;
      if (!is_conflict (reply) || attempt == MAX_ATTEMPTS)
        return oci_lambda_api_check (self->api, call, reply, error)
                   ? g_steal_pointer (&reply->document)
                   : NULL;
      if (!confirm_code (self, cancellable, error))
        return NULL;
    }
}

static gboolean
make_version (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciJsonValue) document = publish (self, cancellable, error);
  if (document == NULL)
    return FALSE;
  g_autoptr (OciLambdaFunction) version = oci_lambda_function_read (document);
  if (version->version == NULL || !terrane_deployment_is_version (version->version))
    return oci_throw (error, OCI_ERROR_FORMAT, "the function %s: PublishVersion names no version",
                      self->name);
  self->version = g_strdup (version->version);
  self->version_arn = g_strdup (version->arn);
  return TRUE;
}

gboolean
terrane_deployment_update (TerraneDeployment *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaFunction) function = NULL;
  if (self->version == NULL)
    {
      terrane_progress_phase (self->image->progress, 0, "updating the function %s", self->name);
      if (!self->has_code && !update_code (self, cancellable, error))
        return FALSE;
      if (!confirm_code (self, cancellable, error) || !make_version (self, cancellable, error))
        return FALSE;
    }
  terrane_progress_phase (self->image->progress, 0, "waiting for version %s of %s", self->version,
                          self->name);
  return terrane_deployment_settle (self, self->version, &function, cancellable, error)
         && terrane_deployment_check_state (self, function, error);
}
