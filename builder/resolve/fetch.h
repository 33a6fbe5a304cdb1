/* What the sources of a profile need from the network, before they are read: after this the rest of
 * a build asks registries at most. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/** Downloads what the base needs, unless it, or the tree that was made from it, is in the store. */
gboolean terrane_fetch_base (TerraneRemote *remote, const TerraneProfile *profile, GError **error);

/**
 * terrane_fetch_trees:
 * @profile: a resolved one
 *
 * Downloads archives and wheels and pulls ostree commits, unless they, or the trees that were made
 * from them, are in the store.
 */
gboolean terrane_fetch_trees (TerraneRemote *remote, const TerraneProfile *profile, GError **error);

/**
 * terrane_fetch_ostree_commit:
 * @spec: of the kind ostree
 *
 * Which commit a source is now: for the lock. Asks the server of a remote repository.
 */
gboolean terrane_fetch_ostree_commit (TerraneRemote *remote, const TerraneSourceSpec *spec,
                                      OciDigest *out_commit, GError **error);

G_END_DECLS
