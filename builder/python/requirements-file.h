/* Requirements files as written by 'pip-compile', 'uv pip compile' and 'uv export' and read by pip
 * (https://pip.pypa.io/en/stable/reference/requirements-file-format/): every project with one
 * version and hashes. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_file_parse:
 * @name: name of the file in messages
 * @data: UTF-8, with or without a byte order mark, lines ending with LF or CRLF
 *
 * Options that name indexes are kept, with environment variables substituted; options about
 * building or resolving are skipped. Files named by "-r" and "-c" are read, by paths relative to
 * the file that names them. Accepts what terrane_requirement_parse_line() accepts;
 * terrane_requirements_select() decides which requirements are used, and whether they are pinned.
 *
 * Returns: (transfer full): the requirements
 * Errors: %OCI_ERROR_USAGE (all problems, a line each, such as "NAME line 3: …"),
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
TerraneRequirements *terrane_requirements_file_parse (const char *name, GBytes *data,
                                                      GError **error);

G_END_DECLS
