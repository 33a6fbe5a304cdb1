/* The page of one project in a package index: JSON (PEP 691, PEP 700) or HTML (PEP 503, 592, 629).
 */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/* What a client of an index accepts, as a request header. */
#define TERRANE_INDEX_ACCEPT                                                                       \
  "Accept: application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "       \
  "text/html;q=0.01"

/**
 * terrane_index_page_parse:
 * @url: of the page, after redirects; relative links count from here. Without user and password
 * @content_type: (nullable): the Content-Type of the answer; %NULL counts as HTML
 * @data: the page
 *
 * Links to something else than http and https are skipped, and to local files unless @url is one;
 * a hash of another algorithm than SHA-256 is none. PyPI's rules for names are not checked: file
 * names are any text without
 * "/" here.
 *
 * Returns: (transfer full) (nullable) (element-type TerraneIndexFile): the files in the order of
 *   the page, or %NULL with %OCI_ERROR_FORMAT (not an index, or of a later major version of the
 *   format), %OCI_ERROR_LIMIT (too many files)
 */
GPtrArray *terrane_index_page_parse (const char *url, const char *content_type, GBytes *data,
                                     GError **error);

G_END_DECLS
