/* Which files of a tree nobody needs at run time, by their paths alone, so that what goes is
 * neither hashed nor stored. What programs are known to need stays whatever a rule says. */
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
 * @prefix: of the tree, must outlive it too
 * @is_site: the prefix is a directory of Python packages, as that of wheels is; elsewhere only
 *   site-packages, dist-packages and lib/python3.N are
 *
 * Returns: (transfer full) (nullable): %NULL when nothing is to be pruned
 */
TerranePruner *terrane_pruner_new (const TerraneTransformSpec *spec, const char *prefix,
                                   gboolean is_site);
void terrane_pruner_free (TerranePruner *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePruner, terrane_pruner_free)

/**
 * terrane_pruner_drops:
 * @entry: with its path in the image
 *
 * Whether the entry goes; counts it if it does.
 */
gboolean terrane_pruner_drops (TerranePruner *self, const OciEntry *entry);

/** The same for a path that is not at hand, without counting. */
gboolean terrane_pruner_would_drop (TerranePruner *self, const char *path, OciEntryType type);

/** Returns: (transfer full) (nullable): what was done, %NULL when nothing was */
json_t *terrane_pruner_report (const TerranePruner *self);

/** Patterns of "prune_paths" that matched nothing. Returns: (transfer full) (element-type utf8) */
GPtrArray *terrane_pruner_unused (const TerranePruner *self);

G_END_DECLS
