/* An OCI image layout on disk: image-spec v1.1 image-layout.md.
 *
 * Blobs appear only when complete and verified. Several processes may write safely: blobs are
 * content-addressed and linked atomically, and index.json is replaced under a lock on the
 * directory.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
#pragma once

#include "oci/manifest.h"

#include "oci/base/fd.h"
#include "oci/unpack-limits.h"

G_BEGIN_DECLS

#define OCI_LAYOUT_VERSION "{\"imageLayoutVersion\":\"1.0.0\"}"

#define OCI_LAYOUT_EMPTY_INDEX                                                                     \
  "{\"manifests\":[],\"mediaType\":\"" OCI_MEDIA_TYPE_INDEX "\",\"schemaVersion\":2}"

typedef struct _OciLayout OciLayout;

/**
 * oci_layout_open:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: directory of the layout
 * @create: whether to make an empty layout if @path does not exist
 *
 * Returns: (transfer full): the layout; safe to use from several threads
 * Errors: see the head.
 */
OciLayout *oci_layout_open (int dfd, const char *path, gboolean create, GError **error);
void oci_layout_free (OciLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayout, oci_layout_free)

/** Descriptor of the layout's directory, borrowed. */
int oci_layout_dfd (const OciLayout *self);
/** Returns: (transfer none): its path as it was opened, for messages */
const char *oci_layout_path (const OciLayout *self);

/** Sets a name such as "the store", which replaces the path in messages about images and blobs. To
 * be called before any other thread uses the layout. */
void oci_layout_set_label (OciLayout *self, const char *label);
/** Returns: (transfer none): the layout's name in messages; its path unless another was set */
const char *oci_layout_label (const OciLayout *self);

/** Limits what archives and layers may unpack to when they are read into or from the layout. To be
 * called before any other thread uses it. */
void oci_layout_set_unpack_limits (OciLayout *self, const OciUnpackLimits *limits);

/** Returns an unused budget with those limits. */
OciUnpackBudget oci_layout_unpack_budget (const OciLayout *self);

/**
 * oci_layout_find_blob:
 * @out_found: (out): whether the blob exists as a regular file
 * @out_size: (out) (optional): its size in bytes
 *
 * Looks for a blob; anything but a regular file in its place counts as missing.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_layout_find_blob (OciLayout *self, const OciDigest *digest, gboolean *out_found,
                               uint64_t *out_size, GError **error);

/** Opens a blob for reading. Its size must be the one that the descriptor states. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean oci_layout_open_blob (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                               GError **error);

/** Whether the blob has the size and the digest of its descriptor; %OCI_ERROR_CORRUPT if not. Its
 * content is read once per process as long as the file does not change. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean oci_layout_verify_blob (OciLayout *self, const OciDescriptor *descriptor, GError **error);

/** Opens a blob for reading after oci_layout_verify_blob(). Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean oci_layout_open_verified (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                                   GError **error);

/** Records that the blob has just been written with the content of its digest. */
void oci_layout_note_verified (OciLayout *self, const OciDigest *digest);

/** Removes whatever occupies the place of a blob without being a regular file, such as a directory.
 * Errors: %OCI_ERROR_IO. */
gboolean oci_layout_clear_place (OciLayout *self, const OciDigest *digest, GError **error);

/** Reads a small blob whole (configs, manifests) and verifies size and digest.
 * Returns: (transfer full). Errors: see the head. */
GBytes *oci_layout_read_blob (OciLayout *self, const OciDescriptor *descriptor, size_t max_bytes,
                              GError **error);

/** Stores a small blob. Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean oci_layout_put_blob (OciLayout *self, GBytes *data, OciDigest *out_digest, GError **error);

/** Removes a blob; a missing one is not an error. Errors: %OCI_ERROR_IO. */
gboolean oci_layout_remove_blob (OciLayout *self, const OciDigest *digest, GError **error);

typedef void (*OciLayoutBlobFunc) (const OciDigest *digest, uint64_t size, gpointer data);
/** Calls @func for every blob, in no particular order. Errors: %OCI_ERROR_IO. */
gboolean oci_layout_foreach_blob (OciLayout *self, OciLayoutBlobFunc func, gpointer data,
                                  GError **error);

/* Writes a blob, from one thread. */
typedef struct _OciBlobWriter OciBlobWriter;

/** Returns: (transfer full): a writer of a temporary file. Errors: %OCI_ERROR_IO. */
OciBlobWriter *oci_blob_writer_new (OciLayout *layout, GError **error);
/** Discards the blob unless it was finished. */
void oci_blob_writer_free (OciBlobWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciBlobWriter, oci_blob_writer_free)
/** Appends @len bytes. Errors: %OCI_ERROR_IO. */
gboolean oci_blob_writer_write (OciBlobWriter *self, const void *data, size_t len, GError **error);

/**
 * oci_blob_writer_finish:
 * @expected: (nullable): digest that the content must have, else %OCI_ERROR_CORRUPT
 * @out_digest, @out_size: (out) (optional)
 *
 * Publishes the blob under its digest. An existing blob is replaced, since it may be damaged.
 *
 * Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
gboolean oci_blob_writer_finish (OciBlobWriter *self, const OciDigest *expected,
                                 OciDigest *out_digest, uint64_t *out_size, GError **error);

/** Returns: (transfer full): the named images, in file order. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
OciIndex *oci_layout_read_index (OciLayout *self, GError **error);

/**
 * oci_layout_resolve:
 * @name: (nullable): value of the ref.name annotation; %NULL for the only image
 * @platform: (nullable): chooses among several, see oci_index_find()
 *
 * Returns: (transfer full): the descriptor; the error lists the names that exist
 * Errors: see the head.
 */
OciDescriptor *oci_layout_resolve (OciLayout *self, const char *name, const OciPlatform *platform,
                                   GError **error);

/** Makes @name refer to @manifest, replacing an older entry of that name. The index is on the disk
 * afterwards. Nothing is written if it already has this entry. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean oci_layout_tag (OciLayout *self, const char *name, const OciDescriptor *manifest,
                         GError **error);

/**
 * oci_layout_salvage_index:
 * @out_dropped: (out): number of entries that cannot be understood; 0 if even their number is
 *   unknown
 *
 * Replaces an unreadable index by the entries that can be read from it, or by an empty one. The
 * damaged file is kept as index.json.damaged. No other process may write the layout meanwhile.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_layout_salvage_index (OciLayout *self, guint *out_dropped, GError **error);

/** Whether reading the index failed because the file is damaged or missing, rather than unreadable.
 */
gboolean oci_layout_index_is_damaged (const GError *error);

/** Makes blobs reach the disk before they get their name, from now on. */
void oci_layout_set_synced (OciLayout *self, gboolean synced);

/** Removes temporary files that killed processes left, and adds their number to *@removed. No other
 * process may use the layout. Errors: %OCI_ERROR_IO. */
gboolean oci_layout_sweep_temp_files (OciLayout *self, guint *removed, GError **error);

/** Deletes the layout, which was opened by its path, unless it has a name. Errors: see the head. */
gboolean oci_layout_remove_unnamed (OciLayout *self, GError **error);

/** Removes a name. %OCI_ERROR_NOT_FOUND if it does not exist. Errors: see the head. */
gboolean oci_layout_untag (OciLayout *self, const char *name, GError **error);

G_END_DECLS
