/* The digest of a file that is looked at in every build, remembered by its identity. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/temp-file.h"

G_BEGIN_DECLS

/**
 * terrane_file_digest:
 * @path: of a regular file; symbolic links are followed
 * @out_digest: (out): SHA-256 of the content
 *
 * Reads the file only when its device, inode, size, mtime or ctime changed since it was digested
 * last. As in git's index, a file that was modified within two seconds of being digested is not
 * remembered, since another change could hide behind the same time stamps.
 */
gboolean terrane_file_digest (TerraneStore *store, const char *path, OciDigest *out_digest,
                              GError **error);

/** Whether terrane_file_digest() of this file reads nothing. */
gboolean terrane_file_digest_is_known (TerraneStore *store, const struct stat *st);

/** For who has read the file for another reason: remembers its digest under the same rules. @st:
 * of before and after it was read */
gboolean terrane_file_digest_remember (TerraneStore *store, const char *path, const struct stat *st,
                                       const OciDigest *digest, GError **error);

/**
 * terrane_file_identity:
 *
 * Digests what stat() says of the file, which changes whenever the file does; a file modified
 * within the last two seconds gets an identity that never comes again. Reads no content.
 */
gboolean terrane_file_identity (const char *path, OciDigest *out_identity, GError **error);

/**
 * terrane_file_copy_verified:
 * @fd: read from where it is to its end
 * @sha256: what that must digest to
 * @what: what it is called in messages, and @says: who says the digest: "the profile"
 * @out_copy: (out): a file without a name in the store, at its start
 *
 * Copies a file that is not read in the order of its bytes: what is unpacked then is what was
 * digested, whoever writes to the file meanwhile.
 */
gboolean terrane_file_copy_verified (TerraneStore *store, int fd, const OciDigest *sha256,
                                     const char *what, const char *says, OciTempFile *out_copy,
                                     GError **error);

/** Fails with %OCI_ERROR_CORRUPT unless the digests are the same. */
gboolean terrane_file_check_digest (const OciDigest *sha256, const OciDigest *actual,
                                    const char *what, const char *says, GError **error);

/** A digest over what stat() says of a file: changes whenever the file does. */
OciDigest terrane_stat_identity (const struct stat *st);

/** Whether the file was modified too recently for its time stamps to be trusted. */
gboolean terrane_stat_is_racy (const struct stat *st);

/** Makes an identity that is not another's, for what cannot be trusted to stay as it is. */
void terrane_identity_salt (OciDigester *digester);

G_END_DECLS
