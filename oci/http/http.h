/* HTTP for registries and for the services that hand out credentials, over libcurl easy handles.
 * Knows nothing of either: it sends the Authorization it is given, to the origin it is given for,
 * and nowhere else. Nothing is repeated here, see retry.h.
 *
 * HTTPS (TLS 1.2 or newer) with verification (trust.h and tls.h say by which certificates); plain
 * HTTP only to loopback hosts unless the client or the request allows it. Proxies: see proxy.h.
 * curl_global_init() must have been called before threads start. */
#pragma once

#include "oci/http/client.h"
#include "oci/http/message.h"

G_BEGIN_DECLS

/**
 * oci_http_client_send:
 * @cancellable: (nullable): noticed within a second
 *
 * Sends one request and reads the whole answer; any HTTP status is success here. Redirects of GET
 * and HEAD are followed, and those of POST and PUT that keep the method and the body (307, 308):
 * never from https to http, and without @authorization to another origin. Other redirects of POST
 * and PUT are returned as they are. Content that comes compressed unasked is decoded, but for a
 * receiver.
 *
 * Returns: (transfer full) (nullable): the answer, or %NULL with "HOST: …" in @error:
 *   %OCI_ERROR_UNREACHABLE (no connection was made), %OCI_ERROR_NETWORK (it broke, or drips),
 *   %OCI_ERROR_TIMEOUT (it stalled),
 *   %OCI_ERROR_DENIED (its certificate is not trusted; plain HTTP to a remote host; offline),
 *   %OCI_ERROR_CANCELLED, %OCI_ERROR_LIMIT (too large an answer; the client's time is over),
 *   %OCI_ERROR_FORMAT (not a URL; control characters in a header; no TLS at the port),
 * %OCI_ERROR_IO (@body_fd), or what the receiver says
 */
OciHttpResponse *oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
