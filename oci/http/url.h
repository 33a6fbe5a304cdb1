/* Operations on URLs that the registry protocol needs, over libcurl's URL parser. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct
{
  char *scheme; /* "http" or "https" */
  char *host;   /* lower case; IPv6 addresses in brackets */
  char *port;   /* decimal, also if it is the scheme's default */
} OciUrlOrigin;

/** Finds the origin of an absolute http or https URL. %OCI_ERROR_FORMAT for anything else, also for
 * URLs that contain a user. */
gboolean oci_url_origin (const char *url, OciUrlOrigin *out_origin, GError **error);
void oci_url_origin_clear (OciUrlOrigin *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciUrlOrigin, oci_url_origin_clear)

/** Whether both have the same scheme, host and port, the scope of credentials. */
gboolean oci_url_same_origin (const OciUrlOrigin *a, const OciUrlOrigin *b);

/** Whether the host is localhost, in 127.0.0.0/8 or ::1. */
gboolean oci_url_is_loopback (const OciUrlOrigin *origin);

/** Returns: (transfer full): a URL for messages, without user, password, query and fragment, which
 * may be secrets: registries often redirect to signed addresses */
char *oci_url_quote (const char *url);

/** Replaces the password in @text by "…" if it is a URL with one; like oci_url_quote() it rather
 * hides too much. Returns: (transfer full) */
char *oci_url_hide_password (const char *text);

/**
 * oci_url_take_user:
 * @out_url: (out) (transfer full): @url without user and password
 * @out_authorization: (out) (transfer full) (nullable): their Authorization value, or %NULL if
 *   there is no user; a secret, see oci_secret_free()
 *
 * Separates user and password from a URL.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean oci_url_take_user (const char *url, char **out_url, char **out_authorization,
                            GError **error);

/** Returns: (transfer full): the Authorization value "Basic …" (RFC 7617 section 2), a secret */
char *oci_url_basic_authorization (const char *user, const char *password);

/** Resolves a relative or absolute @reference against @base (RFC 3986 section 5).
 * Returns: (transfer full). Errors: %OCI_ERROR_FORMAT. */
char *oci_url_resolve (const char *base, const char *reference, GError **error);

/** Like oci_url_resolve(), but both may have a user, which a relative reference inherits from the
 * base. Returns: (transfer full): may contain a password. Errors: %OCI_ERROR_FORMAT. */
char *oci_url_resolve_base (const char *base, const char *reference, GError **error);

/** Combines oci_url_resolve_base() and oci_url_take_user(). Errors: %OCI_ERROR_FORMAT. */
gboolean oci_url_resolve_user (const char *base, const char *reference, char **out_url,
                               char **out_authorization, GError **error);

/** Appends "NAME=VALUE", escaped, to the query, whose other parts do not change.
 * Returns: (transfer full). Errors: %OCI_ERROR_FORMAT. */
char *oci_url_add_query (const char *url, const char *name, const char *value, GError **error);

G_END_DECLS
