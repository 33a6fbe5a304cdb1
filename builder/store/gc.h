/* Keeping the store small and sound: what is needed and what is not, what is whole and what is not.
 */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  guint blobs;         /* removed */
  guint objects;       /* removed */
  guint cache_entries; /* removed */
  guint roots;         /* removed */
  uint64_t bytes;      /* freed by blobs and objects */
} TerraneGcReport;

/**
 * terrane_gc:
 * @store: opened with %TERRANE_STORE_EXCLUSIVE
 *
 * Deletes blobs, objects, cache entries and checkouts that no named image needs. The trees of a
 * named image stay, so its next build is still quick.
 */
gboolean terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error);

typedef void (*TerraneFsckFunc) (gpointer data, const char *problem);

/**
 * terrane_fsck:
 * @report: told about each problem
 *
 * Reads everything: each blob must digest to its name, each image must have its blobs, each object
 * and commit of the repository must match its checksum. With @repair, what is broken is deleted,
 * and so are the cache entries that lead to it: the next build makes it anew.
 */
gboolean terrane_fsck (TerraneStore *store, gboolean repair, TerraneFsckFunc report, gpointer data,
                       guint *out_problems, GError **error);

G_END_DECLS
