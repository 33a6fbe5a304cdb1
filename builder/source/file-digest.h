/* Digests files that are examined in every build, and caches the digest by the file's identity. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/temp-file.h"

G_BEGIN_DECLS

/**
 * terrane_file_digest:
 * @path: of a regular file; symbolic links are followed
 * @out_digest: (out): SHA-256 of the content
 *
 * Reads the file only if its device, inode, size, mtime or ctime changed since it was last
 * digested. As in git's index, a file that was modified within two seconds before it was digested
 * is not cached, since another change could have the same time stamps.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_file_digest (TerraneStore *store, const char *path, OciDigest *out_digest,
                              GError **error);

/** Whether terrane_file_digest() of this file would read nothing. */
gboolean terrane_file_digest_is_known (TerraneStore *store, const struct stat *st);

/** Remembers the digest of a file that was read for another reason, under the same rules. @st: from
 * before and after the file was read. Errors: %OCI_ERROR_IO. */
gboolean terrane_file_digest_remember (TerraneStore *store, const char *path, const struct stat *st,
                                       const OciDigest *digest, GError **error);

/** Digests the result of stat(), which changes whenever the file does; a file modified within the
 * last two seconds gets an identity that is never repeated. Reads no content. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_file_identity (const char *path, OciDigest *out_identity, GError **error);

/**
 * terrane_file_copy_verified:
 * @fd: read from its current offset to its end
 * @sha256: digest that this content must have
 * @what: its name in messages
 * @says: the origin of the digest: "the profile"
 * @out_copy: (out): a file without a name in the store, at its start
 *
 * Copies a file that is not read in the order of its bytes, so that what is unpacked afterwards is
 * what was digested, even if another process writes to the file meanwhile.
 *
 * Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
gboolean terrane_file_copy_verified (TerraneStore *store, int fd, const OciDigest *sha256,
                                     const char *what, const char *says, OciTempFile *out_copy,
                                     GError **error);

/** Fails with %OCI_ERROR_CORRUPT unless the digests are the same. */
gboolean terrane_file_check_digest (const OciDigest *sha256, const OciDigest *actual,
                                    const char *what, const char *says, GError **error);

/** Returns a digest of the result of stat(), which changes whenever the file does. */
OciDigest terrane_stat_identity (const struct stat *st);

/** Whether the file was modified so recently that its time stamps cannot be trusted. */
gboolean terrane_stat_is_racy (const struct stat *st);

/** Makes an identity unique, for content that may change unnoticed. */
void terrane_identity_salt (OciDigester *digester);

G_END_DECLS
