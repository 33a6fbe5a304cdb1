/* What pages of package indexes in JSON and in HTML have in common. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/**
 * terrane_index_link_read:
 * @base: absolute URL that @link counts from
 * @link: as the page has it
 *
 * Makes a file of a link: its URL without fragment, its name from the last component of the path,
 * its digest from a fragment "sha256=HEX" (PEP 503).
 *
 * Returns: (transfer full) (nullable): %NULL when @link leads to no file over http or https, or
 *   has a user in it
 */
TerraneIndexFile *terrane_index_link_read (const char *base, const char *link);

/** Whether the major version of the format is 1 (PEP 629). @version: such as "1.4".
 * %OCI_ERROR_UNSUPPORTED otherwise. */
gboolean terrane_index_check_version (const char *version, GError **error);

/** Fails with %OCI_ERROR_LIMIT when @n_files are more than a page may have. */
gboolean terrane_index_check_count (gsize n_files, GError **error);

G_END_DECLS
