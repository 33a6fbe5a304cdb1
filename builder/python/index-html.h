/* HTML pages of package indexes, over libxml2. index-page.h is the way in. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/** terrane_index_page_parse() for HTML: PEP 503, 592 (yanked), 629 (version). Anchors that lead to
 * no distribution, by their suffix, are skipped. */
GPtrArray *terrane_index_html_parse (const char *url, GBytes *data, GError **error);

G_END_DECLS
