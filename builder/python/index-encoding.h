/* Content codings of HTTP (RFC 9110 section 8.4.1), as far as pages of indexes have them. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* What terrane_index_decode() reads, as a request header. */
#define TERRANE_INDEX_ACCEPT_ENCODING "Accept-Encoding: gzip, deflate"

/**
 * terrane_index_decode:
 * @encoding: (nullable): the Content-Encoding of the answer
 * @data: the body
 * @max_bytes: of the page; more is %OCI_ERROR_LIMIT
 *
 * Undoes gzip and deflate. Gzip is known by its first bytes as well, since object stores forget to
 * say it; no page begins with them.
 *
 * Returns: (transfer full) (nullable): the page; %OCI_ERROR_FORMAT when it is cut or damaged,
 *   %OCI_ERROR_UNSUPPORTED for other codings
 */
GBytes *terrane_index_decode (const char *encoding, GBytes *data, gsize max_bytes, GError **error);

G_END_DECLS
