/* How requests to one repository prove who sends them: nothing, Basic (RFC 7617), or Bearer tokens
 * from the server that the registry's challenge names (distribution's token specification, and its
 * OAuth 2.0 form for identity tokens).
 *
 * Credentials come from the auth files and their helpers; for Amazon ECR also from AWS, when the
 * files have none or theirs are refused, as they expire after 12 hours. Refused credentials for ECR
 * Public give way to none, since everything there can be pulled by anybody.
 *
 * Safe to use from several threads. */
#pragma once

#include "oci/http/http.h"
#include "oci/reference.h"
#include "oci/registry/auth-lookup.h"

G_BEGIN_DECLS

typedef struct _OciRegistryAuth OciRegistryAuth;

/**
 * oci_registry_auth_new:
 * @client: for token requests; must outlive @self
 * @actions: what tokens are asked for, "pull" or "pull,push"
 *
 * Looks for credentials in the auth files, and asks their helpers.
 *
 * Returns: (transfer full) (nullable)
 */
OciRegistryAuth *oci_registry_auth_new (OciHttpClient *client, const OciReference *reference,
                                        const char *actions, GCancellable *cancellable,
                                        GError **error);

/**
 * oci_registry_auth_new_with:
 * @credentials: (transfer full): the only ones that are tried; tokens are asked for without a scope
 *
 * For logging in.
 */
OciRegistryAuth *oci_registry_auth_new_with (OciHttpClient *client, const OciReference *reference,
                                             OciCredentials *credentials);
void oci_registry_auth_free (OciRegistryAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistryAuth, oci_registry_auth_free)

/**
 * oci_registry_auth_add_source:
 * @repository: on the same registry, to be read from: blobs are mounted from there
 *
 * Tokens that are asked for from now on are for both. When the token server refuses that, they are
 * for the own repository alone.
 */
void oci_registry_auth_add_source (OciRegistryAuth *self, const char *repository);

/** "credentials from FILE", for --verbose. Returns: (transfer full) */
char *oci_registry_auth_describe (OciRegistryAuth *self);

/**
 * oci_registry_auth_advise:
 * @response: a refusal of the registry
 *
 * Tells no credentials, wrong ones, expired ones, and those that are good but not for this apart.
 *
 * Returns: (transfer full): what the user can do about it
 */
char *oci_registry_auth_advise (OciRegistryAuth *self, const OciHttpResponse *response);

/** Whether a 401 names a scope that no token was asked for yet. */
gboolean oci_registry_auth_wants_scope (OciRegistryAuth *self, const OciHttpResponse *response);

/**
 * oci_registry_auth_prepare:
 *
 * Amazon ECR takes Basic credentials and nothing else, so they are found before a challenge asks
 * for them. Other registries are not concerned.
 */
gboolean oci_registry_auth_prepare (OciRegistryAuth *self, GCancellable *cancellable,
                                    GError **error);

/**
 * oci_registry_auth_header:
 * @out_header: (out) (transfer full) (nullable): the Authorization value for now; free with
 *   oci_secret_free()
 * @out_generation: (out): which state of the authentication the value is from
 *
 * Fetches a new token first when the last one is about to expire.
 */
gboolean oci_registry_auth_header (OciRegistryAuth *self, GCancellable *cancellable,
                                   char **out_header, guint *out_generation, GError **error);

/**
 * oci_registry_auth_answer:
 * @response: to a request that carried the value of @generation
 * @out_retry: (out): whether the request should be sent again with a new value
 *
 * Answers the challenge of a 401, and replaces what was refused as expired by another status. A
 * scope that a challenge names after a token was refused is asked for from then on. When several
 * threads meet the same challenge, one answers it and the others wait.
 *
 * Returns: %FALSE when the token server cannot be reached or refuses, or %OCI_ERROR_UNSUPPORTED
 *   when the registry wants another scheme
 */
gboolean oci_registry_auth_answer (OciRegistryAuth *self, const OciHttpResponse *response,
                                   guint generation, GCancellable *cancellable, gboolean *out_retry,
                                   GError **error);

G_END_DECLS
