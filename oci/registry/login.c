/* Trying credentials at a registry. */
#include "oci/registry/challenge.h"
#include "oci/registry/failure.h"
#include "oci/registry/registry.h"
#include "oci/registry/url.h"

#include <string.h>

typedef struct
{
  OciHttpClient *client;
  const char *host;
  const OciCredentials *credentials;
  GCancellable *cancellable;
} Login;

static OciHttpResponse *
get (const Login *self, const char *url, const char *authorization, GError **error)
{
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.authorization = authorization;
  return oci_http_client_send (self->client, &request, self->cancellable, error);
}

static gboolean
refuse (const Login *self, const OciHttpResponse *response, GError **error)
{
  g_autofree char *text = oci_registry_failure_text (response);
  g_autofree char *user = oci_quote (self->credentials->user);
  gboolean denied = response->status == 401 || response->status == 403;
  return oci_throw (error, response->status >= 500 ? OCI_ERROR_NETWORK : OCI_ERROR_DENIED,
                    "%s: %s%s%s: %s (HTTP %u)", self->host,
                    denied ? "the registry refuses the user "
                           : "the registry cannot check the user ",
                    user, denied ? " and the password" : "",
                    text != NULL ? text : "it does not say why", response->status);
}

/* GET /v2/ without credentials; *@out_base is the origin that answered. */
static OciHttpResponse *
ping (const Login *self, char **out_base, GError **error)
{
  const char *host = strcmp (self->host, "docker.io") == 0 ? "registry-1.docker.io" : self->host;
  g_autoptr (GError) local = NULL;
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *url = g_strdup_printf ("https://%s/v2/", host);
  g_autoptr (OciHttpResponse) response = get (self, url, NULL, &local);
  gboolean unreachable = g_error_matches (local, OCI_ERROR, OCI_ERROR_NETWORK)
                         || g_error_matches (local, OCI_ERROR, OCI_ERROR_UNREACHABLE);
  if (unreachable && oci_url_origin (url, &origin, NULL)
      && (oci_url_is_loopback (&origin) || oci_http_client_is_insecure (self->client)))
    {
      g_free (url);
      url = g_strdup_printf ("http://%s/v2/", host);
      response = get (self, url, NULL, NULL);
    }
  if (response == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    *out_base = g_steal_pointer (&url);
  return g_steal_pointer (&response);
}

static char *
basic_header (const OciCredentials *credentials)
{
  g_autoptr (OciSecret) pair = g_strconcat (credentials->user, ":", credentials->password, NULL);
  g_autoptr (OciSecret) encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  return g_strconcat ("Basic ", encoded, NULL);
}

/* Token specification: "token", or "access_token" for OAuth 2.0's sake. */
static char *
bearer_header (const OciHttpResponse *response, GError **error)
{
  OciJson root, member;
  const char *token = NULL;
  g_autoptr (OciJsonDocument) document =
      oci_secret_json_parse ("token", response->body, &root, NULL);
  if (document != NULL && oci_json_object (&root, NULL)
      && (oci_json_member (&root, "token", &member)
          || oci_json_member (&root, "access_token", &member)))
    (void) oci_json_string (&member, &token); /* said below */
  if (token == NULL)
    oci_throw (error, OCI_ERROR_FORMAT, "the token server's answer has no token in it");
  return token != NULL ? g_strconcat ("Bearer ", token, NULL) : NULL;
}

static char *
fetch_token (const Login *self, const OciChallenge *challenge, const char *base, const char *basic,
             GError **error)
{
  const char *realm = oci_challenge_param (challenge, "realm");
  const char *service = oci_challenge_param (challenge, "service");
  if (realm == NULL || (g_str_has_prefix (base, "https:") && !g_str_has_prefix (realm, "https:")))
    {
      oci_throw (error, OCI_ERROR_DENIED, "%s: the registry names no token server with https",
                 self->host);
      return NULL;
    }
  g_autofree char *url =
      service != NULL ? oci_url_add_query (realm, "service", service, error) : g_strdup (realm);
  g_autoptr (OciHttpResponse) response = url != NULL ? get (self, url, basic, error) : NULL;
  if (response == NULL)
    return NULL;
  if (response->status == 200)
    return bearer_header (response, error);
  (void) refuse (self, response, error); /* NULL says it */
  return NULL;
}

/* The Authorization value that answers the registry's challenge. */
static char *
answer (const Login *self, const OciHttpResponse *response, const char *base, GError **error)
{
  const char *field = oci_http_response_header (response, "www-authenticate");
  g_autoptr (GPtrArray) challenges = oci_challenges_parse (field != NULL ? field : "", error);
  if (challenges == NULL)
    return NULL;
  g_autoptr (OciSecret) basic = basic_header (self->credentials);
  const OciChallenge *bearer = oci_challenges_find (challenges, "Bearer");
  if (bearer != NULL)
    return fetch_token (self, bearer, base, basic, error);
  if (oci_challenges_find (challenges, "Basic") != NULL)
    return g_steal_pointer (&basic);
  oci_throw (error, OCI_ERROR_UNSUPPORTED,
             "%s: the registry wants an authentication that is neither Basic nor Bearer",
             self->host);
  return NULL;
}

gboolean
oci_registry_check_login (OciHttpClient *client, const char *host,
                          const OciCredentials *credentials, GCancellable *cancellable,
                          GError **error)
{
  const Login self = {
    .client = client, .host = host, .credentials = credentials, .cancellable = cancellable
  };
  g_autofree char *url = NULL;
  g_autoptr (OciHttpResponse) first = ping (&self, &url, error);
  if (first == NULL || first->status == 200)
    return first != NULL;
  if (first->status != 401)
    return refuse (&self, first, error);
  g_autoptr (OciSecret) header = answer (&self, first, url, error);
  g_autoptr (OciHttpResponse) second = header != NULL ? get (&self, url, header, error) : NULL;
  return second != NULL && (second->status == 200 || refuse (&self, second, error));
}
