/* Commits of ostree repositories on web servers, into the store's own repository. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_resolve_ostree:
 * @url: of a repository in archive mode, http or https
 * @ref: name of a branch
 *
 * Asks which commit a ref is now, and remembers it: terrane_pulled_find().
 */
gboolean terrane_remote_resolve_ostree (TerraneRemote *self, const char *url, const char *ref,
                                        OciDigest *out_commit, GError **error);

/**
 * terrane_remote_pull_ostree:
 *
 * Brings a commit with everything below it into the store, unless it is there. Every object is
 * verified; signatures are not looked at, since the checksum of the commit says what it is.
 */
gboolean terrane_remote_pull_ostree (TerraneRemote *self, const char *url, const OciDigest *commit,
                                     GError **error);

G_END_DECLS
