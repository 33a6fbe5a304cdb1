/* For requests, which use a client's parts. */
#pragma once

#include "oci/http/client.h"
#include "oci/http/tls.h"
#include "oci/http/trust.h"

G_BEGIN_DECLS

enum
{
  OCI_HTTP_SHARE_LOCKS = 16, /* more than libcurl has kinds of */
};

struct _OciHttpClient
{
  OciHttpOptions options;
  char *user_agent;
  gint64 deadline; /* monotonic microseconds; 0 without one */
  gint64 paused;   /* since when the clock stands, likewise; 0 when it runs */
  GMutex mutex;    /* guards what follows */
  GQueue idle; /* of CURL: each keeps its connections, so a handle that comes back is a warm one */
  GMutex share_mutexes[OCI_HTTP_SHARE_LOCKS]; /* by what libcurl locks */
  gpointer share; /* CURLSH, NULL before the first request: names and TLS sessions of all handles */
  OciTrust *trust; /* NULL before the first verified connection; then it stays */
  GHashTable *tls; /* "HOST:PORT" -> OciTlsConfig, which stay */
};

G_END_DECLS
