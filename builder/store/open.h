/* Opening a store: its lock, its parts, and what is left to do after a crash. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

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
/** Returns: (transfer full): `--store` if not NULL, else $TERRANE_STORE, else
 * $XDG_DATA_HOME/terrane */
char *terrane_store_default_path (const char *option);

/**
 * terrane_store_heal:
 * @out_healed: (out): something was damaged and is removed: what failed because of it can be made
 *
 * Verifies everything and removes what is broken, like %TERRANE_STORE_EXCLUSIVE and terrane_fsck(),
 * in a store that is open for sharing; does nothing while others have it open.
 */
gboolean terrane_store_heal (TerraneStore *store, gboolean *out_healed, GError **error);

G_END_DECLS
