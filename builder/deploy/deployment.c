#include "builder/deploy/deployment.h"

#include "builder/lambda/event.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum
{
  FIRST_POLL_MS = 250,
  LAST_POLL_MS = 5000, /* as in AWS's own waiters */
};

static GBytes *
load_event (const TerraneInvokeSpec *spec, GError **error)
{
  g_autoptr (GBytes) given = NULL;
  OCI_PREFIX (error, "%s.event", spec->where);
  if (spec->event_path != NULL)
    {
      if (!oci_read_file (AT_FDCWD, spec->event_path, OCI_LAMBDA_MAX_PAYLOAD, &given, error))
        return NULL;
    }
  else
    {
      char *text = json_dumps (spec->event, JSON_ENCODE_ANY | JSON_COMPACT);
      if (text == NULL)
        g_error ("out of memory while writing JSON");
      given = g_bytes_new_with_free_func (text, strlen (text), free, text);
    }
  return terrane_event_read (given, error);
}

static GPtrArray *
load_events (const TerraneDeployTarget *spec, GError **error)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < spec->smoke->len; i++)
    {
      GBytes *event = load_event (&((TerraneSmokeSpec *) spec->smoke->pdata[i])->invoke, error);
      if (event == NULL)
        return NULL;
      g_ptr_array_add (events, event);
    }
  return g_steal_pointer (&events);
}

TerraneDeployment *
terrane_deployment_new (const TerraneDeployImage *image, const TerraneDeployTarget *spec,
                        OciHttpClient *client, GError **error)
{
  const OciLambdaIdentity identity = { .region = spec->region,
                                       .role_arn = spec->role,
                                       .external_id = spec->external_id };
  g_autofree char *quoted = oci_quote (spec->function);
  g_autoptr (TerraneDeployment) self = g_new0 (TerraneDeployment, 1);
  self->image = image;
  self->spec = spec;
  self->name = g_strdup_printf ("%s in %s", quoted, spec->region);
  self->image_uri = g_strdup_printf ("%s@%s", spec->repository, image->digest);
  self->smoke = json_array ();
  self->shifts = json_array ();
  self->events = load_events (spec, error);
  if (self->events == NULL)
    return NULL;
  self->api = oci_lambda_api_new (client, &identity, error);
  return self->api != NULL ? g_steal_pointer (&self) : NULL;
}

void
terrane_deployment_free (TerraneDeployment *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->api, oci_lambda_api_free);
  g_clear_pointer (&self->events, g_ptr_array_unref);
  g_free (self->name);
  g_free (self->image_uri);
  g_free (self->function_arn);
  g_free (self->revision);
  g_free (self->code_sha256);
  g_free (self->before);
  g_free (self->version);
  g_free (self->version_arn);
  g_free (self->alias_revision);
  g_free (self->error);
  json_decref (self->pushed);
  json_decref (self->smoke);
  json_decref (self->shifts);
  g_free (self);
}

/* "sha256:…" of "HOST/REPOSITORY@sha256:…", or NULL */
static char *
digest_in (const char *image)
{
  const char *at = image != NULL ? strrchr (image, '@') : NULL;
  return at != NULL && strlen (at + 1) == strlen ("sha256:") + 64 ? g_strdup (at + 1) : NULL;
}

char *
terrane_deployment_digest_of (const OciLambdaFunction *function)
{
  char *digest = digest_in (function->image);
  return digest != NULL ? digest : digest_in (function->resolved_image);
}

json_t *
terrane_deployment_ask (TerraneDeployment *self, OciLambdaCall *call, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (OciLambdaCall) owned = call;
  return oci_lambda_api_ask (self->api, owned, cancellable, error);
}

OciLambdaFunction *
terrane_deployment_get (TerraneDeployment *self, const char *qualifier, GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (OciJsonValue) document = terrane_deployment_ask (
      self, oci_lambda_get_function (self->spec->function, qualifier), cancellable, error);
  return document != NULL ? oci_lambda_function_read (document) : NULL;
}

gboolean
terrane_deployment_is_version (const char *text)
{
  return text[0] != '\0' && strspn (text, "0123456789") == strlen (text);
}

gboolean
terrane_deployment_wait (uint64_t ms, GCancellable *cancellable, GError **error)
{
  gint64 end = g_get_monotonic_time () + (gint64) ms * 1000;
  GPollFD poll = { .fd = -1 };
  if (cancellable == NULL || !g_cancellable_make_pollfd (cancellable, &poll))
    {
      g_usleep ((gulong) ms * 1000);
      return TRUE;
    }
  for (gint64 left = (gint64) ms; left > 0 && !g_cancellable_is_cancelled (cancellable);
       left = (end - g_get_monotonic_time ()) / 1000)
    (void) g_poll (&poll, 1, (gint) MIN (left + 1, G_MAXINT)); /* a signal only shortens the wait */
  g_cancellable_release_fd (cancellable);
  return !g_cancellable_is_cancelled (cancellable)
         || oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

gboolean
terrane_deployment_is_settled (const OciLambdaFunction *function)
{
  return g_strcmp0 (function->state, "Pending") != 0
         && g_strcmp0 (function->update_status, "InProgress") != 0;
}

gboolean
terrane_deployment_settle (TerraneDeployment *self, const char *qualifier,
                           OciLambdaFunction **out_function, GCancellable *cancellable,
                           GError **error)
{
  uint64_t waited = 0;
  for (uint64_t pause = FIRST_POLL_MS;; pause = MIN (pause * 2, LAST_POLL_MS))
    {
      g_autoptr (OciJsonValue) document = terrane_deployment_ask (
          self, oci_lambda_get_configuration (self->spec->function, qualifier), cancellable, error);
      if (document == NULL)
        return FALSE;
      g_autoptr (OciLambdaFunction) function = oci_lambda_function_read (document);
      if (terrane_deployment_is_settled (function))
        {
          if (out_function != NULL)
            *out_function = g_steal_pointer (&function);
          return TRUE;
        }
      if (waited >= self->spec->update_ms)
        return oci_throw (error, OCI_ERROR_TIMEOUT,
                          "the function %s: AWS has not finished a change of it within %.10g s "
                          "(‘update_timeout’); try again later",
                          self->name, (double) self->spec->update_ms / 1000);
      if (!terrane_deployment_wait (pause, cancellable, error))
        return FALSE;
      waited += pause;
    }
}

/* Returns the advice about a failed change, by AWS's reason code. */
static const char *
advise (const char *code)
{
  static const struct
  {
    const char *code;
    const char *advice;
  } known[] = {
    { "ImageAccessDenied",
      "the policy of the repository must let lambda.amazonaws.com do ecr:BatchGetImage and "
      "ecr:GetDownloadUrlForLayer" },
    { "ImageDeleted", "the image is not in the repository any more; look at its lifecycle policy" },
    { "InvalidImage", "'terrane check' finds what Lambda refuses in an image" },
    { "KMSKeyAccessDenied", "the policy of the KMS key does not let Lambda use it" },
    { "KMSKeyNotFound", "the KMS key of the repository or of the function does not exist" },
    { "DisabledKMSKey", "the KMS key of the repository or of the function is disabled" },
    { "InvalidStateKMSKey", "the KMS key of the repository or of the function cannot be used" },
    { "EniLimitExceeded", "the VPC has no network interfaces left" },
    { "InsufficientRolePermissions", "the function's role lacks permissions for its VPC" },
    { "InternalError", "AWS failed; try again" },
  };
  for (size_t i = 0; code != NULL && i < G_N_ELEMENTS (known); i++)
    if (strcmp (code, known[i].code) == 0)
      return known[i].advice;
  return NULL;
}

static gboolean
fail_state (const TerraneDeployment *self, const char *what, const char *code, const char *reason,
            GError **error)
{
  g_autofree char *quoted_code = oci_quote (code != NULL ? code : "no reason is given");
  g_autofree char *quoted = oci_quote (reason != NULL ? reason : "");
  const char *advice = advise (code);
  return oci_throw (error, OCI_ERROR_DENIED, "the function %s: %s: %s%s%s%s%s", self->name, what,
                    quoted_code, reason != NULL ? ": " : "", reason != NULL ? quoted : "",
                    advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

gboolean
terrane_deployment_check_state (const TerraneDeployment *self, const OciLambdaFunction *function,
                                GError **error)
{
  if (g_strcmp0 (function->update_status, "Failed") == 0)
    return fail_state (self, "AWS could not take the image", function->update_reason_code,
                       function->update_reason, error);
  if (g_strcmp0 (function->state, "Failed") == 0)
    return fail_state (self, "it cannot run", function->state_reason_code, function->state_reason,
                       error);
  return TRUE;
}
