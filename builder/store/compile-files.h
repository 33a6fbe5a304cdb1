/* Files of compilations in the store besides trees: output of steps, and build roots in which a
 * step failed, kept for a limited time.
 *
 *       STORE/logs/PLACE.log    of a recipe; PLACE is its name with a digest of what it makes, so
 *                               that others of that name do not replace it
 *       STORE/failed/PLACE/     build root of a recipe, locked (flock) while it is used:
 *         about.json            what failed
 *         build/                the files of that compilation
 *       STORE/compiling/KEY     locked (flock) by the build that compiles the recipe with that
 * key */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  TERRANE_FAILED_KEEP_DAYS = 7,
  TERRANE_LOGS_KEEP_DAYS = 30,
};

/* Where steps start, in the directory that is kept. */
#define TERRANE_FAILED_SOURCES "src"

/** Returns: (transfer full): absolute path of the log of a recipe */
char *terrane_compile_log_path (TerraneStore *store, const char *place);

/**
 * terrane_compile_lock_take:
 * @out_lock: (out): negative if another build has it
 *
 * Takes the lock of the result of a recipe, without waiting. It is released by
 * terrane_compile_lock_release(), and whenever the process ends.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_compile_lock_take (TerraneStore *store, const OciDigest *key, OciFd *out_lock,
                                    GError **error);

/** Releases the lock, if there is one. @lock: (inout): negative for none, and afterwards */
void terrane_compile_lock_release (TerraneStore *store, const OciDigest *key, OciFd *lock);

/**
 * terrane_failed_root_keep:
 * @work: name of a directory below STORE/roots, which is moved
 * @document: facts about it, with the name of the "recipe", and the commit of its file system as
 *   "root"
 *
 * Keeps a directory as @place, replacing an older one, which must not be in use: then nothing is
 * moved.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_failed_root_keep (TerraneStore *store, const char *place, const char *work,
                                   json_t *document, GError **error);

/**
 * terrane_failed_root_open:
 * @name: a place, or the name of a recipe, of which the newest is opened
 * @out_path: (out) (transfer full): the directory, absolute; in use until the store is closed
 * @out_others: (out): how many others of that recipe there are
 *
 * Returns: (transfer full): the document
 * Errors: %OCI_ERROR_NOT_FOUND, with the names that exist, if nothing was kept.
 */
json_t *terrane_failed_root_open (TerraneStore *store, const char *name, char **out_path,
                                  guint *out_others, GError **error);

/** Removes a directory that is not needed any more, unless it is in use. */
void terrane_failed_root_remove (TerraneStore *store, const char *place);

typedef void (*TerraneFailedRootFunc) (const OciDigest *commit, gpointer data);

/** Removes what is too old, and what killed processes left. @keep: called with the file system of
 * each build root that is kept. Requires the exclusive lock. Errors: %OCI_ERROR_IO. */
gboolean terrane_compile_files_sweep (TerraneStore *store, TerraneFailedRootFunc keep,
                                      gpointer data, guint *out_removed, GError **error);

G_END_DECLS
