/* The one way into this folder for a file that names projects: a requirements file, a pylock.toml
 * or a report of pip; and advice for the lock files that are none of them. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_parse:
 * @name: the file's path or name: for messages, and to know lock files by
 * @bytes: its content
 *
 * By its name a file is a pylock.toml (see pylock.h). A JSON object with "install" is an
 * installation report (see pip-report.h), anything that is not a lock file a requirements file (see
 * requirements-file.h).
 *
 * Returns: (transfer full) (nullable): the requirements, or %NULL with %OCI_ERROR_USAGE or
 *   %OCI_ERROR_LIMIT; for a lock file the message has the command that makes a requirements file
 */
TerraneRequirements *terrane_requirements_parse (const char *name, GBytes *bytes, GError **error);

G_END_DECLS
