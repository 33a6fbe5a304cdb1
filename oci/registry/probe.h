/* Finds out where and how a registry answers: over TLS or, where that is allowed, in plain text. */
#pragma once

#include "oci/http/http.h"
#include "oci/reference.h"

G_BEGIN_DECLS

/**
 * oci_registry_addresses:
 * @reference: its host is the registry
 *
 * Lists the addresses at which the registry may be, in the order in which they should be tried.
 *
 * On loopback plain HTTP comes first: no other machine can listen there, and a TLS handshake that
 * fails costs more than the rest of a push that has nothing to send. Elsewhere plain HTTP is tried
 * only when the client is insecure, and last. Thread-safe.
 *
 * Returns: (transfer full): addresses like "https://HOST"; NULL with %OCI_ERROR_FORMAT when the
 *   host does not make a URL
 */
char **oci_registry_addresses (OciHttpClient *client, const OciReference *reference,
                               GError **error);

/**
 * oci_registry_probe:
 * @header: (nullable): the Authorization of credentials that need no challenge; never sent in plain
 *   text
 * @out_base: (out) (transfer full): the address that answered
 *
 * Asks for /v2/ (distribution-spec, "Determining Support") at one address after the other until one
 * answers. Thread-safe.
 *
 * Returns: (transfer full): the answer, whatever its status; NULL with the error of the request,
 *   see oci_http_client_send(), when no address answers
 */
OciHttpResponse *oci_registry_probe (OciHttpClient *client, const OciReference *reference,
                                     const char *header, char **out_base, GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
