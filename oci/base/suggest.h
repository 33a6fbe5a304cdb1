/* Suggestions for misspelt words, at the end of messages. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The nearest of @candidates, a NULL-terminated list, to @word, or NULL when none is near.
 * Returns: (transfer none) */
const char *oci_nearest_word (const char *word, const char *const *candidates);

/** Returns: (transfer full): "; did you mean ‘MEANT’?", or "" for %NULL */
char *oci_suggest (const char *meant);

/** oci_suggest() of the nearest of @candidates to @word. Returns: (transfer full) */
char *oci_did_you_mean (const char *word, const char *const *candidates);

G_END_DECLS
