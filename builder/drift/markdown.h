/* The document of drift as Markdown, for the text of an issue or a pull request. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Text of strangers mentions nobody, links to nothing and ends no table there. Returns: (transfer
 * full) */
char *terrane_drift_markdown (const json_t *document);

G_END_DECLS
