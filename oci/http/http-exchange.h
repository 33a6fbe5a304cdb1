/* One request and its answer, over libcurl, without following redirects. Private to http.c. */
#pragma once

#include "oci/http/client.h"
#include "oci/http/message.h"

G_BEGIN_DECLS

/**
 * oci_http_exchange:
 * @url: the address, with its @origin
 * @authorize: whether to send the request's authorization
 *
 * Returns: (transfer full): the answer
 * Errors: those of oci_http_client_send(): %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_CANCELLED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_IO, and the receiver's.
 */
OciHttpResponse *oci_http_exchange (OciHttpClient *self, const OciHttpRequest *request,
                                    const char *url, const OciUrlOrigin *origin, gboolean authorize,
                                    GCancellable *cancellable, GError **error);

G_END_DECLS
