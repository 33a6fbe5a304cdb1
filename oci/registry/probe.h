/* Finds the address of a registry: over TLS or, if that is allowed, in plain text. */
#pragma once

#include "oci/http/http.h"
#include "oci/reference.h"

G_BEGIN_DECLS

/**
 * oci_registry_addresses:
 * @reference: its host is the registry
 *
 * Lists the possible addresses of the registry, in the order in which to try them.
 *
 * On loopback plain HTTP comes first: no other machine can listen there, and a TLS handshake that
 * fails costs more than the rest of a push with nothing to send. Elsewhere plain HTTP is tried only
 * if the client is insecure, and last. Thread-safe.
 *
 * Returns: (transfer full): addresses like "https://HOST"
 *
 * Errors: %OCI_ERROR_FORMAT if the host is not valid in a URL.
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
 * Returns: (transfer full): the first response, whatever its status
 *
 * Errors: those of oci_registry_addresses() and, if no address answers, of oci_http_client_send().
 */
OciHttpResponse *oci_registry_probe (OciHttpClient *client, const OciReference *reference,
                                     const char *header, char **out_base, GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
