/* Formats the document of drift as Markdown, for the text of an issue or a pull request. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Untrusted text in it cannot mention a user, link anywhere, or end a table.
 * Returns: (transfer full) */
char *terrane_drift_markdown (const json_t *document);

G_END_DECLS
