/* Renders a document as one self-contained HTML file: no network, no other file. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the page that shows @document, see docs/record.md#report */
char *terrane_report_page (const json_t *document);

G_END_DECLS
