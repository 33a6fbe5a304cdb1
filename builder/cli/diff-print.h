/* The document of 'terrane diff' for people. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Prints the causes first, then what weighs most of each kind, in lines that fit the terminal. */
void terrane_diff_print (const json_t *document);

/** One cause in a sentence without a full stop. Returns: (transfer full) */
char *terrane_diff_cause_text (const json_t *cause);

G_END_DECLS
