/* What compiling leaves in the store besides trees: what steps printed, and build roots in which
 * one failed, for as long as somebody may want to look at them.
 *
 *   STORE/logs/NAME.log     of the recipe NAME
 *   STORE/failed/NAME/      build root of the recipe NAME, locked (flock) while it is used:
 *     about.json            what failed
 *     build/                the files that it worked on
 *   STORE/compiling/KEY     locked (flock) by the build that compiles the recipe with that key */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  TERRANE_FAILED_KEEP_DAYS = 7,
  TERRANE_LOGS_KEEP_DAYS = 30,
};

/** Returns: (transfer full): absolute */
char *terrane_compile_log_path (TerraneStore *store, const char *name);

/**
 * terrane_compile_lock_take:
 * @out_lock: (out): negative when another build has it
 *
 * Takes the lock of what a recipe makes, without waiting. It is let go of by
 * terrane_compile_lock_release(), and when the process ends, however that is.
 */
gboolean terrane_compile_lock_take (TerraneStore *store, const OciDigest *key, OciFd *out_lock,
                                    GError **error);

/** @lock: (inout): negative when there is none, and then */
void terrane_compile_lock_release (TerraneStore *store, const OciDigest *key, OciFd *lock);

/**
 * terrane_failed_root_keep:
 * @work: name of a directory below STORE/roots, which is taken
 * @document: what is to be known of it, with the commit of its file system as "root"
 *
 * Keeps a directory as that of the recipe @name, instead of an older one.
 */
gboolean terrane_failed_root_keep (TerraneStore *store, const char *name, const char *work,
                                   json_t *document, GError **error);

/**
 * terrane_failed_root_open:
 * @out_path: (out) (transfer full): the directory, absolute; in use until the store is closed
 *
 * Returns: (transfer full) (nullable): the document; %OCI_ERROR_NOT_FOUND, with the names that
 *   there are, when nothing was kept
 */
json_t *terrane_failed_root_open (TerraneStore *store, const char *name, char **out_path,
                                  GError **error);

/** Removes one that is not wanted any more, unless it is in use. */
void terrane_failed_root_remove (TerraneStore *store, const char *name);

typedef void (*TerraneFailedRootFunc) (const OciDigest *commit, gpointer data);

/** Removes what is too old, and what killed processes left. @keep: called with the file system of
 * each build root that stays. Needs the exclusive lock. */
gboolean terrane_compile_files_sweep (TerraneStore *store, TerraneFailedRootFunc keep,
                                      gpointer data, guint *out_removed, GError **error);

G_END_DECLS
