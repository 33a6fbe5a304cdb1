/* One repository of a registry: connection, authentication, errors (distribution-spec v1.1).
 * Operations on it are in push.h and pull.h.
 *
 * Errors: %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT and
 *   %OCI_ERROR_CANCELLED of oci_http_client_send(); %OCI_ERROR_DENIED, %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_NETWORK and %OCI_ERROR_FORMAT of oci_registry_failure(); %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_USAGE and %OCI_ERROR_IO of the authentication, see auth.h. */
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
 * @reference: host and repository; tag and digest are ignored
 * @access: what to request tokens for
 *
 * Searches for credentials; does not use the network.
 *
 * Returns: (transfer full)
 * Errors: those of oci_auth_lookup(): %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_CANCELLED.
 */
OciRegistry *oci_registry_new (OciHttpClient *client, const OciReference *reference,
                               OciRegistryAccess access, GCancellable *cancellable, GError **error);
void oci_registry_free (OciRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistry, oci_registry_free)

/** Returns: (transfer none): the reference it was made for */
const OciReference *oci_registry_reference (const OciRegistry *self);

/** Returns: (transfer full): origin of the credentials in use, for --verbose */
char *oci_registry_describe_auth (OciRegistry *self);

/** Requests tokens also for reading @repository on the same registry, to mount blobs from there. */
void oci_registry_add_source (OciRegistry *self, const char *repository);

/** Finds out how to talk to the registry, by GET /v2/; later calls return at once. It uses HTTPS;
 * on loopback, and last if the client is insecure, also plain HTTP. Credentials are not sent
 * before a challenge asks for them, except those of Amazon ECR, see oci_registry_expect(). Errors:
 * see the head. */
gboolean oci_registry_connect (OciRegistry *self, GCancellable *cancellable, GError **error);

/** Announces that one thread is about to call oci_registry_connect() while others send. Requests
 * without a body are then sent at once to the likely address. Their answers are used if the
 * connection turns out to be to this address, with the same authentication; otherwise the requests
 * are sent again. The credentials of Amazon ECR are found before, and sent without a challenge:
 * its scheme is known, and its host is authenticated by TLS. Errors: see the head. */
gboolean oci_registry_expect (OciRegistry *self, GCancellable *cancellable, GError **error);

/** Returns: (transfer none) (nullable): "https://HOST" once connected, else %NULL */
const char *oci_registry_url (OciRegistry *self);

/** Returns: (transfer full): path of something in the repository, such as "blobs/sha256:…" */
char *oci_registry_path (const OciRegistry *self, const char *below);

/**
 * oci_registry_send:
 * @request: as for oci_http_client_send(); its URL may be a path on the registry; its authorization
 *   is filled in
 *
 * Connects if needed, authorises requests to the registry's own origin and no other, and answers
 * one refusal. Requests are retried as in retry.h.
 *
 * Returns: (transfer full): the answer with any status
 * Errors: see the head.
 */
OciHttpResponse *oci_registry_send (OciRegistry *self, const OciHttpRequest *request,
                                    GCancellable *cancellable, GError **error);

/** Like oci_registry_send() without retries, for a request that must be prepared again before it
 * can be repeated. Returns: (transfer full). Errors: see the head. */
OciHttpResponse *oci_registry_send_once (OciRegistry *self, const OciHttpRequest *request,
                                         GCancellable *cancellable, GError **error);

/** State for retrying oci_registry_send_once(); valid as long as @self. */
OciRetry oci_registry_retry (const OciRegistry *self);

/* A question of a push that can continue without an answer. */
typedef struct
{
  const char *path; /* of a blob or manifest */
  const char
      *accept; /* (nullable): an "Accept: …" header; with it, a busy server is not waited for */
  const char *what; /* for messages, such as "looking for the manifest v1" */
  gboolean notice;  /* whether to report a refusal as a notice */
} OciRegistryQuestion;

typedef enum
{
  OCI_REGISTRY_MISSING,
  OCI_REGISTRY_EXISTS,
  OCI_REGISTRY_UNKNOWN, /* the registry refuses to answer */
} OciRegistryAnswer;

/**
 * oci_registry_ask:
 * @out_response: (out) (transfer full) (nullable) (optional): the answer if it exists
 *
 * Sends HEAD. Any answer but yes or no is requested again with GET, since only that has a body that
 * gives the reason (and since ECR Public answers 401 to every HEAD). Fails if the credentials are
 * refused as such, not if only the permission to read is missing.
 *
 * Errors: see the head.
 */
gboolean oci_registry_ask (OciRegistry *self, const OciRegistryQuestion *question,
                           GCancellable *cancellable, OciRegistryAnswer *out_answer,
                           OciHttpResponse **out_response, GError **error);

/** Reads Docker-Content-Digest. Returns: %FALSE if there is none of SHA-256, or if several differ:
 * the header is optional, and its algorithm is the registry's choice */
gboolean oci_registry_response_digest (const OciHttpResponse *response, OciDigest *out_digest);

/** Sets @error from the registry's answer with oci_registry_failure(). Returns: always %FALSE */
gboolean oci_registry_fail (OciRegistry *self, const OciHttpResponse *response, const char *what,
                            GError **error);

/**
 * oci_registry_create_repository:
 * @out_created: (out): %FALSE if it existed
 *
 * Creates the repository. Only possible with Amazon ECR: %OCI_ERROR_UNSUPPORTED otherwise.
 *
 * Errors: see the head.
 */
gboolean oci_registry_create_repository (OciRegistry *self, GCancellable *cancellable,
                                         gboolean *out_created, GError **error);

/**
 * oci_registry_check_login:
 * @host: "HOST[:PORT]", or with a repository after it
 *
 * Whether the registry accepts the credentials: GET /v2/ until it answers 200.
 * Errors: see the head.
 */
gboolean oci_registry_check_login (OciHttpClient *client, const char *host,
                                   const OciCredentials *credentials, GCancellable *cancellable,
                                   GError **error);

G_END_DECLS
