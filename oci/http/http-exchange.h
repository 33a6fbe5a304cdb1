/* One request and its answer over libcurl, without redirects. Private to http.c. */
#pragma once

#include "oci/http/client.h"
#include "oci/http/message.h"

G_BEGIN_DECLS

/**
 * oci_http_exchange:
 * @url: where to, with @origin
 * @authorize: whether to send the request's authorization
 *
 * Returns: (transfer full) (nullable): see oci_http_client_send()
 */
OciHttpResponse *oci_http_exchange (OciHttpClient *self, const OciHttpRequest *request,
                                    const char *url, const OciUrlOrigin *origin, gboolean authorize,
                                    GCancellable *cancellable, GError **error);

G_END_DECLS
