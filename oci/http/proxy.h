/* The proxy that the environment wants for a host: $https_proxy, $HTTPS_PROXY, $http_proxy,
 * $HTTP_PROXY (not under CGI, where a peer could set it), else $all_proxy, $ALL_PROXY; no proxy for
 * loopback and for what $no_proxy or $NO_PROXY lists. Both libcurl's and Go's forms of lists are
 * read, so that a list that works for docker and podman works here. */
#pragma once

#include "oci/http/url.h"

G_BEGIN_DECLS

typedef struct
{
  char *url;            /* (nullable): %NULL for none; may have a password in it */
  const char *variable; /* that named it */
} OciProxy;

/** Reads the environment. */
void oci_proxy_find (const OciUrlOrigin *origin, OciProxy *out_proxy);
void oci_proxy_clear (OciProxy *self);

/** "the proxy ‘http://HOST:PORT’ of $HTTPS_PROXY", without user and password.
 * Returns: (transfer full) */
char *oci_proxy_describe (const OciProxy *self);

/**
 * oci_proxy_is_excepted:
 * @list: elements separated by commas or spaces: "*", a host name with all that end in it (whether
 *   or not "." or "*." stands before it), an address, a range such as 10.0.0.0/8; names and
 *   addresses with ":PORT" for that port only
 */
gboolean oci_proxy_is_excepted (const char *list, const OciUrlOrigin *origin);

G_END_DECLS
