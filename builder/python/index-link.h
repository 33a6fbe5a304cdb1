/* Functions shared by pages of package indexes in JSON and in HTML. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

/**
 * terrane_index_link_read:
 * @base: absolute URL to which @link is relative; may have a user
 * @link: as in the page
 * @name: (nullable): of the file; %NULL to use the last component of the path
 *
 * Makes a file from a link: its URL without user and fragment, its digest from a fragment
 * "sha256=HEX" (PEP 503). Only pages that are local files (file://) may link to local files.
 *
 * Returns: (transfer full) (nullable): %NULL if @link is neither to a file over http or https, nor
 *   to a local one
 */
TerraneIndexFile *terrane_index_link_read (const char *base, const char *link, const char *name);

/** Whether the major version of the format is 1 (PEP 629). @version: such as "1.4".
 * %OCI_ERROR_UNSUPPORTED otherwise. */
gboolean terrane_index_check_version (const char *version, GError **error);

/** Fails with %OCI_ERROR_LIMIT if @n_files exceeds the limit of a page. */
gboolean terrane_index_check_count (gsize n_files, GError **error);

G_END_DECLS
