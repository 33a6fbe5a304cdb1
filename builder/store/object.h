/* File objects of the ostree repository: writing them from several threads, reading them back.
 *
 * The repository is in bare-user mode: an object is a plain file with the content, while owner,
 * mode and xattrs are in an extended attribute, so an ordinary user loses nothing. The object's
 * checksum covers both (ostree-core.h, OSTREE_OBJECT_TYPE_FILE). */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/base/temp-file.h"
#include "oci/entry.h"

G_BEGIN_DECLS

/* What to do about damaged objects of the store. */
#define TERRANE_OBJECT_ADVICE                                                                      \
  "'terrane fsck --repair' removes it, and the next build makes it again"

/* Hashes an object while its content is read: libostree would do it with GLib's slow SHA-256. */
typedef struct _TerraneObjectHasher TerraneObjectHasher;

/** @entry: a file or symlink; only its attributes and a symlink's target count. */
TerraneObjectHasher *terrane_object_hasher_new (const OciEntry *entry);

/** The same for an object of any repository, as ostree_repo_load_file() describes it. A link's
 * target must be UTF-8. */
TerraneObjectHasher *terrane_object_hasher_new_for (GFileInfo *info, GVariant *xattrs);

void terrane_object_hasher_free (TerraneObjectHasher *self);
void terrane_object_hasher_update (TerraneObjectHasher *self, const void *data, size_t len);
OciDigest terrane_object_hasher_finish (TerraneObjectHasher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneObjectHasher, terrane_object_hasher_free)

/**
 * terrane_object_write:
 * @entry: as given to the hasher
 * @digest: what the hasher gave for @entry and the content
 * @content: (nullable): the content in memory
 * @fd: when @content is %NULL and @entry a file: the content, read from offset 0
 * @out_written: (out): it did not exist
 *
 * Stores an object unless it exists. Any number of threads may do so inside one transaction.
 */
gboolean terrane_object_write (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                               GBytes *content, int fd, gboolean *out_written, GError **error);

/** The same of a file, whose content is in @file, opened in terrane_store_dfd(); it becomes the
 * object. */
gboolean terrane_object_adopt (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                               OciTempFile *file, gboolean *out_written, GError **error);

/** Stores a directory or a directory's attributes unless it exists. @out_digest: (out): its
 * checksum */
gboolean terrane_object_write_metadata (TerraneStore *store, OstreeObjectType type,
                                        GVariant *variant, OciDigest *out_digest, GError **error);

/** Whether what the hasher was given is the object @digest; %OCI_ERROR_CORRUPT when the store's
 * copy is damaged. */
gboolean terrane_object_check (TerraneObjectHasher *hasher, const OciDigest *digest,
                               GError **error);

/** Opens a file for what takes its content into other trees or images: it is read and digested
 * before, unless this process has written it. */
gboolean terrane_object_open_verified (TerraneStore *store, const TerraneNode *node, OciFd *out_fd,
                                       GError **error);

/** Opens the content of a file object that was committed, without looking at it; it is noted that
 * it was read: elsewhere.h. */
gboolean terrane_object_open (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                              GError **error);

/** The same for what reads all files: nothing is noted. */
gboolean terrane_object_open_unnoted (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                                      GError **error);
gboolean terrane_object_open_verified_unnoted (TerraneStore *store, const TerraneNode *node,
                                               OciFd *out_fd, GError **error);

/** Reads the first bytes of a file object, which another machine may have noted. @out_size: (out):
 * less than @len at the end of the file */
gboolean terrane_object_read_start (TerraneStore *store, const OciDigest *digest, void *buffer,
                                    size_t len, size_t *out_size, GError **error);

G_END_DECLS
