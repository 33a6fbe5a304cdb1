/* Source "ostree": a commit of an ostree repository, which is on this machine or was pulled into
 * the store (builder/remote/ostree.h). */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

/** Whether the repository of @spec is on a web server. */
gboolean terrane_ostree_is_remote (const TerraneSourceSpec *spec);

/** The commit of @spec when that is known without asking anybody: from the lock, or because the
 * profile names a commit. */
gboolean terrane_ostree_is_pinned (const TerraneSourceSpec *spec, OciDigest *out_commit);

/**
 * terrane_ostree_resolve:
 * @out_commit: (out): the commit of @spec
 *
 * Of a repository on a web server, what its ref was when the server was asked last:
 * terrane_remote_resolve_ostree().
 */
gboolean terrane_ostree_resolve (TerraneStore *store, const TerraneSourceSpec *spec,
                                 OciDigest *out_commit, GError **error);

G_END_DECLS
