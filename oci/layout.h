/* An OCI image layout on disk: image-spec v1.1 image-layout.md.
 *
 * Blobs appear only when complete and verified. Writers in several processes are safe: blobs are
 * content-addressed and linked atomically, index.json is replaced under a lock on the directory. */
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
 * @create: make an empty layout where there is none
 *
 * Returns: (transfer full) (nullable): the layout; safe to use from several threads
 */
OciLayout *oci_layout_open (int dfd, const char *path, gboolean create, GError **error);
void oci_layout_free (OciLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLayout, oci_layout_free)

/** Descriptor of the layout's directory. */
int oci_layout_dfd (const OciLayout *self);
/** Its path as it was opened, for messages. */
const char *oci_layout_path (const OciLayout *self);

/** How much archives and layers that are read into or out of the layout may unpack to; before any
 * thread uses it. */
void oci_layout_set_unpack_limits (OciLayout *self, const OciUnpackLimits *limits);

/** A budget with those limits, of which nothing is spent. */
OciUnpackBudget oci_layout_unpack_budget (const OciLayout *self);

/** Whether a file is here as the blob, and of which size; something else in its place counts as
 * none.
 * @out_size: (optional). Fails when that cannot be found out. */
gboolean oci_layout_find_blob (OciLayout *self, const OciDigest *digest, gboolean *out_found,
                               uint64_t *out_size, GError **error);

/** Opens a blob for reading; its size must be the one the descriptor states. */
gboolean oci_layout_open_blob (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                               GError **error);

/**
 * oci_layout_verify_blob:
 *
 * Whether the blob has the size and the digest of its descriptor; %OCI_ERROR_CORRUPT when it does
 * not. Content is read once in a process, as long as the file stays the same.
 */
gboolean oci_layout_verify_blob (OciLayout *self, const OciDescriptor *descriptor, GError **error);

/** Opens a blob for reading; what is read is what oci_layout_verify_blob() has looked at. */
gboolean oci_layout_open_verified (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                                   GError **error);

/** Says that the blob has just been written with the content of its digest. */
void oci_layout_note_verified (OciLayout *self, const OciDigest *digest);

/** Makes room for a blob where a directory or another thing that is not a file has its name. */
gboolean oci_layout_clear_place (OciLayout *self, const OciDigest *digest, GError **error);

/** Reads a small blob whole (configs, manifests) and verifies size and digest. (transfer full) */
GBytes *oci_layout_read_blob (OciLayout *self, const OciDescriptor *descriptor, size_t max_bytes,
                              GError **error);

/** Stores a small blob. */
gboolean oci_layout_put_blob (OciLayout *self, GBytes *data, OciDigest *out_digest, GError **error);

/** Removes a blob; a missing one is fine. */
gboolean oci_layout_remove_blob (OciLayout *self, const OciDigest *digest, GError **error);

typedef void (*OciLayoutBlobFunc) (const OciDigest *digest, uint64_t size, gpointer data);
/** Calls @func for every blob, in no particular order. */
gboolean oci_layout_foreach_blob (OciLayout *self, OciLayoutBlobFunc func, gpointer data,
                                  GError **error);

/* A blob being written, by one thread. */
typedef struct _OciBlobWriter OciBlobWriter;

OciBlobWriter *oci_blob_writer_new (OciLayout *layout, GError **error);
/** Drops the blob unless it was finished. */
void oci_blob_writer_free (OciBlobWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciBlobWriter, oci_blob_writer_free)
gboolean oci_blob_writer_write (OciBlobWriter *self, const void *data, size_t len, GError **error);

/**
 * oci_blob_writer_finish:
 * @expected: (nullable): what the content must digest to; %OCI_ERROR_CORRUPT when it does not
 *
 * Publishes the blob under its digest. A blob that is there already is replaced: it may be damaged.
 */
gboolean oci_blob_writer_finish (OciBlobWriter *self, const OciDigest *expected,
                                 OciDigest *out_digest, uint64_t *out_size, GError **error);

/** The named images, in file order. Returns: (transfer full) (nullable) */
OciIndex *oci_layout_read_index (OciLayout *self, GError **error);

/**
 * oci_layout_resolve:
 * @name: (nullable): value of the ref.name annotation; %NULL means the only image there is
 * @platform: (nullable): decides between several, see oci_index_find()
 *
 * Returns: (transfer full) (nullable): the descriptor; the error lists the names that exist
 */
OciDescriptor *oci_layout_resolve (OciLayout *self, const char *name, const OciPlatform *platform,
                                   GError **error);

/**
 * oci_layout_tag:
 *
 * Points @name at @manifest; an older entry of that name goes. The index is on the disk afterwards.
 * Nothing is written when it says so already.
 */
gboolean oci_layout_tag (OciLayout *self, const char *name, const OciDescriptor *manifest,
                         GError **error);

/**
 * oci_layout_salvage_index:
 * @out_dropped: entries that cannot be understood; 0 when not even their number is known
 *
 * Replaces an index that cannot be read by what can be read of it, or by an empty one. The damaged
 * one stays as index.json.damaged. Nobody else may write the layout meanwhile.
 */
gboolean oci_layout_salvage_index (OciLayout *self, guint *out_dropped, GError **error);

/** Whether reading the index failed since the file is damaged, or missing, rather than unreadable.
 */
gboolean oci_layout_index_is_damaged (const GError *error);

/** Makes blobs that are written from now on be on the disk before they have their name. */
void oci_layout_set_synced (OciLayout *self, gboolean synced);

/** Removes temporary files that killed processes left. Nobody else may use the layout. */
gboolean oci_layout_sweep_temp_files (OciLayout *self, guint *removed, GError **error);

/** Removes a name. %OCI_ERROR_NOT_FOUND when there is none. */
gboolean oci_layout_untag (OciLayout *self, const char *name, GError **error);

G_END_DECLS
