#include "oci/registry/credential-helper.h"

#include "oci/http/helper-process.h"

#include <stdlib.h>
#include <string.h>

/* Message of helpers, with exit code 1, if they have nothing for the server. */
#define NOT_FOUND_TEXT "credentials not found in native keychain"
/* User name for an identity token. */
#define TOKEN_USER "<token>"

gboolean
oci_credential_helper_is_name (const char *name)
{
  size_t len = strlen (name);
  gboolean ok = len > 0 && len <= 64;
  for (size_t i = 0; ok && i < len; i++)
    ok = g_ascii_isalnum (name[i]) || strchr ("._-", name[i]) != NULL;
  return ok;
}

static gboolean
read_answer (const OciJson *root, const char **out_user, const char **out_secret)
{
  OciJson user, secret;
  return oci_json_object (root, NULL) && oci_json_require (root, "Username", &user)
         && oci_json_string (&user, out_user) && oci_json_require (root, "Secret", &secret)
         && oci_json_string (&secret, out_secret);
}

OciCredentials *
oci_credential_helper_parse (const char *name, GBytes *data, GError **error)
{
  OciJson root;
  const char *user = NULL, *secret = NULL;
  g_autoptr (OciCredentials) self = NULL;
  g_autoptr (OciJsonDocument) document = oci_secret_json_parse (name, data, &root, error);
  if (document == NULL)
    return NULL;
  if (read_answer (&root, &user, &secret))
    {
      self = g_new0 (OciCredentials, 1);
      self->user = g_strdup (user);
      self->password = g_strdup (secret);
      self->identity_token = strcmp (user, TOKEN_USER) == 0;
    }
  oci_secret_wipe_json ((json_t *) root.value);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&self) : NULL;
}

/* Returns: (transfer full): the first line of the helper's own error message, unless it may contain
 * a secret */
static char *
quote_complaint (const OciProcessResult *result, const char *secret)
{
  const char *texts[] = { result->output, result->messages };
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (OciSecret) line = g_strdup (texts[i]);
      g_strstrip (line);
      line[strcspn (line, "\r\n")] = '\0';
      gboolean secretive =
          strchr (texts[i], '{') != NULL || strstr (texts[i], "Secret") != NULL
          || (secret != NULL && secret[0] != '\0' && strstr (texts[i], secret) != NULL);
      if (line[0] != '\0' && !secretive)
        return oci_quote (line);
    }
  return NULL;
}

static gboolean
fail (const OciProcessResult *result, const char *secret, GError **error)
{
  g_autofree char *complaint = quote_complaint (result, secret);
  g_autofree char *code = result->exit_code >= 0
                              ? g_strdup_printf ("exit code %d", result->exit_code)
                              : g_strdup ("killed by a signal");
  return oci_throw (error, OCI_ERROR_DENIED, "%s (%s)", complaint != NULL ? complaint : "failed",
                    code);
}

static gboolean
says_not_found (const OciProcessResult *result)
{
  g_autofree char *text = g_strdup (result->output);
  return result->exit_code != 0 && strcmp (g_strstrip (text), NOT_FOUND_TEXT) == 0;
}

static char *
program_of (const OciCredentialHelper *self)
{
  return g_strconcat (OCI_CREDENTIAL_HELPER_PREFIX, self->name, NULL);
}

/* Returns: whether it ran; its own failure is in @out_result */
static gboolean
run (const OciCredentialHelper *self, const char *command, const char *input,
     GCancellable *cancellable, OciProcessResult *out_result, GError **error)
{
  g_autofree char *program = program_of (self);
  const char *const argv[] = { program, command, NULL };
  const OciHelperProcess process = {
    .argv = argv,
    .input = input,
    .max_output = OCI_CREDENTIAL_HELPER_MAX_BYTES,
    .timeout_ms = self->timeout_ms > 0 ? self->timeout_ms : OCI_CREDENTIAL_HELPER_TIMEOUT_MS,
  };
  if (oci_credential_helper_is_name (self->name))
    return oci_helper_process_run (&process, cancellable, out_result, error);
  g_autofree char *quoted = oci_quote (self->name);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s is not the name of a credential helper", quoted);
}

/* "docker-credential-x get ‘h.io’, as /home/u/.docker/config.json says" */
static OciErrorPrefix
describe (const OciCredentialHelper *self, const char *command, GError **error)
{
  g_autofree char *server = oci_quote (self->server);
  g_autofree char *name = oci_quote (self->name);
  g_autofree char *program =
      oci_credential_helper_is_name (self->name) ? program_of (self) : g_strdup (name);
  return oci_error_prefix_new (error, "%s %s %s, as %s says", program, command, server,
                               self->origin);
}

gboolean
oci_credential_helper_get (const OciCredentialHelper *self, GCancellable *cancellable,
                           OciCredentials **out_credentials, GError **error)
{
  g_auto (OciErrorPrefix) prefix G_GNUC_UNUSED = describe (self, "get", error);
  g_auto (OciProcessResult) result = { 0 };
  if (!run (self, "get", self->server, cancellable, &result, error))
    return FALSE;
  if (says_not_found (&result))
    {
      *out_credentials = NULL;
      return TRUE;
    }
  if (result.exit_code != 0)
    return fail (&result, NULL, error);
  g_autoptr (GBytes) data = g_bytes_new_static (result.output, result.output_size);
  g_autoptr (OciCredentials) credentials = oci_credential_helper_parse ("its answer", data, error);
  if (credentials == NULL)
    return FALSE;
  credentials->source =
      g_strdup_printf (OCI_CREDENTIAL_HELPER_PREFIX "%s, by %s", self->name, self->origin);
  *out_credentials = g_steal_pointer (&credentials);
  return TRUE;
}

static char *
store_request (const OciCredentialHelper *self, const OciCredentials *credentials)
{
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "ServerURL", oci_json_text (self->server));
  oci_json_set (object, "Username",
                oci_json_text (credentials->identity_token ? TOKEN_USER : credentials->user));
  oci_json_set (object, "Secret", oci_json_text (credentials->password));
  char *text = json_dumps (object, JSON_COMPACT);
  char *copy = g_strdup (text); /* g_free() and free() may differ */
  explicit_bzero (text, strlen (text));
  free (text);
  oci_secret_wipe_json (object);
  return copy;
}

gboolean
oci_credential_helper_store (const OciCredentialHelper *self, const OciCredentials *credentials,
                             GCancellable *cancellable, GError **error)
{
  g_auto (OciErrorPrefix) prefix G_GNUC_UNUSED = describe (self, "store", error);
  g_auto (OciProcessResult) result = { 0 };
  if (!g_utf8_validate (credentials->user, -1, NULL)
      || !g_utf8_validate (credentials->password, -1, NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "helpers take user names and passwords in UTF-8 only");
  g_autoptr (OciSecret) request = store_request (self, credentials);
  return run (self, "store", request, cancellable, &result, error)
         && (result.exit_code == 0 || fail (&result, credentials->password, error));
}

gboolean
oci_credential_helper_erase (const OciCredentialHelper *self, GCancellable *cancellable,
                             gboolean *out_found, GError **error)
{
  g_auto (OciErrorPrefix) prefix G_GNUC_UNUSED = describe (self, "erase", error);
  g_auto (OciProcessResult) result = { 0 };
  if (!run (self, "erase", self->server, cancellable, &result, error))
    return FALSE;
  gboolean not_found = says_not_found (&result);
  if (result.exit_code != 0 && !not_found)
    return fail (&result, NULL, error);
  *out_found = !not_found;
  return TRUE;
}
