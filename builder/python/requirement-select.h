/* Selects the requirements for an image: those whose markers hold, combined with constraints, one
 * for each project. */
#pragma once

#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_select:
 * @file: for messages about requirements that are in no file of their own
 *
 * As with pip, several requirements of a project are combined if all of them allow some version and
 * some digest; likewise constraints. Each result has one version, or a URL or path of a wheel and
 * its version, and at least one digest.
 *
 * Returns: (transfer full) (element-type TerraneRequirement): in the order of the file
 * Errors: %OCI_ERROR_USAGE (all problems, a line each); those of terrane_marker_evaluate():
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
GPtrArray *terrane_requirements_select (const TerraneRequirements *self,
                                        const TerranePythonTarget *target, const char *file,
                                        GError **error);

/** Whether some marker holds for one patch version of the target's Python and not for another.
 * Ignores invalid markers. Returns: (transfer none) (nullable): the first such requirement */
const TerraneRequirement *terrane_requirements_need_patch (const TerraneRequirements *self,
                                                           const TerranePythonTarget *target);

G_END_DECLS
