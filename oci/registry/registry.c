#include "oci/registry/registry.h"

#include "oci/http/url.h"
#include "oci/registry/auth.h"
#include "oci/registry/challenge.h"
#include "oci/registry/cloud-registry.h"
#include "oci/registry/failure.h"
#include "oci/registry/probe.h"

#include <string.h>

enum
{
  MAX_ANSWERS = 2, /* to refusals of one request: with a token, and with one for another scope */
};

struct _OciRegistry
{
  OciHttpClient *client; /* borrowed */
  OciReference *reference;
  char *name; /* "docker://HOST", for notices */
  OciRegistryAuth *auth;
  gint expected;   /* atomic: a thread is connecting, see oci_registry_expect() */
  GMutex mutex;    /* held while connecting */
  char *url;       /* (nullable), atomic: "https://HOST" once connected; constant afterwards */
  GError *refusal; /* (nullable): why the credentials were refused, for later requests */
  OciUrlOrigin origin;
};

static OciRegistry *
registry_new (OciHttpClient *client, const OciReference *reference, OciRegistryAuth *auth)
{
  OciRegistry *self = g_new0 (OciRegistry, 1);
  self->client = client;
  self->reference = oci_reference_copy (reference);
  self->name = g_strconcat (OCI_REFERENCE_SCHEME, reference->host, NULL);
  self->auth = auth;
  g_mutex_init (&self->mutex);
  return self;
}

OciRegistry *
oci_registry_new (OciHttpClient *client, const OciReference *reference, OciRegistryAccess access,
                  GCancellable *cancellable, GError **error)
{
  OciRegistryAuth *auth = oci_registry_auth_new (
      client, reference, access == OCI_REGISTRY_PUSH ? "pull,push" : "pull", cancellable, error);
  return auth != NULL ? registry_new (client, reference, auth) : NULL;
}

void
oci_registry_free (OciRegistry *self)
{
  if (self == NULL)
    return;
  oci_reference_free (self->reference);
  oci_registry_auth_free (self->auth);
  g_mutex_clear (&self->mutex);
  g_free (self->name);
  g_free (self->url);
  g_clear_error (&self->refusal);
  oci_url_origin_clear (&self->origin);
  g_free (self);
}

const OciReference *
oci_registry_reference (const OciRegistry *self)
{
  return self->reference;
}

char *
oci_registry_describe_auth (OciRegistry *self)
{
  return oci_registry_auth_describe (self->auth);
}

void
oci_registry_add_source (OciRegistry *self, const char *repository)
{
  oci_registry_auth_add_source (self->auth, repository);
}

OciRetry
oci_registry_retry (const OciRegistry *self)
{
  return (OciRetry){ .client = self->client, .what = self->name };
}

/* Only the registry itself may ask for credentials, not a host that it redirected to. */
static gboolean
came_from (const OciHttpResponse *response, const OciUrlOrigin *origin)
{
  g_auto (OciUrlOrigin) from = { 0 };
  return oci_url_origin (response->url, &from, NULL) && oci_url_same_origin (&from, origin);
}

gboolean
oci_registry_fail (OciRegistry *self, const OciHttpResponse *response, const char *what,
                   GError **error)
{
  g_auto (OciUrlOrigin) from = { 0 };
  if (self->url != NULL && !came_from (response, &self->origin)
      && oci_url_origin (response->url, &from, NULL))
    {
      g_autofree char *elsewhere =
          g_strdup_printf ("this is the answer of %s, which the registry sent us to", from.host);
      return oci_registry_failure (self->reference, elsewhere, response, what, error);
    }
  g_autofree char *advice = oci_registry_auth_advise (self->auth, response);
  return oci_registry_failure (self->reference, advice, response, what, error);
}

/* Result of a request that was sent while another thread was still connecting. */
typedef struct
{
  char *base; /* (nullable): the address that it was sent to, a guess; NULL: it was not sent */
  guint generation;          /* of its authentication */
  OciHttpResponse *response; /* (nullable): either this */
  GError *failure;           /* (nullable): or this */
} Ahead;

typedef struct
{
  OciRegistry *registry;
  const OciHttpRequest *request; /* (nullable) */
  const char *header;            /* (nullable): of a ping */
  char *base;                    /* (nullable): address that answered a ping */
  Ahead ahead;
} Sending;

static void
ahead_clear (Ahead *self)
{
  g_clear_pointer (&self->base, g_free);
  g_clear_pointer (&self->response, oci_http_response_free);
  g_clear_error (&self->failure);
}

static OciHttpResponse *
try_ping (gpointer data, GCancellable *cancellable, GError **error)
{
  Sending *sending = data;
  g_clear_pointer (&sending->base, g_free);
  return oci_registry_probe (sending->registry->client, sending->registry->reference,
                             sending->header, &sending->base, cancellable, error);
}

static OciHttpResponse *
ping_patiently (OciRegistry *self, const char *header, char **out_base, GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) local = NULL;
  Sending sending = { .registry = self, .header = header };
  OciRetry retry = oci_registry_retry (self);
  OciHttpResponse *response = oci_retry_send (&retry, try_ping, &sending, cancellable, &local);
  *out_base = sending.base;
  if (response == NULL)
    {
      oci_retry_spend (local);
      g_propagate_error (error, g_steal_pointer (&local));
    }
  return response;
}

/* A refused or expired password is invalid for everything; a token may be valid for other
 * things. */
static gboolean
refuses_credentials (const OciHttpResponse *response)
{
  if (response->status == 403)
    return oci_registry_failure_is_expiry (response);
  const char *field = oci_http_response_header (response, "www-authenticate");
  g_autoptr (GPtrArray) challenges =
      response->status == 401 && field != NULL ? oci_challenges_parse (field, NULL) : NULL;
  return challenges != NULL && oci_challenges_find (challenges, "Bearer") == NULL;
}

/* The requests that wait for the connection are sent together, each with the password; some
 * registries lock an account after five wrong ones. So a password that a challenge asked for is
 * first tried with one request. Amazon ECR, which does not lock accounts, gets its credentials
 * without a challenge, which saves a round trip. */
static gboolean
try_password (OciRegistry *self, const char *base, GCancellable *cancellable, GError **error)
{
  guint generation = 0;
  g_autoptr (OciSecret) header = NULL;
  if (!oci_registry_auth_header (self->auth, cancellable, &header, &generation, error))
    return FALSE;
  if (header == NULL || !g_str_has_prefix (header, "Basic "))
    return TRUE;
  g_autofree char *url = g_strconcat (base, "/v2/", NULL);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.authorization = header;
  g_autoptr (OciHttpResponse) response =
      oci_http_client_send (self->client, &request, cancellable, NULL);
  /* Other refusals, and network failures, are reported by the requests that need it. */
  return response == NULL || !refuses_credentials (response)
         || oci_registry_fail (self, response, "logging in", error);
}

static gboolean
connect_locked (OciRegistry *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *base = NULL;
  g_auto (OciUrlOrigin) origin = { 0 };
  gboolean retry = FALSE;
  guint generation = 0;
  g_autoptr (OciSecret) header = NULL;
  if (!oci_registry_auth_header (self->auth, cancellable, &header, &generation, error))
    return FALSE;
  g_autoptr (OciHttpResponse) response = ping_patiently (self, header, &base, cancellable, error);
  if (response == NULL || !oci_url_origin (base, &origin, error))
    return FALSE;
  gboolean refused = response->status == 401 || (header != NULL && response->status == 403);
  if (refused && came_from (response, &origin)
      && !oci_registry_auth_answer (self->auth, response, generation, cancellable, &retry, error))
    return FALSE;
  /* A refusal that could not be answered is repeated by the request that needs it, with a better
   * message. */
  if (response->status != 200 && !refused)
    return oci_registry_fail (self, response, "asking for the registry API at /v2/", error);
  if (retry && g_atomic_int_get (&self->expected) && !try_password (self, base, cancellable, error))
    return FALSE;
  self->origin = origin;
  origin = (OciUrlOrigin){ 0 };
  g_atomic_pointer_set (&self->url, g_steal_pointer (&base));
  return TRUE;
}

gboolean
oci_registry_connect (OciRegistry *self, GCancellable *cancellable, GError **error)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  g_autoptr (GError) local = NULL;
  if (self->url != NULL)
    return TRUE;
  if (self->refusal == NULL && connect_locked (self, cancellable, &local))
    return TRUE;
  if (self->refusal == NULL && g_error_matches (local, OCI_ERROR, OCI_ERROR_DENIED))
    self->refusal = g_error_copy (local);
  if (local == NULL)
    local = g_error_copy (self->refusal);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

const char *
oci_registry_url (OciRegistry *self)
{
  return g_atomic_pointer_get (&self->url);
}

gboolean
oci_registry_expect (OciRegistry *self, GCancellable *cancellable, GError **error)
{
  if (oci_registry_url (self) != NULL)
    return TRUE;
  g_autoptr (GError) local = NULL;
  if (!oci_http_client_is_insecure (self->client)
      && !oci_registry_auth_prepare (self->auth, cancellable, &local)
      && (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
          || g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT)))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* Without credentials the registry's challenge, if any, fails for the same reason. */
  g_atomic_int_set (&self->expected, TRUE);
  return TRUE;
}

/* Whether the answer to a request can be discarded without loss. */
static gboolean
is_repeatable (const OciHttpRequest *request)
{
  return request->body == NULL && request->body_fd < 0 && request->receiver == NULL
         && request->url[0] == '/';
}

/* While another thread finds out how to talk to the registry, the likely way is tried: this costs
 * no time, and makes a connection available. */
static void
send_ahead (OciRegistry *self, const OciHttpRequest *request, GCancellable *cancellable,
            Ahead *ahead)
{
  if (!g_atomic_int_get (&self->expected) || oci_registry_url (self) != NULL
      || !is_repeatable (request))
    return;
  g_auto (GStrv) urls = oci_registry_addresses (self->client, self->reference, NULL);
  g_autoptr (OciSecret) header = NULL;
  if (urls == NULL
      || !oci_registry_auth_header (self->auth, cancellable, &header, &ahead->generation, NULL)
      || (header != NULL && !g_str_has_prefix (urls[0], "https:")))
    return; /* the normal way then reports the error */
  g_autofree char *url = g_strconcat (urls[0], request->url, NULL);
  OciHttpRequest early = *request;
  early.url = url;
  early.authorization = header;
  ahead->base = g_strdup (urls[0]);
  ahead->response = oci_http_client_send (self->client, &early, cancellable, &ahead->failure);
}

/* Its answer counts if the request would be sent in the same way now. */
static gboolean
ahead_counts (const Ahead *ahead, const OciRegistry *self, guint generation)
{
  return ahead->base != NULL && ahead->generation == generation
         && strcmp (ahead->base, self->url) == 0;
}

static OciHttpResponse *
ahead_take (Ahead *ahead, GError **error)
{
  g_clear_pointer (&ahead->base, g_free);
  if (ahead->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&ahead->failure));
  return g_steal_pointer (&ahead->response);
}

char *
oci_registry_path (const OciRegistry *self, const char *below)
{
  return g_strconcat ("/v2/", self->reference->repository, "/", below, NULL);
}

static OciHttpResponse *
send_connected (OciRegistry *self, const OciHttpRequest *request, Ahead *ahead,
                GCancellable *cancellable, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *url = oci_url_resolve (self->url, request->url, error);
  if (url == NULL || !oci_url_origin (url, &origin, error))
    return NULL;
  gboolean own = oci_url_same_origin (&origin, &self->origin);
  for (unsigned round = 0;; round++)
    {
      guint generation = 0;
      gboolean changed = FALSE;
      OciHttpRequest authorized = *request;
      g_autoptr (OciSecret) header = NULL;
      if (own && !oci_registry_auth_header (self->auth, cancellable, &header, &generation, error))
        return NULL;
      authorized.url = url;
      authorized.authorization = header;
      g_autoptr (OciHttpResponse) response =
          own && ahead_counts (ahead, self, generation)
              ? ahead_take (ahead, error)
              : oci_http_client_send (self->client, &authorized, cancellable, error);
      if (response == NULL || !own || round == MAX_ANSWERS || !came_from (response, &self->origin))
        return g_steal_pointer (&response);
      if (round > 0 && !oci_registry_auth_wants_scope (self->auth, response))
        return g_steal_pointer (&response);
      if (!oci_registry_auth_answer (self->auth, response, generation, cancellable, &changed,
                                     error))
        return NULL;
      if (!changed)
        return g_steal_pointer (&response);
    }
}

OciHttpResponse *
oci_registry_send_once (OciRegistry *self, const OciHttpRequest *request, GCancellable *cancellable,
                        GError **error)
{
  Ahead ahead = { 0 };
  send_ahead (self, request, cancellable, &ahead);
  OciHttpResponse *response = oci_registry_connect (self, cancellable, error)
                                  ? send_connected (self, request, &ahead, cancellable, error)
                                  : NULL;
  ahead_clear (&ahead);
  return response;
}

static OciHttpResponse *
try_send (gpointer data, GCancellable *cancellable, GError **error)
{
  Sending *sending = data;
  return send_connected (sending->registry, sending->request, &sending->ahead, cancellable, error);
}

static OciHttpResponse *
send_with (OciRegistry *self, const OciHttpRequest *request, OciRetry *retry,
           GCancellable *cancellable, GError **error)
{
  Sending sending = { .registry = self, .request = request };
  send_ahead (self, request, cancellable, &sending.ahead);
  OciHttpResponse *response =
      oci_registry_connect (self, cancellable, error) /* which has been retried already */
          ? oci_retry_send (retry, try_send, &sending, cancellable, error)
          : NULL;
  ahead_clear (&sending.ahead);
  return response;
}

OciHttpResponse *
oci_registry_send (OciRegistry *self, const OciHttpRequest *request, GCancellable *cancellable,
                   GError **error)
{
  OciRetry retry = oci_registry_retry (self);
  return send_with (self, request, &retry, cancellable, error);
}

static gboolean
is_yes (const OciHttpResponse *response)
{
  return response->status == 200 || response->status == 206;
}

static OciHttpResponse *
send_question (OciRegistry *self, const OciRegistryQuestion *question, const char *method,
               gboolean patient, GCancellable *cancellable, GError **error)
{
  const char *const accepting[] = { question->accept, NULL };
  /* Avoids receiving a whole blob if GET works and HEAD does not. */
  static const char *const first_byte[] = { "Range: bytes=0-0", NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT (method, question->path);
  gboolean whole = question->accept != NULL || strcmp (method, "HEAD") == 0;
  request.headers = whole ? accepting : first_byte;
  OciRetry retry = oci_registry_retry (self);
  retry.optional = !patient;
  return send_with (self, &request, &retry, cancellable, error);
}

static gboolean
take_refusal (OciRegistry *self, const OciRegistryQuestion *question,
              const OciHttpResponse *response, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (refuses_credentials (response))
    return oci_registry_fail (self, response, question->what, error);
  oci_registry_fail (self, response, question->what, &local);
  if (question->notice)
    oci_http_client_notice (self->client, "%s; this was only asked to save work, going on",
                            local->message);
  return TRUE;
}

gboolean
oci_registry_ask (OciRegistry *self, const OciRegistryQuestion *question, GCancellable *cancellable,
                  OciRegistryAnswer *out_answer, OciHttpResponse **out_response, GError **error)
{
  gboolean patient = question->accept == NULL;
  g_autoptr (OciHttpResponse) response =
      send_question (self, question, "HEAD", patient, cancellable, error);
  if (response != NULL && !is_yes (response) && response->status != 404)
    {
      gboolean busy = response->status == 429 || response->status >= 500; /* already waited for */
      g_clear_pointer (&response, oci_http_response_free);
      response = send_question (self, question, "GET", patient && !busy, cancellable, error);
    }
  if (response == NULL)
    return FALSE;
  *out_answer = is_yes (response)         ? OCI_REGISTRY_EXISTS
                : response->status == 404 ? OCI_REGISTRY_MISSING
                                          : OCI_REGISTRY_UNKNOWN;
  if (*out_answer == OCI_REGISTRY_UNKNOWN)
    return take_refusal (self, question, response, error);
  if (out_response != NULL)
    *out_response = is_yes (response) ? g_steal_pointer (&response) : NULL;
  return TRUE;
}

gboolean
oci_registry_response_digest (const OciHttpResponse *response, OciDigest *out_digest)
{
  const char *header = oci_http_response_header (response, "docker-content-digest");
  g_auto (GStrv) values = g_strsplit_set (header != NULL ? header : "", ", \t", -1);
  gboolean found = FALSE;
  for (char **value = values; *value != NULL; value++)
    {
      OciDigest digest;
      if (!oci_digest_parse (*value, &digest, NULL))
        continue; /* of another algorithm, or empty */
      if (found && !oci_digest_equal (&digest, out_digest))
        return FALSE;
      *out_digest = digest;
      found = TRUE;
    }
  return found;
}

gboolean
oci_registry_create_repository (OciRegistry *self, GCancellable *cancellable, gboolean *out_created,
                                GError **error)
{
  g_autoptr (OciCloudRegistry) cloud = oci_cloud_registry_new (self->reference->host);
  if (cloud == NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "repositories can only be created on Amazon ECR; most other registries "
                      "create them when they are pushed to");
  return oci_cloud_registry_create_repository (cloud, self->client, self->reference->repository,
                                               cancellable, out_created, error);
}

gboolean
oci_registry_check_login (OciHttpClient *client, const char *host,
                          const OciCredentials *credentials, GCancellable *cancellable,
                          GError **error)
{
  const char *slash = strchr (host, '/');
  OciReference reference = { 0 };
  g_autofree char *name =
      slash != NULL ? g_strndup (host, (gsize) (slash - host)) : g_strdup (host);
  reference.host = name;
  reference.repository = (char *) (slash != NULL ? slash + 1 : "");
  OciRegistryAuth *auth =
      oci_registry_auth_new_with (client, &reference, oci_credentials_copy (credentials));
  g_autoptr (OciRegistry) self = registry_new (client, &reference, auth);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", "/v2/");
  g_autoptr (OciHttpResponse) response = oci_registry_send (self, &request, cancellable, error);
  if (response == NULL)
    return FALSE;
  return response->status == 200 || oci_registry_fail (self, response, "logging in", error);
}
