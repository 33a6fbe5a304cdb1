/* Finds different libraries with the same DT_SONAME in two packages of modules: the first one that
 * is loaded is used by both packages. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_check_twins:
 * @groups: DT_SONAME -> GPtrArray of TerraneElfEntry
 * @loaded: TerraneElfEntry -> anything: files that modules load
 *
 * Adds findings elf.twin-library. Fails only if files cannot be read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_check_twins (const TerraneImageView *view, GHashTable *groups, GHashTable *loaded,
                              TerraneFindings *findings, GError **error);

G_END_DECLS
