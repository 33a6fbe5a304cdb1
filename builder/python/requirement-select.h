/* Which requirements count for an image: those whose markers hold, with what constraints say, one
 * for each project. */
#pragma once

#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/**
 * terrane_requirements_select:
 * @file: for messages about requirements that are in no file of their own
 *
 * As pip does: several requirements of a project count together when some version and some digest
 * is allowed by all of them; so do constraints. Each that is left has one version, or a URL or path
 * of a wheel and the version of that, and at least one digest.
 *
 * Returns: (transfer full) (nullable) (element-type TerraneRequirement): in the order of the file;
 *   %NULL with %OCI_ERROR_USAGE (all problems, a line each), or what terrane_marker_evaluate() says
 */
GPtrArray *terrane_requirements_select (const TerraneRequirements *self,
                                        const TerranePythonTarget *target, const char *file,
                                        GError **error);

/** Whether some marker holds for one patch version of the target's Python and not for another.
 * Broken markers do not count. Returns: (transfer none) (nullable): the first such requirement */
const TerraneRequirement *terrane_requirements_need_patch (const TerraneRequirements *self,
                                                           const TerranePythonTarget *target);

G_END_DECLS
