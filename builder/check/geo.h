/* Finds problems of GDAL, PROJ and their data that make them fail, or give wrong results, although
 * everything can be loaded. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"

G_BEGIN_DECLS

/**
 * terrane_check_geo:
 * @programs: of @view
 * @grids: (nullable): files that every PROJ must find
 * @prefix: (nullable): sys.prefix of the image's Python
 * @any_user: the platform runs the image as a user of its own, which owns nothing in it
 *
 * Adds findings of the family "geo". Fails only if files cannot be read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
gboolean terrane_check_geo (const TerraneImageView *view, TerranePrograms *programs,
                            const char *const *grids, const char *prefix, gboolean any_user,
                            TerraneFindings *findings, GError **error);

G_END_DECLS
