/* Keeping the store small: what is needed and what is not. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  guint blobs;         /* removed */
  guint downloads;     /* removed */
  guint objects;       /* removed */
  guint cache_entries; /* removed */
  guint roots;         /* removed */
  uint64_t bytes;      /* freed by blobs, downloads and objects */
} TerraneGcReport;

/**
 * terrane_gc:
 * @store: opened with %TERRANE_STORE_EXCLUSIVE
 *
 * Deletes blobs, objects, cache entries and checkouts that no named image needs. The trees of a
 * named image stay, so its next build is still quick. Downloads and pulled ostree commits stay
 * while they were used within %TERRANE_DOWNLOADS_KEEP_DAYS.
 */
gboolean terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error);

G_END_DECLS
