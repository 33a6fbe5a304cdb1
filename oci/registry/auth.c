#include "oci/registry/auth.h"

#include "oci/base/json.h"
#include "oci/base/redact.h"
#include "oci/http/retry.h"
#include "oci/http/url.h"
#include "oci/registry/challenge.h"
#include "oci/registry/cloud-registry.h"
#include "oci/registry/failure.h"
#include "oci/registry/scope.h"

#include <string.h>

enum
{
  TOKEN_DEFAULT_SECONDS = 60,    /* token specification, "expires_in" */
  TOKEN_MAX_SECONDS = 24 * 3600, /* maximum that is believed */
  TOKEN_MARGIN_MAX_SECONDS = 30, /* a token is replaced this long before it expires */
};

struct _OciRegistryAuth
{
  OciHttpClient *client; /* borrowed */
  OciReference *reference;
  char *scope;     /* (nullable): of the own repository */
  gboolean pushes; /* with it, tokens for pushing are requested */
  OciAuthLookup *lookup;
  gboolean login;          /* only the given credentials are used */
  OciCloudRegistry *cloud; /* (nullable) */
  GMutex mutex;            /* guards the members below, and is held while a token is requested */
  const OciCredentials *credentials; /* (nullable): in use: from @lookup, or @cloud_credentials */
  OciCredentials *cloud_credentials; /* (nullable) */
  GError *cloud_failure;             /* (nullable): why there are none: requested once */
  gint64 cloud_expires;              /* seconds since 1970 */
  gboolean tried;                    /* @credentials were sent as Basic */
  GPtrArray *sources;                /* scopes of other repositories */
  GPtrArray *wanted;                 /* scopes that challenges named */
  gboolean own_only;                 /* the token server refuses @sources */
  char *realm;      /* (nullable): from the last Bearer challenge, with its service */
  char *header;     /* (nullable): secret */
  gint64 expires;   /* monotonic microseconds when @header should be replaced; 0 for never */
  guint generation; /* counts the values of @header */
};

static OciRegistryAuth *
auth_new (OciHttpClient *client, const OciReference *reference, OciAuthLookup *lookup)
{
  OciRegistryAuth *self = g_new0 (OciRegistryAuth, 1);
  self->client = client;
  self->reference = oci_reference_copy (reference);
  self->lookup = lookup;
  self->credentials = lookup->credentials;
  self->cloud = oci_cloud_registry_new (reference->host);
  self->sources = g_ptr_array_new_with_free_func (g_free);
  self->wanted = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&self->mutex);
  return self;
}

OciRegistryAuth *
oci_registry_auth_new (OciHttpClient *client, const OciReference *reference, const char *actions,
                       GCancellable *cancellable, GError **error)
{
  OciAuthLookup *lookup =
      oci_auth_lookup (reference->host, reference->repository, cancellable, error);
  if (lookup == NULL)
    return NULL;
  OciRegistryAuth *self = auth_new (client, reference, lookup);
  self->scope = g_strdup_printf ("repository:%s:%s", reference->repository, actions);
  self->pushes = strstr (actions, "push") != NULL;
  return self;
}

OciRegistryAuth *
oci_registry_auth_new_with (OciHttpClient *client, const OciReference *reference,
                            OciCredentials *credentials)
{
  OciAuthLookup *lookup = g_new0 (OciAuthLookup, 1);
  lookup->credentials = credentials;
  lookup->searched = g_new0 (char *, 1);
  OciRegistryAuth *self = auth_new (client, reference, lookup);
  self->login = TRUE;
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
  oci_credentials_free (self->cloud_credentials);
  g_clear_error (&self->cloud_failure);
  oci_cloud_registry_free (self->cloud);
  g_ptr_array_unref (self->sources);
  g_ptr_array_unref (self->wanted);
  g_free (self->realm);
  oci_secret_free (self->header);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
oci_registry_auth_add_source (OciRegistryAuth *self, const char *repository)
{
  g_autofree char *scope = g_strdup_printf ("repository:%s:pull", repository);
  g_mutex_lock (&self->mutex);
  if (!g_ptr_array_find_with_equal_func (self->sources, scope, g_str_equal, NULL))
    g_ptr_array_add (self->sources, g_steal_pointer (&scope));
  g_mutex_unlock (&self->mutex);
}

char *
oci_registry_auth_describe (OciRegistryAuth *self)
{
  g_mutex_lock (&self->mutex);
  gboolean aws = self->credentials == NULL && self->cloud != NULL && !self->login;
  char *text = self->credentials != NULL
                   ? g_strdup_printf ("credentials from %s", self->credentials->source)
                   : g_strdup (aws ? "credentials from AWS" : "no credentials found");
  g_mutex_unlock (&self->mutex);
  return text;
}

typedef enum
{
  REFUSED_WRONG,   /* wrong password */
  REFUSED_EXPIRED, /* expired password */
  REFUSED_DENIED,  /* valid user without this permission */
  REFUSED_SCOPE,   /* the token server issued a token that does not allow this */
  REFUSED_TOKEN,   /* the registry does not accept a token of its own token server */
} Refusal;

static const OciChallenge *
find_bearer (const OciHttpResponse *response, GPtrArray **out_challenges)
{
  const char *field = oci_http_response_header (response, "www-authenticate");
  *out_challenges = field != NULL ? oci_challenges_parse (field, NULL) : NULL;
  return *out_challenges != NULL ? oci_challenges_find (*out_challenges, "Bearer") : NULL;
}

/* @by_registry: the answer is from the registry instead of its token server */
static Refusal
classify (const OciRegistryAuth *self, const OciHttpResponse *response, gboolean by_registry)
{
  g_autoptr (GPtrArray) challenges = NULL;
  const OciChallenge *bearer = find_bearer (response, &challenges);
  const char *reason = bearer != NULL ? oci_challenge_param (bearer, "error") : NULL;
  gboolean token = by_registry && self->realm != NULL && self->header != NULL;
  gboolean expired = oci_registry_failure_is_expiry (response);
  if (token && response->status == 401)
    return expired || g_strcmp0 (reason, "invalid_token") == 0 ? REFUSED_TOKEN : REFUSED_SCOPE;
  if (expired)
    return REFUSED_EXPIRED;
  return response->status == 403 ? REFUSED_DENIED : REFUSED_WRONG;
}

/* @user: quoted */
static char *
advise_user (const OciRegistryAuth *self, Refusal refusal, const char *user)
{
  const char *host = self->reference->host;
  const char *source = self->credentials->source;
  switch (refusal)
    {
    case REFUSED_EXPIRED:
      return g_strdup_printf ("the password of the user %s in %s has expired; get another, and run "
                              "'terrane login %s'",
                              user, source, host);
    case REFUSED_DENIED:
      return g_strdup_printf ("the user %s of %s may not do this; ask for the permission, or "
                              "run 'terrane login %s' as another user",
                              user, source, host);
    case REFUSED_SCOPE:
      return g_strdup_printf ("the user %s of %s is known, and gets no token to %s %s; ask for the "
                              "permission, or run 'terrane login %s' as another user",
                              user, source, self->pushes ? "push to" : "pull from",
                              self->reference->repository, host);
    case REFUSED_TOKEN:
      return g_strdup_printf ("%s does not take the token that its token server has given just "
                              "now; compare this machine's clock with theirs",
                              host);
    case REFUSED_WRONG:
    default:
      return g_strdup_printf ("the user %s and the password in %s were refused; run "
                              "'terrane login %s'",
                              user, source, host);
    }
}

static char *
advise_locked (const OciRegistryAuth *self, Refusal refusal)
{
  const char *host = self->reference->host;
  const OciCredentials *credentials = self->credentials;
  g_autofree char *user = credentials != NULL ? oci_quote (credentials->user) : NULL;
  if (self->login && credentials != NULL && refusal == REFUSED_EXPIRED)
    return g_strdup_printf ("the password of the user %s has expired; get another", user);
  if (self->login && credentials != NULL)
    return g_strdup_printf ("the user %s or the password is wrong", user);
  if (credentials == NULL)
    {
      g_autofree char *searched = g_strjoinv (", ", self->lookup->searched);
      return g_strdup_printf ("%sno credentials for %s in %s; run 'terrane login %s'",
                              refusal == REFUSED_SCOPE ? "without a login it is not allowed, and "
                                                       : "",
                              host, searched, host);
    }
  if (credentials == self->cloud_credentials)
    return g_strdup_printf ("the %s was used", credentials->source);
  return advise_user (self, refusal, user);
}

char *
oci_registry_auth_advise (OciRegistryAuth *self, const OciHttpResponse *response)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  return advise_locked (self, classify (self, response, TRUE));
}

static void
set_header (OciRegistryAuth *self, char *header, gint64 expires)
{
  oci_secret_free (self->header);
  self->header = header;
  self->expires = expires;
  self->generation++;
}

static gboolean
is_ecr_public (const OciRegistryAuth *self)
{
  return strcmp (self->reference->host, "public.ecr.aws") == 0
         || strcmp (self->reference->host, "ecr-public.aws.com") == 0;
}

/* The credentials in use were refused, or there are none: tries the next ones. *@out_changed:
 * whether there are any. */
static gboolean
next_credentials (OciRegistryAuth *self, GCancellable *cancellable, gboolean *out_changed,
                  GError **error)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  gboolean fresh = self->cloud_credentials != NULL && self->credentials == self->cloud_credentials
                   && now < self->cloud_expires;
  *out_changed = FALSE;
  if (self->login)
    return TRUE;
  if (self->cloud != NULL && !fresh)
    {
      OciCredentials *credentials = NULL;
      if (self->credentials != NULL && self->credentials != self->cloud_credentials)
        oci_http_client_notice (self->client,
                                "%s refuses the credentials from %s; asking %s for others",
                                self->reference->host, self->credentials->source,
                                oci_cloud_registry_name (self->cloud));
      if (self->cloud_failure != NULL
          || !oci_cloud_registry_authorize (self->cloud, self->client, cancellable, &credentials,
                                            &self->cloud_expires, &self->cloud_failure))
        { /* concurrent requests do not try one source after another */
          g_propagate_error (error, g_error_copy (self->cloud_failure));
          return FALSE;
        }
      oci_credentials_free (self->cloud_credentials);
      self->credentials = self->cloud_credentials = credentials;
      *out_changed = TRUE;
    }
  else if (is_ecr_public (self) && self->credentials != NULL)
    {
      oci_http_client_notice (self->client,
                              "%s refuses the credentials from %s; going on without any",
                              self->reference->host, self->credentials->source);
      self->credentials = NULL;
      *out_changed = TRUE;
    }
  self->tried = self->tried && !*out_changed;
  return TRUE;
}

/* Reads the location of tokens from the challenge, for later tokens, too. */
static gboolean
take_realm (OciRegistryAuth *self, const OciChallenge *challenge, const char *registry_url,
            GError **error)
{
  const char *realm = oci_challenge_param (challenge, "realm");
  const char *service = oci_challenge_param (challenge, "service");
  if (realm == NULL || g_str_has_prefix (realm, "//"))
    return oci_throw (error, OCI_ERROR_FORMAT, "the registry names no token server");
  if (g_str_has_prefix (registry_url, "https:") && !g_str_has_prefix (realm, "https:"))
    {
      g_autofree char *quoted = oci_url_quote (realm);
      return oci_throw (error, OCI_ERROR_DENIED, "the registry's token server %s has no https",
                        quoted);
    }
  char *url =
      service != NULL ? oci_url_add_query (realm, "service", service, error) : g_strdup (realm);
  if (url == NULL)
    return FALSE;
  g_free (self->realm);
  self->realm = url;
  return TRUE;
}

static gboolean
add_scopes (char **url, const GPtrArray *scopes, GError **error)
{
  for (guint i = 0; i < scopes->len; i++)
    {
      char *longer = oci_url_add_query (*url, "scope", scopes->pdata[i], error);
      if (longer == NULL)
        return FALSE;
      g_free (*url);
      *url = longer;
    }
  return TRUE;
}

static char *
token_url (const OciRegistryAuth *self, GError **error)
{
  g_autofree char *url = g_strdup (self->realm);
  g_autoptr (GPtrArray) scopes = g_ptr_array_new (); /* borrowed */
  if (self->scope != NULL)
    {
      g_ptr_array_add (scopes, self->scope);
      g_ptr_array_extend (scopes, self->sources, NULL, NULL);
    }
  g_ptr_array_extend (scopes, self->wanted, NULL, NULL);
  if (!add_scopes (&url, scopes, error))
    return NULL;
  return g_steal_pointer (&url);
}

/* Returns: (transfer full): scopes of a challenge for which no token was requested */
static GPtrArray *
new_scopes (const OciRegistryAuth *self, const OciChallenge *challenge)
{
  g_autoptr (GPtrArray) asked = g_ptr_array_new (); /* borrowed */
  if (self->scope != NULL)
    g_ptr_array_add (asked, self->scope);
  g_ptr_array_extend (asked, self->sources, NULL, NULL);
  g_ptr_array_extend (asked, self->wanted, NULL, NULL);
  GPtrArray *scopes = oci_scopes_missing (oci_challenge_param (challenge, "scope"), asked);
  guint room = self->own_only ? 0 : OCI_SCOPES_MAX - self->wanted->len;
  g_ptr_array_set_size (scopes, (gint) MIN (scopes->len, room));
  return scopes;
}

gboolean
oci_registry_auth_wants_scope (OciRegistryAuth *self, const OciHttpResponse *response)
{
  g_autoptr (GPtrArray) challenges = NULL;
  const OciChallenge *bearer = response->status == 401 ? find_bearer (response, &challenges) : NULL;
  if (bearer == NULL)
    return FALSE;
  g_mutex_lock (&self->mutex);
  g_autoptr (GPtrArray) scopes = new_scopes (self, bearer);
  g_mutex_unlock (&self->mutex);
  return scopes->len > 0;
}

/* Token specification: "token", or "access_token" for OAuth 2.0; some servers send both, one of
 * them empty. */
static const char *
find_token (const json_t *root)
{
  static const char *const members[] = { "token", "access_token" };
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      const char *text = json_string_value (json_object_get (root, members[i]));
      if (text != NULL && text[0] != '\0')
        return text;
    }
  return NULL;
}

static gboolean
take_token (OciRegistryAuth *self, const OciHttpResponse *response, GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) root = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  const char *token = find_token (root);
  double announced = json_number_value (json_object_get (root, "expires_in"));
  gint64 seconds =
      announced >= 1 ? (gint64) MIN (announced, TOKEN_MAX_SECONDS) : TOKEN_DEFAULT_SECONDS;
  if (token != NULL)
    {
      seconds -= MIN (seconds / 4, TOKEN_MARGIN_MAX_SECONDS);
      set_header (self, g_strconcat ("Bearer ", token, NULL),
                  g_get_monotonic_time () + seconds * G_USEC_PER_SEC);
    }
  oci_secret_wipe_json (root);
  return token != NULL
         || oci_throw (error, OCI_ERROR_FORMAT, "the token server's answer has no token in it");
}

/* OAuth 2.0: an identity token is exchanged, not sent as a password. */
static OciHttpResponse *
exchange_identity_token (const OciRegistryAuth *self, const char *url, GCancellable *cancellable,
                         GError **error)
{
  static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
  const char *query = strchr (url, '?');
  g_autofree char *bare = query != NULL ? g_strndup (url, (gsize) (query - url)) : g_strdup (url);
  g_autoptr (OciSecret) escaped = g_uri_escape_string (self->credentials->password, NULL, FALSE);
  g_autofree char *fields = g_strdup (query != NULL ? query + 1 : "");
  OciSecret *form = g_strconcat (
      "grant_type=refresh_token&client_id=terrane&refresh_token=", escaped, "&", fields, NULL);
  g_autoptr (GBytes) body =
      g_bytes_new_with_free_func (form, strlen (form), (GDestroyNotify) oci_secret_free, form);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", bare);
  request.headers = headers;
  request.body = body;
  request.secret_body = TRUE;
  oci_redact_add (self->credentials->password);
  return oci_http_client_send (self->client, &request, cancellable, error);
}

static OciHttpResponse *
request_token (const OciRegistryAuth *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *url = token_url (self, error);
  if (url == NULL)
    return NULL;
  if (self->credentials != NULL && self->credentials->identity_token)
    return exchange_identity_token (self, url, cancellable, error);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  g_autoptr (OciSecret) basic =
      self->credentials != NULL ? oci_credentials_basic_header (self->credentials) : NULL;
  request.authorization = basic;
  return oci_http_client_send (self->client, &request, cancellable, error);
}

static OciHttpResponse *
try_token (gpointer data, GCancellable *cancellable, GError **error)
{
  return request_token (data, cancellable, error);
}

static OciHttpResponse *
request_token_patiently (OciRegistryAuth *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  OciRetry retry = { .client = self->client, .what = "the token server" };
  OciHttpResponse *response = oci_retry_send (&retry, try_token, self, cancellable, &local);
  if (response == NULL)
    {
      oci_retry_spend (local);
      g_propagate_error (error, g_steal_pointer (&local));
    }
  return response;
}

static gboolean
fetch_token (OciRegistryAuth *self, GCancellable *cancellable, GError **error)
{
  for (;;)
    {
      gboolean changed = FALSE;
      g_autoptr (OciHttpResponse) response = request_token_patiently (self, cancellable, error);
      if (response == NULL)
        return FALSE;
      if (response->status / 100 == 2)
        return take_token (self, response, error);
      gboolean refused =
          response->status == 400 || response->status == 401 || response->status == 403;
      if (refused && self->sources->len > 0)
        {
          g_ptr_array_set_size (self->sources, 0);
          changed = TRUE;
        }
      else if (refused && self->wanted->len > 0)
        {
          g_ptr_array_set_size (self->wanted, 0);
          self->own_only = changed = TRUE;
        }
      else if (refused && !next_credentials (self, cancellable, &changed, error))
        return FALSE;
      if (changed)
        continue;
      g_autofree char *advice = advise_locked (self, classify (self, response, FALSE));
      g_autoptr (GError) local = NULL;
      oci_registry_failure (self->reference, advice, response, "asking for a token", &local);
      oci_retry_spend (local);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
}

/* Basic credentials are sent once; a second challenge means that they were refused. */
static gboolean
answer_basic (OciRegistryAuth *self, GCancellable *cancellable, GError **error)
{
  gboolean usable = self->credentials != NULL && !self->tried;
  if (!usable && !next_credentials (self, cancellable, &usable, error))
    return FALSE;
  if (!usable || self->credentials == NULL)
    return TRUE;
  self->tried = TRUE;
  set_header (self, oci_credentials_basic_header (self->credentials), 0);
  return TRUE;
}

static gboolean
answer_challenge (OciRegistryAuth *self, const OciHttpResponse *response, GCancellable *cancellable,
                  GError **error)
{
  const char *field = oci_http_response_header (response, "www-authenticate");
  g_autoptr (GPtrArray) challenges = oci_challenges_parse (field != NULL ? field : "", error);
  if (challenges == NULL)
    return FALSE;
  const OciChallenge *bearer = oci_challenges_find (challenges, "Bearer");
  if (bearer != NULL)
    {
      g_autoptr (GPtrArray) scopes = new_scopes (self, bearer);
      for (guint i = 0; self->header != NULL && i < scopes->len; i++)
        g_ptr_array_add (self->wanted, g_strdup (scopes->pdata[i]));
      return take_realm (self, bearer, response->url, error)
             && fetch_token (self, cancellable, error);
    }
  if (oci_challenges_find (challenges, "Basic") != NULL)
    return answer_basic (self, cancellable, error);
  if (challenges->len == 0)
    return TRUE;
  const OciChallenge *first = challenges->pdata[0];
  g_autofree char *quoted = oci_quote (first->scheme);
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "the registry wants the authentication %s; terrane has Basic and Bearer",
                    quoted);
}

/* For registries that do not answer 401: ECR answers 403 for an expired password; ECR Public
 * answers 400 for an expired token (https://github.com/aws/containers-roadmap/issues/2835), and 403
 * for an old login. */
static gboolean
answer_refusal (OciRegistryAuth *self, const OciHttpResponse *response, GCancellable *cancellable,
                GError **error)
{
  gboolean bearer = self->realm != NULL;
  gboolean expired =
      oci_registry_failure_is_expiry (response)
      || (response->status == 400 && bearer && g_bytes_get_size (response->body) == 0);
  gboolean stale_login =
      response->status == 403 && is_ecr_public (self) && self->credentials != NULL;
  gboolean changed = FALSE;
  if (self->header == NULL || (!expired && !stale_login))
    return TRUE;
  if ((stale_login || !bearer) && !next_credentials (self, cancellable, &changed, error))
    return FALSE;
  if (bearer)
    return fetch_token (self, cancellable, error);
  return !changed || answer_basic (self, cancellable, error);
}

static gboolean
answer_locked (OciRegistryAuth *self, const OciHttpResponse *response, GCancellable *cancellable,
               GError **error)
{
  return response->status == 401 ? answer_challenge (self, response, cancellable, error)
                                 : answer_refusal (self, response, cancellable, error);
}

gboolean
oci_registry_auth_answer (OciRegistryAuth *self, const OciHttpResponse *response, guint generation,
                          GCancellable *cancellable, gboolean *out_retry, GError **error)
{
  *out_retry = FALSE;
  if (response->status != 400 && response->status != 401 && response->status != 403)
    return TRUE; /* unless another thread has already renewed it */
  g_mutex_lock (&self->mutex);
  gboolean ok =
      self->generation != generation || answer_locked (self, response, cancellable, error);
  *out_retry = ok && self->generation != generation;
  g_mutex_unlock (&self->mutex);
  return ok;
}

gboolean
oci_registry_auth_prepare (OciRegistryAuth *self, GCancellable *cancellable, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  return self->cloud == NULL || self->login || self->header != NULL
         || answer_basic (self, cancellable, error);
}

gboolean
oci_registry_auth_header (OciRegistryAuth *self, GCancellable *cancellable, char **out_header,
                          guint *out_generation, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean ok = self->expires == 0 || g_get_monotonic_time () < self->expires
                || fetch_token (self, cancellable, error);
  *out_header = ok ? g_strdup (self->header) : NULL;
  *out_generation = self->generation;
  g_mutex_unlock (&self->mutex);
  return ok;
}
