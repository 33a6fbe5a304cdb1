/* Requirements files as 'pip-compile', 'uv pip compile' and 'uv export' write them and pip reads
 * them (pip documentation, "Requirements File Format"): every project with one version and hashes.
 */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_file_parse:
 * @name: what the file is called in messages
 * @data: UTF-8, with or without a byte order mark, lines ending with LF or CRLF
 *
 * Of the options, those that name indexes are kept, with environment variables put in; those that
 * say how to build or to resolve are skipped. Files that "-r" and "-c" name are read, by paths that
 * count from the file that names them. What terrane_requirement_parse_line() takes is taken: which
 * requirements count, and whether they are pinned, terrane_requirements_select() says.
 *
 * Returns: (transfer full) (nullable): the requirements, or %NULL with %OCI_ERROR_USAGE (all
 *   problems, a line each, such as "NAME line 3: …") or %OCI_ERROR_LIMIT
 */
TerraneRequirements *terrane_requirements_file_parse (const char *name, GBytes *data,
                                                      GError **error);

G_END_DECLS
