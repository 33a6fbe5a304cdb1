/* Source "ostree": a commit of an ostree repository on this machine, or one that was pulled into
 * the store (builder/remote/ostree.h). */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

/** Whether the repository of @spec is on a web server. */
gboolean terrane_ostree_is_remote (const TerraneSourceSpec *spec);

/** Whether the profile specifies a commit. @out_commit: (out) */
gboolean terrane_ostree_names_commit (const TerraneSourceSpec *spec, OciDigest *out_commit);

/** Finds the commit that a ref of a local repository refers to. Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_NOT_FOUND, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_ostree_resolve_local (const TerraneSourceSpec *spec, OciDigest *out_commit,
                                       GError **error);

G_END_DECLS
