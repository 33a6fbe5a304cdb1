/* The local state: an ostree repository (file objects, one commit per tree), an OCI image layout
 * (blobs, images) and a cache index that says which input gave which output.
 *
 *   STORE/version   format of this directory
 *   STORE/lock      flock: shared while in use, exclusive for gc
 *   STORE/repo/     ostree, bare-user
 *   STORE/images/   OCI image layout, readable by podman, skopeo and umoci
 *   STORE/downloads/  another, of files from web servers, see downloads.h
 *   STORE/cache/    KIND/KEY files, see cache.h
 *   STORE/roots/    checkouts of assembled file systems, for the sandbox
 *   STORE/unsynced  there while written data may not be on the disk yet
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

const char *terrane_store_path (TerraneStore *self);
/** Returns: (transfer full): the path of STORE/roots/@name; absolute, also for a store that is
 * named by a relative path, because what uses it changes the working directory */
char *terrane_store_root_path (TerraneStore *self, const char *name);
int terrane_store_dfd (TerraneStore *self);
/** Descriptor of STORE/roots. */
int terrane_store_roots_dfd (TerraneStore *self);
/** Opens the repository unless it is open. On any thread. */
gboolean terrane_store_open_repo (TerraneStore *self, GError **error);
/** The same where there is no error to return: when it cannot be opened, the process ends with a
 * message. Returns: (transfer none) */
OstreeRepo *terrane_store_repo (TerraneStore *self);
OciLayout *terrane_store_layout (TerraneStore *self);
/** The layout of downloads.h. */
OciLayout *terrane_store_downloads (TerraneStore *self);

/**
 * terrane_store_begin_write:
 *
 * Says that something will be written. Nothing is synced then, as that can take longer than the
 * whole build; instead STORE/unsynced remembers the boot of the machine. While that boot lasts,
 * what was written is there, whatever happens to processes. When the store is opened after another
 * boot and the mark is still there, the machine may have lost writes: everything is then verified
 * once, and what is broken is dropped, to be made again. A later open of the same boot, when the
 * kernel has written everything anyway, syncs and removes the mark.
 */
gboolean terrane_store_begin_write (TerraneStore *self, GError **error);

/** Closes @fd, which is taken, together with the store: something is locked by it. */
void terrane_store_keep_fd (TerraneStore *self, OciFd fd);

G_END_DECLS
