/* One repository of a registry: connection, authentication, errors. What is done with it is in
 * other files (push.h). distribution-spec v1.1. */
#pragma once

#include "oci/http/retry.h"
#include "oci/reference.h"
#include "oci/registry/auth-lookup.h"

G_BEGIN_DECLS

typedef enum
{
  OCI_REGISTRY_PULL,
  OCI_REGISTRY_PUSH,
} OciRegistryAccess;

/* Safe to use from several threads. */
typedef struct _OciRegistry OciRegistry;

/**
 * oci_registry_new:
 * @client: must outlive the registry
 * @reference: host and repository; tag and digest are not looked at
 * @access: what tokens are asked for
 *
 * Searches for credentials; does not go to the network.
 *
 * Returns: (transfer full) (nullable): or %NULL when an auth file is malformed or a credential
 *   helper fails
 */
OciRegistry *oci_registry_new (OciHttpClient *client, const OciReference *reference,
                               OciRegistryAccess access, GCancellable *cancellable, GError **error);
void oci_registry_free (OciRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistry, oci_registry_free)

/** Returns: (transfer none) */
const OciReference *oci_registry_reference (const OciRegistry *self);

/** Where the credentials in use are from, for --verbose. Returns: (transfer full) */
char *oci_registry_describe_auth (OciRegistry *self);

/** Asks tokens also for reading @repository on the same registry, to mount blobs from there. */
void oci_registry_add_source (OciRegistry *self, const char *repository);

/**
 * oci_registry_connect:
 *
 * Finds out how to talk to the registry, by GET /v2/; later calls return at once. That is HTTPS; on
 * loopback, and last where the client is insecure, also plain HTTP. Credentials are not sent before
 * a challenge asks for them, but for those of Amazon ECR, see oci_registry_expect().
 */
gboolean oci_registry_connect (OciRegistry *self, GCancellable *cancellable, GError **error);

/**
 * oci_registry_expect:
 *
 * Announces that one thread is about to call oci_registry_connect() while others send. Requests
 * without a body then go out at once, to the likely address, instead of waiting. Their answers
 * count when the connection turns out to be to this address, with the same authentication;
 * otherwise the requests are sent again. The credentials of Amazon ECR are found before, and sent
 * without a challenge: its scheme is known, and its host is authenticated by TLS.
 */
gboolean oci_registry_expect (OciRegistry *self, GCancellable *cancellable, GError **error);

/** "https://HOST" once connected, else NULL. Returns: (transfer none) */
const char *oci_registry_url (OciRegistry *self);

/** Path of something in the repository, such as "blobs/sha256:…". Returns: (transfer full) */
char *oci_registry_path (const OciRegistry *self, const char *below);

/**
 * oci_registry_send:
 * @request: as for oci_http_client_send(); its URL may be a path on the registry, its authorization
 *   is filled in here
 *
 * Connects when needed, authorises what goes to the registry's own origin and nothing else, and
 * answers a refusal once. What may help to be sent again is sent again, see retry.h.
 *
 * Returns: (transfer full) (nullable): the answer with whatever status it has
 */
OciHttpResponse *oci_registry_send (OciRegistry *self, const OciHttpRequest *request,
                                    GCancellable *cancellable, GError **error);

/** The same for what must be prepared again before it can be sent again: does not retry. */
OciHttpResponse *oci_registry_send_once (OciRegistry *self, const OciHttpRequest *request,
                                         GCancellable *cancellable, GError **error);

/** State for repeating what oci_registry_send_once() did; valid as long as @self. */
OciRetry oci_registry_retry (const OciRegistry *self);

/* Something that a push would like to know and can do without. */
typedef struct
{
  const char *path; /* of a blob or manifest */
  const char
      *accept; /* (nullable): an "Accept: …" header; with it, a busy server is not waited for */
  const char *what; /* for messages, such as "looking for the manifest v1" */
  gboolean notice;  /* a refusal is said */
} OciRegistryQuestion;

typedef enum
{
  OCI_REGISTRY_MISSING,
  OCI_REGISTRY_EXISTS,
  OCI_REGISTRY_UNKNOWN, /* it does not let itself be asked */
} OciRegistryAnswer;

/**
 * oci_registry_ask:
 * @out_response: (out) (transfer full) (nullable) (optional): the answer when it exists
 *
 * HEAD. An answer other than yes or no is asked for again with GET, since only that has a body that
 * says why (and since ECR Public answers 401 to every HEAD). Fails when the credentials as such
 * are refused, and not for the lack of a permission to read.
 */
gboolean oci_registry_ask (OciRegistry *self, const OciRegistryQuestion *question,
                           GCancellable *cancellable, OciRegistryAnswer *out_answer,
                           OciHttpResponse **out_response, GError **error);

/**
 * oci_registry_response_digest:
 *
 * Docker-Content-Digest. Returns: %FALSE when there is none of SHA-256, or several differ: the
 *   header is optional, and its algorithm is the registry's choice
 */
gboolean oci_registry_response_digest (const OciHttpResponse *response, OciDigest *out_digest);

/** Sets @error to what the registry answered: oci_registry_failure(). Returns: %FALSE */
gboolean oci_registry_fail (OciRegistry *self, const OciHttpResponse *response, const char *what,
                            GError **error);

/**
 * oci_registry_create_repository:
 * @out_created: (out): %FALSE when it was there
 *
 * Only Amazon ECR has a way to do this: %OCI_ERROR_UNSUPPORTED elsewhere.
 */
gboolean oci_registry_create_repository (OciRegistry *self, GCancellable *cancellable,
                                         gboolean *out_created, GError **error);

/**
 * oci_registry_check_login:
 * @host: "HOST[:PORT]", or with a repository after it
 *
 * Whether the registry takes the credentials: GET /v2/ until it answers 200.
 */
gboolean oci_registry_check_login (OciHttpClient *client, const char *host,
                                   const OciCredentials *credentials, GCancellable *cancellable,
                                   GError **error);

G_END_DECLS
