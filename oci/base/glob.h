/* Path patterns as in .gitignore and rsync filters, small and without surprises. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_glob_match:
 * @pattern: components separated by "/"; within one, "*" and "?" do not match "/"; "**" as a whole
 *   component matches any number of components, none included
 * @path: a normalised path
 *
 * Returns: whether @pattern matches all of @path
 */
gboolean oci_glob_match (const char *pattern, const char *path);

/**
 * oci_glob_match_any:
 * @patterns: (nullable): NULL-terminated
 *
 * Returns: whether a pattern matches @path or one of its parent directories, in one pass over @path
 */
gboolean oci_glob_match_any (const char *const *patterns, const char *path);

G_END_DECLS
