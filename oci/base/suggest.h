/* Suggestions for misspelt words, at the end of messages. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Finds the word of @candidates, a NULL-terminated list, that is nearest to @word.
 * Returns: (transfer none) (nullable): %NULL if none is similar */
const char *oci_nearest_word (const char *word, const char *const *candidates);

/** Returns: (transfer full): "; did you mean ‘MEANT’?", or "" if @meant is %NULL */
char *oci_suggest (const char *meant);

/** Combines oci_nearest_word() and oci_suggest(). Returns: (transfer full) */
char *oci_did_you_mean (const char *word, const char *const *candidates);

G_END_DECLS
