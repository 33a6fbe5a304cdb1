/* Libraries of one DT_SONAME that two packages of modules bring, and that are not the same: the
 * first that is loaded serves both packages. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_check_twins:
 * @groups: DT_SONAME -> GPtrArray of TerraneElfEntry
 * @loaded: TerraneElfEntry -> anything: what modules load
 *
 * Adds findings elf.twin-library. Fails only when files cannot be read.
 */
gboolean terrane_check_twins (const TerraneImageView *view, GHashTable *groups, GHashTable *loaded,
                              TerraneFindings *findings, GError **error);

G_END_DECLS
