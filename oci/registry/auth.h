/* How requests to one repository prove who sends them: nothing, Basic (RFC 7617), or Bearer tokens
 * from the server that the registry's challenge names (distribution's token specification).
 * Safe to use from several threads. */
#pragma once

#include "oci/reference.h"
#include "oci/registry/auth-lookup.h"
#include "oci/registry/http.h"

G_BEGIN_DECLS

typedef struct _OciRegistryAuth OciRegistryAuth;

/**
 * oci_registry_auth_new:
 * @client: for token requests; must outlive @self
 * @actions: what tokens are asked for, "pull" or "pull,push"
 *
 * Looks for credentials in the auth files.
 *
 * Returns: (transfer full) (nullable)
 */
OciRegistryAuth *oci_registry_auth_new (OciHttpClient *client, const OciReference *reference,
                                        const char *actions, GError **error);
void oci_registry_auth_free (OciRegistryAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciRegistryAuth, oci_registry_auth_free)

/** What the search for credentials found. Returns: (transfer none) */
const OciAuthLookup *oci_registry_auth_lookup (const OciRegistryAuth *self);

/**
 * oci_registry_auth_header:
 * @out_generation: (out): which state of the authentication the value is from
 *
 * Returns: (transfer full) (nullable): the Authorization value for now; free with oci_secret_free()
 */
char *oci_registry_auth_header (OciRegistryAuth *self, guint *out_generation);

/**
 * oci_registry_auth_answer:
 * @response: with status 401, to a request that carried the value of @generation
 * @out_retry: (out): whether the request should be sent again with a new value
 *
 * Answers the challenge of @response. When several threads meet the same challenge, one answers it
 * and the others wait.
 *
 * Returns: %FALSE when the token server cannot be reached or refuses, or %OCI_ERROR_UNSUPPORTED
 *   when the registry wants another scheme
 */
gboolean oci_registry_auth_answer (OciRegistryAuth *self, const OciHttpResponse *response,
                                   guint generation, GCancellable *cancellable, gboolean *out_retry,
                                   GError **error);

G_END_DECLS
