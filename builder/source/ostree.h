/* Source "ostree": a commit of an ostree repository, which is on this machine or was pulled into
 * the store (builder/remote/ostree.h). */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

/** Whether the repository of @spec is on a web server. */
gboolean terrane_ostree_is_remote (const TerraneSourceSpec *spec);

/** Whether the profile names a commit. */
gboolean terrane_ostree_names_commit (const TerraneSourceSpec *spec, OciDigest *out_commit);

/** Which commit the ref of a repository on this machine is now. */
gboolean terrane_ostree_resolve_local (const TerraneSourceSpec *spec, OciDigest *out_commit,
                                       GError **error);

G_END_DECLS
