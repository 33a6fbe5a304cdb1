/* HTTP for registries and for services that issue credentials, over libcurl easy handles. Knows
 * nothing of either: it sends the Authorization it is given to the origin it is given for, and
 * nowhere else. Requests are not retried here, see retry.h.
 *
 * HTTPS (TLS 1.2 or newer) with verification (trust.h and tls.h choose the certificates); plain
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
 * Sends one request and reads the whole answer; any HTTP status is success here. Follows redirects
 * of GET and HEAD, and those of POST and PUT that keep method and body (307, 308): never from https
 * to http, and without @authorization to another origin. Other redirects of POST and PUT are
 * returned. Content that is compressed unrequested is decoded, except for a receiver.
 *
 * Returns: (transfer full): the answer
 * Errors: "HOST: …" with %OCI_ERROR_UNREACHABLE (no connection could be made), %OCI_ERROR_NETWORK
 *   (it broke, or is too slow), %OCI_ERROR_TIMEOUT (it stalled), %OCI_ERROR_DENIED (untrusted
 *   certificate; plain HTTP to a remote host; offline), %OCI_ERROR_CANCELLED, %OCI_ERROR_LIMIT
 *   (answer too large; the client's time limit), %OCI_ERROR_FORMAT (not a URL; control characters
 *   in a header; no TLS at the port), %OCI_ERROR_IO (@body_fd), or the receiver's error.
 */
OciHttpResponse *oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
