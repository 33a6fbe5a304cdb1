/* The page of one project in a package index: JSON (PEP 691, PEP 700) or HTML (PEP 503, 592,
 * 629). */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/* Formats that a client of an index accepts, as a request header. */
#define TERRANE_INDEX_ACCEPT                                                                       \
  "Accept: application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "       \
  "text/html;q=0.01"

/**
 * terrane_index_page_parse:
 * @url: of the page, after redirects; the base of relative links. Without user and password
 * @content_type: (nullable): the Content-Type of the answer; %NULL means HTML
 * @data: the page
 *
 * Skips links other than http and https, and links to local files unless @url is one; ignores
 * hashes of algorithms other than SHA-256. PyPI's rules for names are not checked: a file name is
 * any text without "/".
 *
 * Returns: (transfer full) (element-type TerraneIndexFile): the files in the order of the page
 * Errors: %OCI_ERROR_FORMAT for a page that is not an index, %OCI_ERROR_UNSUPPORTED for a later
 *   major version of the format, %OCI_ERROR_LIMIT for too many files.
 */
GPtrArray *terrane_index_page_parse (const char *url, const char *content_type, GBytes *data,
                                     GError **error);

G_END_DECLS
