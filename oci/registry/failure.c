#include "oci/registry/failure.h"

#include "oci/base/json.h"

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
  if (!coded && quoted == NULL)
    return;
  g_string_append_printf (text, "%s%s%s%s", text->len > 0 ? ", " : "", coded ? code : "",
                          coded && quoted != NULL ? ": " : "", quoted != NULL ? quoted : "");
}

static char *
describe_document (const json_t *root)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const json_t *errors = json_object_get (root, "errors");
  for (size_t i = 0; i < json_array_size (errors) && i < MAX_ERRORS; i++)
    append_error (text, json_array_get (errors, i));
  /* Token servers have other documents: "details" at Docker, "message" and "error" elsewhere. */
  static const char *const others[] = { "details", "message", "error" };
  for (size_t i = 0; text->len == 0 && i < G_N_ELEMENTS (others); i++)
    {
      const char *other = json_string_value (json_object_get (root, others[i]));
      g_autofree char *quoted = other != NULL ? oci_quote (other) : NULL;
      g_string_append (text, quoted != NULL ? quoted : "");
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

char *
oci_registry_failure_text (const OciHttpResponse *response)
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

static char *
advise_login (const OciReference *reference, const OciAuthLookup *lookup, gboolean denied)
{
  const OciCredentials *credentials = lookup->credentials;
  if (credentials == NULL)
    {
      g_autofree char *searched = g_strjoinv (", ", lookup->searched);
      return g_strdup_printf ("no credentials for %s in %s; run 'terrane login %s'",
                              reference->host, searched, reference->host);
    }
  g_autofree char *user = oci_quote (credentials->user);
  return denied ? g_strdup_printf ("the user %s of %s may not do this; ask for the permission, or "
                                   "run 'terrane login %s' as another user",
                                   user, credentials->source, reference->host)
                : g_strdup_printf ("the user %s and the password in %s were refused; run "
                                   "'terrane login %s'",
                                   user, credentials->source, reference->host);
}

/* What to do next. Returns: (transfer full) (nullable) */
static char *
advise (const OciReference *reference, const OciAuthLookup *lookup, const OciHttpResponse *response,
        const char *description)
{
  const char *after = oci_http_response_header (response, "retry-after");
  g_autofree char *quoted = after != NULL ? oci_quote (after) : NULL;
  switch (response->status)
    {
    case 401:
      return advise_login (reference, lookup, FALSE);
    case 403:
      return advise_login (reference, lookup, TRUE);
    case 404:
      if (description != NULL && strstr (description, "NAME_UNKNOWN") != NULL)
        return g_strdup_printf ("create the repository %s in the registry %s first",
                                reference->repository, reference->host);
      return g_strdup_printf ("check the repository's name, and that %s is a registry",
                              reference->host);
    case 413:
      return g_strdup ("the registry or a proxy before it limits the size of uploads");
    case 429:
      return quoted != NULL
                 ? g_strdup_printf ("too many requests; the registry asks to wait %s", quoted)
                 : g_strdup ("too many requests; try again later");
    default:
      return response->status >= 500 ? g_strdup ("the registry has a problem; try again later")
                                     : NULL;
    }
}

static OciError
code_of_status (unsigned status)
{
  if (status == 404)
    return OCI_ERROR_NOT_FOUND;
  if (status == 408 || status == 429 || status == 499 || status >= 500)
    return OCI_ERROR_NETWORK;
  return status >= 400 ? OCI_ERROR_DENIED : OCI_ERROR_FORMAT;
}

gboolean
oci_registry_failure (const OciReference *reference, const OciAuthLookup *lookup,
                      const OciHttpResponse *response, const char *what, GError **error)
{
  g_autofree char *description = oci_registry_failure_text (response);
  g_autofree char *advice = advise (reference, lookup, response, description);
  return oci_throw (error, code_of_status (response->status), "%s: %s%s(HTTP %u)%s%s", what,
                    description != NULL ? description : "",
                    description != NULL ? " " : "unexpected answer ", response->status,
                    advice != NULL ? "; " : "", advice != NULL ? advice : "");
}
