#include "oci/registry/failure.h"

#include "oci/registry/cloud-registry.h"

#include "oci/base/json.h"
#include "oci/base/redact.h"

#include <string.h>

enum
{
  MAX_ERRORS = 3,
  MAX_CODE_BYTES = 64,
};

static gboolean
is_code (const char *text)
{
  size_t len = strlen (text);
  gboolean ok = len > 0 && len <= MAX_CODE_BYTES;
  for (size_t i = 0; ok && i < len; i++)
    ok = g_ascii_isalnum (text[i]) || text[i] == '_' || text[i] == '-';
  return ok;
}

/* One element of "errors". */
static void
append_error (GString *text, const json_t *item)
{
  const char *code = json_string_value (json_object_get (item, "code"));
  const char *message = json_string_value (json_object_get (item, "message"));
  g_autofree char *quoted = message != NULL && message[0] != '\0' ? oci_quote (message) : NULL;
  gboolean coded = code != NULL && is_code (code);
  g_autofree char *shown = coded ? oci_redact (code) : NULL;
  if (!coded && quoted == NULL)
    return;
  g_string_append_printf (text, "%s%s%s%s", text->len > 0 ? ", " : "", coded ? shown : "",
                          coded && quoted != NULL ? ": " : "", quoted != NULL ? quoted : "");
}

static char *
describe_document (const json_t *root)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const json_t *errors = json_object_get (root, "errors");
  for (size_t i = 0; i < json_array_size (errors) && i < MAX_ERRORS; i++)
    append_error (text, json_array_get (errors, i));
  /* Token servers have other documents: "details" for Docker, "message" and "error" for others. */
  static const char *const others[] = { "details", "message", "error" };
  for (size_t i = 0; text->len == 0 && i < G_N_ELEMENTS (others); i++)
    {
      const char *other = json_string_value (json_object_get (root, others[i]));
      g_autofree char *quoted = other != NULL ? oci_quote (other) : NULL;
      g_string_append (text, quoted != NULL ? quoted : "");
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* Returns: (transfer full) (nullable): the registry's own message */
static char *
describe_body (const OciHttpResponse *response)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  if (size == 0)
    return NULL;
  g_autoptr (OciJsonValue) root = json_loadb (data, size, 0, NULL);
  if (root != NULL)
    return describe_document (root);
  g_autofree char *text = g_strndup (data, size);
  g_strstrip (text);
  text[strcspn (text, "\r\n")] = '\0';
  return text[0] != '\0' && text[0] != '<' ? oci_quote (text) : NULL; /* no HTML error pages */
}

gboolean
oci_registry_failure_has_code (const OciHttpResponse *response, const char *code)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) root = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  const json_t *errors = json_object_get (root, "errors");
  for (size_t i = 0; i < json_array_size (errors); i++)
    {
      const char *text = json_string_value (json_object_get (json_array_get (errors, i), "code"));
      if (text != NULL && strcmp (text, code) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
oci_registry_failure_is_expiry (const OciHttpResponse *response)
{
  g_autofree char *description = describe_body (response);
  g_autofree char *lower = description != NULL ? g_ascii_strdown (description, -1) : NULL;
  return lower != NULL && strstr (lower, "expired") != NULL;
}

/* IAM's answers name the action that was not allowed. */
static char *
advise_denied (const char *description, const char *login_advice)
{
  const char *action = description != NULL ? strstr (description, "perform: ") : NULL;
  if (action != NULL)
    {
      action += strlen ("perform: ");
      g_autofree char *name = g_strndup (action, strspn (action, "abcdefghijklmnopqrstuvwxyz-:"
                                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
      return g_strdup_printf ("the AWS identity lacks the permission %s on this repository", name);
    }
  if (description != NULL && strstr (description, "token has expired") != NULL)
    return g_strdup_printf ("tokens last 12 hours and count in the region of the registry only%s%s",
                            login_advice != NULL ? "; " : "",
                            login_advice != NULL ? login_advice : "");
  return g_strdup (login_advice);
}

static char *
advise_invalid (const OciHttpResponse *response, const char *description)
{
  if (oci_registry_failure_has_code (response, "TAG_INVALID"))
    return g_strdup ("the tag cannot be moved to another image here; push under a new tag");
  if (oci_registry_failure_has_code (response, "BLOB_UPLOAD_UNKNOWN") && description != NULL
      && strstr (description, "e3b0c44298fc1c14") != NULL)
    return g_strdup ("this registry does not keep empty blobs, and the image has an empty layer");
  if (description != NULL && strstr (description, "Invalid JSON syntax") != NULL)
    return g_strdup ("ECR wants a \"mediaType\" in the manifest, which this image has not; "
                     "use it as the base of a profile to get one that has");
  return NULL;
}

static char *
advise_not_found (const OciReference *reference, const OciHttpResponse *response,
                  const char *description)
{
  g_autoptr (OciCloudRegistry) cloud = oci_cloud_registry_new (reference->host);
  if (oci_registry_failure_has_code (response, "NAME_UNKNOWN"))
    return cloud != NULL
               ? g_strdup_printf ("--create-repository creates %s when it is pushed to",
                                  reference->repository)
               : g_strdup_printf ("there is no repository %s on %s; check the name, or create "
                                  "it in the registry first",
                                  reference->repository, reference->host);
  char *invalid = advise_invalid (response, description);
  if (invalid != NULL)
    return invalid;
  if (oci_registry_failure_has_code (response, "MANIFEST_UNKNOWN"))
    return g_strdup_printf ("the repository %s has no such image", reference->repository);
  return g_strdup_printf ("check the repository's name, and that %s is a registry",
                          reference->host);
}

/* Returns: (transfer full) (nullable): advice */
static char *
advise (const OciReference *reference, const char *login_advice, const OciHttpResponse *response,
        const char *description)
{
  const char *after = oci_http_response_header (response, "retry-after");
  g_autofree char *quoted = after != NULL ? oci_quote (after) : NULL;
  switch (response->status)
    {
    case 400:
    case 405:
      return advise_invalid (response, description);
    case 401:
      return g_strdup (login_advice);
    case 403:
      return advise_denied (description, login_advice);
    case 404:
      return advise_not_found (reference, response, description);
    case 413:
      return g_strdup ("the registry or a proxy before it limits the size of uploads");
    case 429:
      return quoted != NULL
                 ? g_strdup_printf ("too many requests; the registry asks to wait %s", quoted)
                 : g_strdup ("too many requests; try again later, or log in for a higher limit");
    default:
      return response->status >= 500 ? g_strdup ("the registry has a problem; try again later")
                                     : NULL;
    }
}

static OciError
code_of (const OciHttpResponse *response)
{
  const unsigned status = response->status;
  if (status == 400 && oci_registry_failure_has_code (response, "TAG_INVALID"))
    return OCI_ERROR_EXISTS; /* and cannot be moved */
  if (status == 404)
    return OCI_ERROR_NOT_FOUND;
  if (status == 408 || status == 429 || status == 499 || status >= 500)
    return OCI_ERROR_NETWORK;
  return status >= 400 ? OCI_ERROR_DENIED : OCI_ERROR_FORMAT;
}

gboolean
oci_registry_failure (const OciReference *reference, const char *login_advice,
                      const OciHttpResponse *response, const char *what, GError **error)
{
  g_autofree char *description = describe_body (response);
  g_autofree char *advice = advise (reference, login_advice, response, description);
  return oci_throw (error, code_of (response), "%s: %s%s(HTTP %u)%s%s", what,
                    description != NULL ? description : "",
                    description != NULL ? " " : "unexpected answer ", response->status,
                    advice != NULL ? "; " : "", advice != NULL ? advice : "");
}
