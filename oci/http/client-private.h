/* The client's internals, for the implementation of requests. */
#pragma once

#include "oci/http/client.h"
#include "oci/http/tls.h"
#include "oci/http/trust.h"

G_BEGIN_DECLS

enum
{
  OCI_HTTP_SHARE_LOCKS = 16, /* more than the number of kinds in libcurl */
};

struct _OciHttpClient
{
  OciHttpOptions options;
  char *user_agent;
  gint64 deadline; /* monotonic microseconds; 0 for none */
  gint64 paused;   /* time since which the clock is stopped, likewise; 0 while it runs */
  GMutex mutex;    /* guards the members below */
  GQueue idle; /* of CURL: each keeps its connections, so a reused handle is already connected */
  GMutex share_mutexes[OCI_HTTP_SHARE_LOCKS]; /* by the kind of data that libcurl locks */
  gpointer share;  /* CURLSH, NULL before the first request: names and TLS sessions shared by all
                      handles */
  OciTrust *trust; /* NULL before the first verified connection; constant afterwards */
  GHashTable *tls; /* "HOST:PORT" -> OciTlsConfig, never removed */
};

G_END_DECLS
