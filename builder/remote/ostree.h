/* Pulls commits of ostree repositories on web servers into the store's own repository.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED,
 * codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_resolve_ostree:
 * @url: of a repository in archive mode, http or https
 * @ref: name of a branch
 *
 * Finds the commit that a ref refers to, and records it: terrane_pulled_find().
 *
 * Errors: see the head.
 */
gboolean terrane_remote_resolve_ostree (TerraneRemote *self, const char *url, const char *ref,
                                        OciDigest *out_commit, GError **error);

/** Pulls a commit with everything in it into the store, unless it exists there. Every object is
 * verified; signatures are ignored, since the checksum of the commit determines its content.
 * Errors: see the head. */
gboolean terrane_remote_pull_ostree (TerraneRemote *self, const char *url, const OciDigest *commit,
                                     GError **error);

G_END_DECLS
