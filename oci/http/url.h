/* The few things that the registry protocol does with URLs, over libcurl's URL parser. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct
{
  char *scheme; /* "http" or "https" */
  char *host;   /* lower case; IPv6 addresses in brackets */
  char *port;   /* decimal, also when it is the scheme's own */
} OciUrlOrigin;

/** The origin of an absolute http or https URL. %OCI_ERROR_FORMAT for anything else, also for URLs
 * with a user in them. */
gboolean oci_url_origin (const char *url, OciUrlOrigin *out_origin, GError **error);
void oci_url_origin_clear (OciUrlOrigin *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciUrlOrigin, oci_url_origin_clear)

/** Whether both have the same scheme, host and port, which is how far credentials go. */
gboolean oci_url_same_origin (const OciUrlOrigin *a, const OciUrlOrigin *b);

/** Whether the host is localhost, in 127.0.0.0/8 or ::1. */
gboolean oci_url_is_loopback (const OciUrlOrigin *origin);

/** A URL for messages, without user, password, query and fragment, which may be secrets: addresses
 * that registries redirect to are often signed. Returns: (transfer full) */
char *oci_url_quote (const char *url);

/** @text with "…" in place of the password of the URL that it is, if it is one that has one; as
 * oci_url_quote() it hides too much rather than too little. Returns: (transfer full) */
char *oci_url_hide_password (const char *text);

/**
 * oci_url_take_user:
 * @out_url: (out) (transfer full): @url without user and password
 * @out_authorization: (out) (transfer full) (nullable): the Authorization value that says them, or
 *   %NULL when there is no user; a secret, see oci_secret_free()
 */
gboolean oci_url_take_user (const char *url, char **out_url, char **out_authorization,
                            GError **error);

/** The Authorization value "Basic …" (RFC 7617 section 2). Returns: (transfer full): a secret */
char *oci_url_basic_authorization (const char *user, const char *password);

/** Resolves a relative or absolute @reference against @base (RFC 3986 section 5).
 * Returns: (transfer full) (nullable) */
char *oci_url_resolve (const char *base, const char *reference, GError **error);

/** Like oci_url_resolve(), but both may have a user, which a relative reference takes over from the
 * base. Returns: (transfer full) (nullable): may have a password in it */
char *oci_url_resolve_base (const char *base, const char *reference, GError **error);

/** Like oci_url_resolve_base() and oci_url_take_user() after each other. */
gboolean oci_url_resolve_user (const char *base, const char *reference, char **out_url,
                               char **out_authorization, GError **error);

/** Appends "NAME=VALUE" to the query, escaped; what the query has stays as it is.
 * Returns: (transfer full) (nullable) */
char *oci_url_add_query (const char *url, const char *name, const char *value, GError **error);

G_END_DECLS
