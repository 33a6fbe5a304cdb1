/* HTML pages of package indexes, parsed with libxml2. Called through index-page.h. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/** terrane_index_page_parse() for HTML: PEP 503, 592 (yanked), 629 (version). Skips links whose
 * suffix is not that of a distribution. Returns: (transfer full). Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT. */
GPtrArray *terrane_index_html_parse (const char *url, GBytes *data, GError **error);

G_END_DECLS
