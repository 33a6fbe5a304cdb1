/* Authentication of requests to one repository: none, Basic (RFC 7617), or Bearer tokens from the
 * server that the registry's challenge names (distribution's token specification, and its OAuth 2.0
 * form for identity tokens).
 *
 * Credentials come from the auth files and their helpers; for Amazon ECR also from AWS, if the
 * files have none or theirs are refused, since they expire after 12 hours. If ECR Public rejects
 * credentials, requests are retried anonymously, since everything there is public.
 *
 * Safe to use from several threads.
 *
 * Errors: %OCI_ERROR_DENIED (the token server or AWS refuses), %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_CANCELLED and %OCI_ERROR_LIMIT of
 *   oci_http_client_send(), %OCI_ERROR_FORMAT (a malformed answer or file), %OCI_ERROR_UNSUPPORTED
 *   (the registry wants another scheme), %OCI_ERROR_NOT_FOUND (AWS credentials, a helper),
 *   %OCI_ERROR_USAGE, %OCI_ERROR_IO. */
#pragma once

#include "oci/http/http.h"
#include "oci/reference.h"
#include "oci/registry/auth-lookup.h"

G_BEGIN_DECLS

typedef struct _OciRegistryAuth OciRegistryAuth;

/**
 * oci_registry_auth_new:
 * @client: for token requests; must outlive @self
 * @actions: what to request tokens for, "pull" or "pull,push"
 *
 * Finds credentials in the auth files, and asks their helpers. Errors: see oci_auth_lookup():
 * %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED,
 * %OCI_ERROR_CANCELLED.
 *
 * Returns: (transfer full)
 */
OciRegistryAuth *oci_registry_auth_new (OciHttpClient *client, const OciReference *reference,
                                        const char *actions, GCancellable *cancellable,
                                        GError **error);

/**
 * oci_registry_auth_new_with:
 * @credentials: (transfer full): the only ones to try; tokens are requested without a scope
 *
 * For logging in.
 *
 * Returns: (transfer full)
 */
OciRegistryAuth *oci_registry_auth_new_with (OciHttpClient *client, const OciReference *reference,
                                             OciCredentials *credentials);
void oci_registry_auth_free (OciRegistryAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistryAuth, oci_registry_auth_free)

/**
 * oci_registry_auth_add_source:
 * @repository: on the same registry, to be read from: blobs are mounted from there
 *
 * Requests tokens for both repositories from now on, or only for the own one if the token server
 * refuses that.
 */
void oci_registry_auth_add_source (OciRegistryAuth *self, const char *repository);

/** Returns: (transfer full): "credentials from FILE", for --verbose */
char *oci_registry_auth_describe (OciRegistryAuth *self);

/**
 * oci_registry_auth_advise:
 * @response: a refusal of the registry
 *
 * Distinguishes missing, wrong and expired credentials, and valid ones without this permission.
 *
 * Returns: (transfer full): what the user can do about it
 */
char *oci_registry_auth_advise (OciRegistryAuth *self, const OciHttpResponse *response);

/** Whether a 401 names a scope for which no token was requested yet. */
gboolean oci_registry_auth_wants_scope (OciRegistryAuth *self, const OciHttpResponse *response);

/** Finds the credentials of Amazon ECR, which only accepts Basic, before a challenge asks for them.
 * Does nothing for other registries. Errors: see the head. */
gboolean oci_registry_auth_prepare (OciRegistryAuth *self, GCancellable *cancellable,
                                    GError **error);

/**
 * oci_registry_auth_header:
 * @out_header: (out) (transfer full) (nullable): the current Authorization value; to be freed with
 *   oci_secret_free()
 * @out_generation: (out): the state of the authentication that the value belongs to
 *
 * Requests a new token first if the last one is about to expire.
 *
 * Errors: see the head.
 */
gboolean oci_registry_auth_header (OciRegistryAuth *self, GCancellable *cancellable,
                                   char **out_header, guint *out_generation, GError **error);

/**
 * oci_registry_auth_answer:
 * @response: to a request that carried the value of @generation
 * @out_retry: (out): whether to send the request again with a new value
 *
 * Answers the challenge of a 401, and replaces a value that another status reports as expired. A
 * scope that a challenge names after a token was refused is requested from then on. If several
 * threads meet the same challenge, one answers it and the others wait.
 *
 * Errors: see the head.
 */
gboolean oci_registry_auth_answer (OciRegistryAuth *self, const OciHttpResponse *response,
                                   guint generation, GCancellable *cancellable, gboolean *out_retry,
                                   GError **error);

G_END_DECLS
