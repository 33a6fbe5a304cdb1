/* The local state: an ostree repository (file objects, one commit per tree), an OCI image layout
 * (blobs, images) and a cache index that says which input gave which output.
 *
 *   STORE/version   format of this directory
 *   STORE/lock      flock: shared while in use, exclusive for gc
 *   STORE/repo/     ostree, bare-user
 *   STORE/images/   OCI image layout, readable by podman, skopeo and umoci
 *   STORE/cache/    KIND/KEY files, see cache.h
 *   STORE/roots/    checkouts of assembled file systems, for the sandbox
 *
 * A process that dies leaves nothing that needs repair: objects and blobs appear complete or not at
 * all, and names are set last. */
#pragma once

#include "oci/layout.h"

#include <ostree.h>

G_BEGIN_DECLS

typedef struct _TerraneStore TerraneStore;

typedef enum
{
  TERRANE_STORE_SHARED,    /* builds and readers, any number at once */
  TERRANE_STORE_EXCLUSIVE, /* gc: waits for everybody else */
} TerraneStoreAccess;

/**
 * terrane_store_open:
 * @path: the store's directory, created when missing
 *
 * Returns: (transfer full) (nullable): the store, locked as asked until it is freed
 */
TerraneStore *terrane_store_open (const char *path, TerraneStoreAccess access, GError **error);
void terrane_store_free (TerraneStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneStore, terrane_store_free)

/** Returns: (transfer full): `--store` if not NULL, else $TERRANE_STORE, else
 * $XDG_DATA_HOME/terrane */
char *terrane_store_default_path (const char *option);

const char *terrane_store_path (TerraneStore *self);
int terrane_store_dfd (TerraneStore *self);
/** Descriptor of STORE/roots. */
int terrane_store_roots_dfd (TerraneStore *self);
OstreeRepo *terrane_store_repo (TerraneStore *self);
OciLayout *terrane_store_layout (TerraneStore *self);

/** Brings everything written so far to the disk, before a name or cache entry points at it. */
gboolean terrane_store_sync (TerraneStore *self, GError **error);

G_END_DECLS
