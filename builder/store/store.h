/* The local state: an ostree repository (file objects, one commit per tree), an OCI image layout
 * (blobs, images) and a cache index that says which input gave which output.
 *
 *       STORE/version   format of this directory
 *       STORE/lock      flock: shared while in use, exclusive for gc
 *       STORE/repo/     ostree, bare-user
 *       STORE/images/   OCI image layout, readable by podman, skopeo and umoci
 *       STORE/downloads/  another, of files from web servers, see downloads.h
 *       STORE/cache/    KIND/KEY files, see cache.h
 *       STORE/roots/    checkouts of assembled file systems, for the sandbox
 *       STORE/unsynced  present while data may not have reached the disk
 *
 * A process that dies leaves nothing that needs repair: objects and blobs appear complete or not at
 * all, and names are set last. */
#pragma once

#include "oci/layout.h"

#include <ostree.h>

G_BEGIN_DECLS

typedef struct _TerraneStore TerraneStore;

void terrane_store_free (TerraneStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneStore, terrane_store_free)

/** Returns: (transfer none): path of the store's directory */
const char *terrane_store_path (TerraneStore *self);
/** Returns: (transfer full): absolute path of STORE/roots/@name, also for a store with a relative
 * path, since programs that use it change the working directory */
char *terrane_store_root_path (TerraneStore *self, const char *name);
/** Descriptor of the store's directory, borrowed. */
int terrane_store_dfd (TerraneStore *self);
/** Descriptor of STORE/roots, borrowed. */
int terrane_store_roots_dfd (TerraneStore *self);
/** Opens the repository unless it is open. Thread-safe. Errors: codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_store_open_repo (TerraneStore *self, GError **error);
/** Like terrane_store_open_repo() for callers that cannot return an error: if it cannot be opened,
 * the process ends with a message. Returns: (transfer none): the repository */
OstreeRepo *terrane_store_repo (TerraneStore *self);
/** Returns: (transfer none): the layout of images */
OciLayout *terrane_store_layout (TerraneStore *self);
/** Returns: (transfer none): the layout of downloads.h */
OciLayout *terrane_store_downloads (TerraneStore *self);

/** Announces that something will be written. Nothing is synced at that time, since that can take
 * longer than the whole build; instead STORE/unsynced records the boot of the machine. During that
 * boot, written data exists whatever happens to processes. If the store is opened after another
 * boot and the mark still exists, the machine may have lost writes: everything is then verified
 * once, and what is damaged is removed, to be made again. A later open during the same boot, when
 * the kernel has already written everything, syncs and removes the mark. Errors: %OCI_ERROR_IO. */
gboolean terrane_store_begin_write (TerraneStore *self, GError **error);

/** Sets how many threads may read or write objects at the same time: 1 unless it is set. Not
 * thread-safe. */
void terrane_store_set_jobs (TerraneStore *self, unsigned jobs);
/** Returns: the number of threads, at least 1 */
unsigned terrane_store_jobs (const TerraneStore *self);

/** Closes @fd, which is taken over, together with the store: it holds a lock. */
void terrane_store_keep_fd (TerraneStore *self, OciFd fd);

G_END_DECLS
