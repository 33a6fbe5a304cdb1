/* Removes what is not needed from the store. */
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
 * named image are kept, so that its next build is quick. Downloads and pulled ostree commits are
 * kept if they were used within %TERRANE_DOWNLOADS_KEEP_DAYS.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error);

G_END_DECLS
