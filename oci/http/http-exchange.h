/* One request and its answer over libcurl, without redirects. Private to http.c. */
#pragma once

#include "oci/http/http.h"
#include "oci/http/tls.h"
#include "oci/http/trust.h"
#include "oci/http/url.h"

G_BEGIN_DECLS

struct _OciHttpClient
{
  OciHttpOptions options;
  char *user_agent;
  gint64 deadline; /* monotonic microseconds; 0 without one */
  gint64 paused;   /* since when the clock stands, likewise; 0 when it runs */
  GMutex mutex;    /* guards what follows */
  GQueue idle; /* of CURL: each keeps its connections, so a handle that comes back is a warm one */
  OciTrust *trust; /* NULL before the first verified connection; then it stays */
  GHashTable *tls; /* "HOST:PORT" -> OciTlsConfig, which stay */
};

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
