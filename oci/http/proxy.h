/* Chooses the proxy for a host from the environment: $https_proxy, $HTTPS_PROXY, $http_proxy,
 * $HTTP_PROXY (not under CGI, where a peer could set it), else $all_proxy, $ALL_PROXY; no proxy for
 * loopback and for hosts that $no_proxy or $NO_PROXY lists. Accepts both libcurl's and Go's forms
 * of lists, so that a list that works for docker and podman works here. */
#pragma once

#include "oci/http/url.h"

G_BEGIN_DECLS

typedef struct
{
  char *url;            /* (nullable): %NULL for no proxy; may contain a password */
  const char *variable; /* that names it */
} OciProxy;

/** Finds the proxy for an origin; reads the environment. @out_proxy: (out caller-allocates) */
void oci_proxy_find (const OciUrlOrigin *origin, OciProxy *out_proxy);
void oci_proxy_clear (OciProxy *self);

/** Returns: (transfer full): "the proxy ‘http://HOST:PORT’ of $HTTPS_PROXY", without user and
 * password */
char *oci_proxy_describe (const OciProxy *self);

/**
 * oci_proxy_is_excepted:
 * @list: elements separated by commas or spaces: "*"; a host name, for itself and all subdomains,
 *   with or without "." or "*." before it; an address; a range such as 10.0.0.0/8; names and
 *   addresses with ":PORT" for that port only
 *
 * Whether the list exempts @origin from the proxy.
 */
gboolean oci_proxy_is_excepted (const char *list, const OciUrlOrigin *origin);

G_END_DECLS
