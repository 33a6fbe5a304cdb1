/* The lock: beside PROFILE.json the file PROFILE.lock.json, which says what every source of the
 * profile was resolved to, for each platform. docs/lock.md describes the file.
 *
 * An entry is a JSON object: what was asked (an image's name, a file's path) beside the answer (its
 * digest). The kinds of source say what is in it, see builder/resolve/. */
#pragma once

#include "oci/base/json.h"
#include "oci/digest.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _TerraneLock TerraneLock;

/** Returns: (transfer full): "app.lock.json" for "app.json" */
char *terrane_lock_path (const char *profile_path);

/** Whether a file name is that of a lock. */
gboolean terrane_lock_is_path (const char *path);

/** A lock without entries, to be saved at @path. */
TerraneLock *terrane_lock_new (const char *path);

/**
 * terrane_lock_load:
 * @path: which need not exist; then the lock is empty
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_USAGE with all problems of a file that is no
 *   lock, or one that a newer terrane made
 */
TerraneLock *terrane_lock_load (const char *path, GError **error);

/** Like load, from memory. */
TerraneLock *terrane_lock_parse (const char *path, GBytes *data, GError **error);
void terrane_lock_free (TerraneLock *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLock, terrane_lock_free)

/** Whether there was a file. */
gboolean terrane_lock_exists (const TerraneLock *self);

const char *terrane_lock_file (const TerraneLock *self);

/** What made the layers of the lock: @member is "assembler" or "compressor"; NULL in an empty lock.
 */
const char *terrane_lock_maker (const TerraneLock *self, const char *member);
void terrane_lock_set_maker (TerraneLock *self, const char *member, const char *text);

/** The platforms that have entries, sorted. Returns: (transfer full) */
char **terrane_lock_platforms (const TerraneLock *self);

/**
 * terrane_lock_get:
 * @tree: its name, or NULL for the base
 *
 * Returns: (transfer none) (nullable)
 */
const json_t *terrane_lock_get (const TerraneLock *self, const char *platform, const char *tree);

/** All entries of a platform, as in the file. Returns: (transfer none) (nullable) */
const json_t *terrane_lock_get_platform (const TerraneLock *self, const char *platform);

/** Sets an entry. @entry: (transfer none): not to be changed from then on */
void terrane_lock_set (TerraneLock *self, const char *platform, const char *tree, json_t *entry);

/** Names of the trees that have entries. Returns: (transfer full) */
char **terrane_lock_trees (const TerraneLock *self, const char *platform);
void terrane_lock_remove (TerraneLock *self, const char *platform, const char *tree);
void terrane_lock_remove_platform (TerraneLock *self, const char *platform);

/** The digest of what the lock says of one platform and of who makes its layers: other platforms,
 * line ends and spaces of the file do not count. */
OciDigest terrane_lock_digest (const TerraneLock *self, const char *platform);

/** Whether there may be a file: its directory can be written to. */
gboolean terrane_lock_is_writable (const TerraneLock *self);

/**
 * terrane_lock_save:
 *
 * Writes the file, atomically, unless it says the same already. What another process has written
 * meanwhile about platforms that this one did not touch stays. A symbolic link is followed.
 */
gboolean terrane_lock_save (TerraneLock *self, GError **error);

G_END_DECLS
