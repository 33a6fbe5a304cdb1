/* File objects of the ostree repository: writes them from several threads, and reads them.
 *
 * The repository is in bare-user mode: an object is a plain file with the content, while owner,
 * mode and xattrs are in an extended attribute, so that an ordinary user can store them. The
 * object's checksum covers both (ostree-core.h, OSTREE_OBJECT_TYPE_FILE). */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/base/temp-file.h"
#include "oci/entry.h"

G_BEGIN_DECLS

/* Advice for damaged objects of the store. */
#define TERRANE_OBJECT_ADVICE                                                                      \
  "'terrane fsck --repair' removes it, and the next build makes it again"

/* Hashes an object while its content is read: libostree would use GLib's slow SHA-256. */
typedef struct _TerraneObjectHasher TerraneObjectHasher;

/**
 * terrane_object_hasher_new:
 * @entry: a file or symlink; only its attributes and a symlink's target are used.
 *   Returns: (transfer full)
 */
TerraneObjectHasher *terrane_object_hasher_new (const OciEntry *entry);

/** Likewise, for an object of any repository, as described by ostree_repo_load_file(). A link's
 * target must be UTF-8. Returns: (transfer full) */
TerraneObjectHasher *terrane_object_hasher_new_for (GFileInfo *info, GVariant *xattrs);

void terrane_object_hasher_free (TerraneObjectHasher *self);
/** Adds @len bytes of content. */
void terrane_object_hasher_update (TerraneObjectHasher *self, const void *data, size_t len);
/** Adds the content of a file, from its start. Errors: %OCI_ERROR_IO. */
gboolean terrane_object_hasher_read (TerraneObjectHasher *self, int fd, GError **error);
/** Returns the checksum of the object. */
OciDigest terrane_object_hasher_finish (TerraneObjectHasher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneObjectHasher, terrane_object_hasher_free)

/**
 * terrane_object_write:
 * @entry: as passed to the hasher
 * @digest: result of the hasher for @entry and the content
 * @content: (nullable): the content in memory
 * @fd: if @content is %NULL and @entry a file: the content, read from offset 0
 * @out_written: (out): it did not exist
 *
 * Stores an object unless it exists. Any number of threads may do so inside one transaction.
 *
 * Errors: %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_object_write (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                               GBytes *content, int fd, gboolean *out_written, GError **error);

/** Like terrane_object_write() for a file with its content in @file, which was opened in
 * terrane_store_dfd() and becomes the object. Errors: %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_object_adopt (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                               OciTempFile *file, gboolean *out_written, GError **error);

/** Stores a directory or the attributes of one unless it exists. @digest: the checksum of the
 * variant's data. Errors: %OCI_ERROR_IO. */
gboolean terrane_object_write_metadata (TerraneStore *store, OstreeObjectType type,
                                        GVariant *variant, const OciDigest *digest, GError **error);

/** Whether the content passed to the hasher is the object @digest; %OCI_ERROR_CORRUPT if the
 * store's copy is damaged. */
gboolean terrane_object_check (TerraneObjectHasher *hasher, const OciDigest *digest,
                               GError **error);

/** Opens a file whose content will become part of other trees or images: it is read and digested
 * first, unless this process has written it. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_IO. */
gboolean terrane_object_open_verified (TerraneStore *store, const TerraneNode *node, OciFd *out_fd,
                                       GError **error);

/** Opens the content of a committed file object without verifying it; the read is recorded:
 * elsewhere.h. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_object_open (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                              GError **error);

/** Like terrane_object_open() without recording, for reading all files. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_IO. */
gboolean terrane_object_open_unnoted (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                                      GError **error);
/** Like terrane_object_open_verified() without recording. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean terrane_object_open_verified_unnoted (TerraneStore *store, const TerraneNode *node,
                                               OciFd *out_fd, GError **error);

/** Reads the first bytes of a file object, which another machine may have noted. @out_size: (out):
 * less than @len at the end of the file. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_object_read_start (TerraneStore *store, const OciDigest *digest, void *buffer,
                                    size_t len, size_t *out_size, GError **error);

G_END_DECLS
