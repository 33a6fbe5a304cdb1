/* Compiled modules: whether Python uses the .pyc files of an image. On a read-only file system
 * those that it does not use cost time at every start. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/**
 * terrane_check_bytecode:
 * @audit: (nullable): of the layers that nodes of an tree number from 1 are of; %NULL: those of
 * tree numbers from @first_ours on, and no others, are known to have terrane's constant time
 *
 * Adds findings "python.…-bytecode".
 */
gboolean terrane_check_bytecode (const TerraneImageView *view, const TerranePython *python,
                                 const TerraneLayerAudit *audit, int first_ours,
                                 TerraneFindings *findings, GError **error);

G_END_DECLS
