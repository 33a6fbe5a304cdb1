/* Checks whether Python can use the .pyc files of an image. On a read-only file system, unusable
 * ones cost time at every start. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/**
 * terrane_check_bytecode:
 * @audit: (nullable): of the layers that nodes with tree numbers from 1 are from; %NULL: only nodes
 *   with tree numbers from @first_ours on are known to have terrane's constant time
 *
 * Adds findings "python.…-bytecode".
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_check_bytecode (const TerraneImageView *view, const TerranePython *python,
                                 const TerraneLayerAudit *audit, int first_ours,
                                 TerraneFindings *findings, GError **error);

G_END_DECLS
