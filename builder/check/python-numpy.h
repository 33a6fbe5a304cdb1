/* Compares extension modules with the numpy that they were built for. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/** Adds findings "python.numpy-abi" and "python.osgeo-without-numpy". Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_IO. */
gboolean terrane_check_numpy (const TerraneImageView *view, const TerranePython *python,
                              TerraneFindings *findings, GError **error);

G_END_DECLS
