/* The lock: the file PROFILE.lock.json next to PROFILE.json, which records what every source of the
 * profile was resolved to, for each platform. docs/lock.md describes the file.
 *
 * An entry is a JSON object with the question (an image's name, a file's path) and the answer (its
 * digest). Its members depend on the kind of source, see builder/resolve/. */
#pragma once

#include "oci/base/json.h"
#include "oci/digest.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _TerraneLock TerraneLock;

/** Returns: (transfer full): "app.lock.json" for "app.json" */
char *terrane_lock_path (const char *profile_path);

/** Whether @path is the name of a lock. */
gboolean terrane_lock_is_path (const char *path);

/** Makes a lock without entries, to be saved at @path. Returns: (transfer full) */
TerraneLock *terrane_lock_new (const char *path);

/**
 * terrane_lock_load:
 * @path: if it does not exist, the lock is empty
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE with all problems of a file that is not a lock, or one that a newer
 *   terrane made; %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
TerraneLock *terrane_lock_load (const char *path, GError **error);

/** Like terrane_lock_load(), from memory. Returns: (transfer full). Errors: %OCI_ERROR_USAGE. */
TerraneLock *terrane_lock_parse (const char *path, GBytes *data, GError **error);
void terrane_lock_free (TerraneLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLock, terrane_lock_free)

/** Whether the file existed. */
gboolean terrane_lock_exists (const TerraneLock *self);

/** Returns: (transfer none): its path */
const char *terrane_lock_file (const TerraneLock *self);

/** Returns: (transfer none) (nullable): version that made the layers of the lock: @member is
 * "assembler" or "compressor"; %NULL in an empty lock */
const char *terrane_lock_maker (const TerraneLock *self, const char *member);
/** Sets such a version. */
void terrane_lock_set_maker (TerraneLock *self, const char *member, const char *text);

/** Returns: (transfer full): the platforms that have entries, sorted */
char **terrane_lock_platforms (const TerraneLock *self);

/**
 * terrane_lock_get:
 * @tree: its name, or NULL for the base
 *
 * Returns: (transfer none) (nullable): the entry
 */
const json_t *terrane_lock_get (const TerraneLock *self, const char *platform, const char *tree);

/** Returns: (transfer none) (nullable): all entries of a platform, as in the file */
const json_t *terrane_lock_get_platform (const TerraneLock *self, const char *platform);

/** Sets an entry. @entry: (transfer none): must not be changed afterwards */
void terrane_lock_set (TerraneLock *self, const char *platform, const char *tree, json_t *entry);

/** Returns: (transfer full): names of the trees that have entries */
char **terrane_lock_trees (const TerraneLock *self, const char *platform);
/** Removes an entry. */
void terrane_lock_remove (TerraneLock *self, const char *platform, const char *tree);
/** Removes all entries of a platform. */
void terrane_lock_remove_platform (TerraneLock *self, const char *platform);

/** Returns the digest of the entries of one platform and of the versions that make its layers,
 * independent of other platforms and of the line ends and spaces of the file. */
OciDigest terrane_lock_digest (const TerraneLock *self, const char *platform);

/** Whether the file could be written: its directory is writable. */
gboolean terrane_lock_is_writable (const TerraneLock *self);

/** Writes the file, atomically, unless its content is the same already. Keeps entries that another
 * process has written meanwhile for platforms that this one did not change. Follows a symbolic
 * link. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_lock_save (TerraneLock *self, GError **error);

G_END_DECLS
