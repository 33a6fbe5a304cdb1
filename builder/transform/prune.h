/* Selects the files of a tree that are not needed at run time, by their paths alone, so that these
 * are neither hashed nor stored. Files that programs are known to need are kept even if a rule
 * would remove them. */
#pragma once

#include "builder/profile/transform-spec.h"
#include "builder/transform/report.h"

#include "oci/entry.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _TerranePruner TerranePruner;

/**
 * terrane_pruner_new:
 * @spec: must outlive the pruner
 * @prefix: of the tree, must outlive it, too
 * @is_site: whether the prefix is a directory of Python packages, like that of wheels; otherwise
 *   only site-packages, dist-packages and lib/python3.N are
 *
 * Returns: (transfer full) (nullable): %NULL if nothing is to be pruned
 */
TerranePruner *terrane_pruner_new (const TerraneTransformSpec *spec, const char *prefix,
                                   gboolean is_site);
void terrane_pruner_free (TerranePruner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePruner, terrane_pruner_free)

/**
 * terrane_pruner_drops:
 * @entry: with its path in the image
 *
 * Whether to remove the entry; counts it if so.
 */
gboolean terrane_pruner_drops (TerranePruner *self, const OciEntry *entry);

/** Like terrane_pruner_drops() for another path, without counting. */
gboolean terrane_pruner_would_drop (TerranePruner *self, const char *path, OciEntryType type);

/** Returns: (transfer full) (nullable): what was removed, %NULL if nothing was */
json_t *terrane_pruner_report (const TerranePruner *self);

/** Returns: (transfer full) (element-type utf8): patterns of "prune_paths" that matched nothing */
GPtrArray *terrane_pruner_unused (const TerranePruner *self);

G_END_DECLS
