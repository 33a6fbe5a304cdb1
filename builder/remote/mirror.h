/* A directory with files by their SHA-256, which is looked into before anything is downloaded. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_set_mirror:
 * @path: of a directory; a file's name there is its SHA-256 in 64 lower-case hexadecimal digits
 *
 * From now on downloads whose digest is known come from there, when it has them; also offline.
 */
gboolean terrane_remote_set_mirror (TerraneRemote *self, const char *path, GError **error);

/**
 * terrane_remote_take_mirrored:
 * @out_found: (out): whether the mirror has it; without a mirror, %FALSE
 *
 * Copies a file from the mirror into the store's downloads. One that has not the digest that its
 * name says is %OCI_ERROR_CORRUPT: nothing else is asked for it.
 */
gboolean terrane_remote_take_mirrored (TerraneRemote *self, const OciDigest *sha256,
                                       gboolean *out_found, GError **error);

/** ", nor in the mirror ‘/srv/mirror’", or nothing without one. Returns: (transfer full) */
char *terrane_remote_describe_mirror (const TerraneRemote *self);

G_END_DECLS
