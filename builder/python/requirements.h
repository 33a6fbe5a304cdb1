/* The entry to this directory for a file with projects: a requirements file, a pylock.toml or a
 * report of pip; for other lock files there is advice. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_parse:
 * @name: the file's path or name: for messages, and to recognise lock files
 * @bytes: its content
 *
 * A pylock.toml (see pylock.h) is recognised by its name. A JSON object with "install" is an
 * installation report (see pip-report.h); anything that is not a lock file is a requirements file
 * (see requirements-file.h).
 *
 * Returns: (transfer full): the requirements
 * Errors: %OCI_ERROR_USAGE; for a lock file the message has the command that makes a requirements
 *   file; %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
TerraneRequirements *terrane_requirements_parse (const char *name, GBytes *bytes, GError **error);

G_END_DECLS
