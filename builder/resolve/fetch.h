/* What the sources of a profile need from the network, before they are read: after this the rest of
 * a build asks registries at most. */
#pragma once

#include "builder/remote/remote.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/** Downloads what the base needs, unless it, or the tree that was made from it, is in the store. */
gboolean terrane_fetch_base (TerraneRemote *remote, TerranePlan *plan, GError **error);

/**
 * terrane_fetch_trees:
 *
 * Downloads archives and wheels and pulls ostree commits, unless they, or the trees that were made
 * from them, are in the store.
 */
gboolean terrane_fetch_trees (TerraneRemote *remote, TerranePlan *plan, GError **error);

G_END_DECLS
