/* A directory of files named by their SHA-256, which is searched before anything is downloaded. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_set_mirror:
 * @path: of a directory; the name of a file is its SHA-256 in 64 lower-case hexadecimal digits
 *
 * From now on files with a known digest are taken from there if it has them; also offline.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_remote_set_mirror (TerraneRemote *self, const char *path, GError **error);

/**
 * terrane_remote_take_mirrored:
 * @out_found: (out): whether the mirror has the file; %FALSE without a mirror
 *
 * Copies a file from the mirror into the store's downloads. If its content does not match its name,
 * this fails with %OCI_ERROR_CORRUPT, and the file is not downloaded.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_remote_take_mirrored (TerraneRemote *self, const OciDigest *sha256,
                                       gboolean *out_found, GError **error);

/** Returns: (transfer full): ", nor in the mirror ‘/srv/mirror’", or "" without a mirror */
char *terrane_remote_describe_mirror (const TerraneRemote *self);

G_END_DECLS
