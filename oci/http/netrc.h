/* Users and passwords by host in ~/.netrc, a file shared with ftp(1), curl(1) and pip(1). */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct _OciNetrc OciNetrc;

/**
 * oci_netrc_load:
 * Reads the file that $NETRC names, else ~/.netrc, else ~/_netrc. As with pip, a missing file has
 * no entries.
 *
 * Returns: (transfer full): the entries
 * Errors: %OCI_ERROR_IO, %OCI_ERROR_LIMIT or %OCI_ERROR_FORMAT, with the path.
 */
OciNetrc *oci_netrc_load (GError **error);

/**
 * oci_netrc_parse:
 * Tokens are separated by white space and may be in double quotes, with backslashes. "macdef" lasts
 * until an empty line; "#" at the start of a token outside of an entry's values is a comment.
 *
 * Returns: (transfer full): the entries
 * Errors: %OCI_ERROR_FORMAT; the message quotes nothing of @text.
 */
OciNetrc *oci_netrc_parse (const char *text, GError **error);

void oci_netrc_free (OciNetrc *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciNetrc, oci_netrc_free)

/**
 * oci_netrc_authorize:
 * @host: without port, which the file does not have
 * @with_default: whether to use "default" if no "machine" matches
 *
 * Returns: (transfer full) (nullable): the Authorization value, a secret
 */
char *oci_netrc_authorize (const OciNetrc *self, const char *host, gboolean with_default);

G_END_DECLS
