/* Prints the document of 'terrane diff'. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Prints the causes first, then the most important differences of each kind, in lines that fit the
 * terminal. */
void terrane_diff_print (const json_t *document);

/** Returns: (transfer full): one cause as a sentence without a full stop */
char *terrane_diff_cause_text (const json_t *cause);

G_END_DECLS
