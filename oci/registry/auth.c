#include "oci/registry/auth.h"

#include "oci/base/json.h"
#include "oci/registry/challenge.h"
#include "oci/registry/failure.h"
#include "oci/registry/url.h"

#include <string.h>

struct _OciRegistryAuth
{
  OciHttpClient *client; /* borrowed */
  OciReference *reference;
  char *scope;
  OciAuthLookup *lookup;
  GMutex mutex;     /* guards what follows, and is held while a token is fetched */
  char *header;     /* (nullable): secret */
  guint generation; /* counts the values that @header had */
};

OciRegistryAuth *
oci_registry_auth_new (OciHttpClient *client, const OciReference *reference, const char *actions,
                       GError **error)
{
  g_autoptr (OciAuthLookup) lookup =
      oci_auth_lookup (reference->host, reference->repository, NULL, error);
  if (lookup == NULL)
    return NULL;
  OciRegistryAuth *self = g_new0 (OciRegistryAuth, 1);
  self->client = client;
  self->reference = oci_reference_copy (reference);
  self->scope = g_strdup_printf ("repository:%s:%s", reference->repository, actions);
  self->lookup = g_steal_pointer (&lookup);
  g_mutex_init (&self->mutex);
  return self;
}

void
oci_registry_auth_free (OciRegistryAuth *self)
{
  if (self == NULL)
    return;
  oci_reference_free (self->reference);
  g_free (self->scope);
  oci_auth_lookup_free (self->lookup);
  oci_secret_free (self->header);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

const OciAuthLookup *
oci_registry_auth_lookup (const OciRegistryAuth *self)
{
  return self->lookup;
}

char *
oci_registry_auth_header (OciRegistryAuth *self, guint *out_generation)
{
  g_mutex_lock (&self->mutex);
  char *header = g_strdup (self->header);
  *out_generation = self->generation;
  g_mutex_unlock (&self->mutex);
  return header;
}

static char *
basic_header (const OciCredentials *credentials)
{
  g_autoptr (OciSecret) pair = g_strconcat (credentials->user, ":", credentials->password, NULL);
  g_autoptr (OciSecret) encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  return g_strconcat ("Basic ", encoded, NULL);
}

static void
set_header (OciRegistryAuth *self, char *header)
{
  oci_secret_free (self->header);
  self->header = header;
  self->generation++;
}

static char *
token_url (const OciRegistryAuth *self, const OciChallenge *challenge, const char *registry_url,
           GError **error)
{
  const char *realm = oci_challenge_param (challenge, "realm");
  const char *service = oci_challenge_param (challenge, "service");
  if (realm == NULL || g_str_has_prefix (realm, "//"))
    {
      oci_throw (error, OCI_ERROR_FORMAT, "the registry names no token server");
      return NULL;
    }
  if (g_str_has_prefix (registry_url, "https:") && !g_str_has_prefix (realm, "https:"))
    {
      g_autofree char *quoted = oci_quote (realm);
      oci_throw (error, OCI_ERROR_DENIED, "the registry's token server %s has no https", quoted);
      return NULL;
    }
  g_autofree char *with_service =
      service != NULL ? oci_url_add_query (realm, "service", service, error) : g_strdup (realm);
  return with_service != NULL ? oci_url_add_query (with_service, "scope", self->scope, error)
                              : NULL;
}

/* Token specification: "token", or "access_token" for OAuth 2.0's sake. */
static char *
read_token (const OciHttpResponse *response, GError **error)
{
  OciJson root, member;
  const char *token = NULL;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("token", response->body, OCI_ERROR_FORMAT, &root, NULL);
  if (document != NULL && oci_json_object (&root, NULL)
      && (oci_json_member (&root, "token", &member)
          || oci_json_member (&root, "access_token", &member)))
    (void) oci_json_string (&member, &token); /* said below */
  if (token == NULL)
    oci_throw (error, OCI_ERROR_FORMAT, "the token server's answer has no token in it");
  return token != NULL ? g_strconcat ("Bearer ", token, NULL) : NULL;
}

static char *
fetch_token (OciRegistryAuth *self, const OciChallenge *challenge, const char *registry_url,
             GCancellable *cancellable, GError **error)
{
  g_autofree char *url = token_url (self, challenge, registry_url, error);
  if (url == NULL)
    return NULL;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  g_autoptr (OciSecret) basic =
      self->lookup->credentials != NULL ? basic_header (self->lookup->credentials) : NULL;
  request.authorization = basic;
  g_autoptr (OciHttpResponse) response =
      oci_http_client_send (self->client, &request, cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status == 200)
    return read_token (response, error);
  oci_registry_failure (self->reference, self->lookup, response, "asking for a token", error);
  return NULL;
}

/* Sets a new header when the challenge can be answered. */
static gboolean
answer_locked (OciRegistryAuth *self, const OciHttpResponse *response, GCancellable *cancellable,
               GError **error)
{
  const char *field = oci_http_response_header (response, "www-authenticate");
  g_autoptr (GPtrArray) challenges = oci_challenges_parse (field != NULL ? field : "", error);
  if (challenges == NULL)
    return FALSE;
  const OciChallenge *bearer = oci_challenges_find (challenges, "Bearer");
  if (bearer != NULL)
    {
      char *header = fetch_token (self, bearer, response->url, cancellable, error);
      if (header != NULL)
        set_header (self, header);
      return header != NULL;
    }
  if (oci_challenges_find (challenges, "Basic") != NULL)
    {
      if (self->lookup->credentials != NULL && self->header == NULL)
        set_header (self, basic_header (self->lookup->credentials));
      return TRUE;
    }
  if (challenges->len == 0)
    return TRUE;
  const OciChallenge *first = challenges->pdata[0];
  g_autofree char *quoted = oci_quote (first->scheme);
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "the registry wants the authentication %s; terrane has Basic and Bearer",
                    quoted);
}

gboolean
oci_registry_auth_answer (OciRegistryAuth *self, const OciHttpResponse *response, guint generation,
                          GCancellable *cancellable, gboolean *out_retry, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean ok =
      self->generation != generation || answer_locked (self, response, cancellable, error);
  *out_retry = ok && self->generation != generation;
  g_mutex_unlock (&self->mutex);
  return ok;
}
