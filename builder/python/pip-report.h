/* pip's installation report, as written by `pip install --dry-run --ignore-installed --report FILE`
 * (https://pip.pypa.io/en/stable/reference/installation-report/). */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_pip_report_parse:
 * @name: name of the report in messages
 * @data: the report
 *
 * Each member of `install` becomes a requirement with a version, a URL and one hash. Refuses
 * reports of a major version other than "1", and projects from a directory or from version control,
 * which have no hash.
 *
 * Returns: (transfer full): the requirements with `environment`'s Python version and machine
 * Errors: %OCI_ERROR_USAGE (all problems, a line each), %OCI_ERROR_LIMIT.
 */
TerraneRequirements *terrane_pip_report_parse (const char *name, GBytes *data, GError **error);

G_END_DECLS
