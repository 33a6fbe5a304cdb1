/* Decodes content codings of HTTP (RFC 9110 section 8.4.1) used for pages of indexes. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* The codings of terrane_index_decode(), as a request header. */
#define TERRANE_INDEX_ACCEPT_ENCODING "Accept-Encoding: gzip, deflate"

/**
 * terrane_index_decode:
 * @encoding: (nullable): the Content-Encoding of the answer
 * @data: the body
 * @max_bytes: of the page; more is %OCI_ERROR_LIMIT
 *
 * Decodes gzip and deflate. Gzip is also recognised by its first bytes, since object stores omit
 * the header; no page begins with them.
 *
 * Returns: (transfer full): the page
 * Errors: %OCI_ERROR_FORMAT if it is truncated or damaged, %OCI_ERROR_UNSUPPORTED for other
 *   codings, %OCI_ERROR_LIMIT.
 */
GBytes *terrane_index_decode (const char *encoding, GBytes *data, gsize max_bytes, GError **error);

G_END_DECLS
