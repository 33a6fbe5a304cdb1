/* Opens a store: its lock, its parts, and cleaning up after a crash.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_STORE_SHARED,    /* builds and readers, any number concurrently */
  TERRANE_STORE_EXCLUSIVE, /* gc: waits for all other processes */
} TerraneStoreAccess;

/**
 * terrane_store_open:
 * @path: the store's directory, made if it is missing
 *
 * Returns: (transfer full): the store, locked until it is freed
 * Errors: see the head.
 */
TerraneStore *terrane_store_open (const char *path, TerraneStoreAccess access, GError **error);
/** Returns: (transfer full): `--store` if not %NULL, else $TERRANE_STORE, else
 * $XDG_DATA_HOME/terrane */
char *terrane_store_default_path (const char *option);

/**
 * terrane_store_heal:
 * @out_healed: (out): something was damaged and has been removed: what failed because of it can be
 *   repeated
 *
 * Verifies everything and removes what is damaged, like terrane_fsck() with
 * %TERRANE_STORE_EXCLUSIVE, in a store that is open for sharing; does nothing while other processes
 * have it open.
 *
 * Errors: see the head.
 */
gboolean terrane_store_heal (TerraneStore *self, gboolean *out_healed, GError **error);

G_END_DECLS
