/* pip's installation report, as `pip install --dry-run --ignore-installed --report FILE` writes it
 * (pip documentation, "Installation Report"). */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_pip_report_parse:
 * @name: what the report is called in messages
 * @data: the report
 *
 * Each member of `install` becomes a requirement with a version, a URL and one hash. Refused are
 * reports of another major version than "1", and projects that came from a directory or from
 * version control, which have no hash.
 *
 * Returns: (transfer full) (nullable): the requirements with `environment`'s Python version and
 *   machine, or %NULL with %OCI_ERROR_USAGE (all problems, a line each) or %OCI_ERROR_LIMIT
 */
TerraneRequirements *terrane_pip_report_parse (const char *name, GBytes *data, GError **error);

G_END_DECLS
