/* Files from web servers, by their SHA-256. They are blobs of a layout of their own,
 * STORE/downloads, so that no program that reads images sees them. No image names them: they stay
 * until they have not been used for a while. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

enum
{
  TERRANE_DOWNLOADS_KEEP_DAYS = 30, /* so long gc keeps what is not used */
};

/** Whether the file is there and has its digest; being asked for counts as use. */
gboolean terrane_downloads_find (TerraneStore *store, const OciDigest *sha256, gboolean *out_found,
                                 GError **error);

/** Opens a file for reading, which counts as use. It is digested once in a process; one that is
 * damaged is %OCI_ERROR_CORRUPT. */
gboolean terrane_downloads_open_blob (TerraneStore *store, const OciDigest *sha256, OciFd *out_fd,
                                      GError **error);

/**
 * terrane_downloads_sweep:
 *
 * Removes what was not used for %TERRANE_DOWNLOADS_KEEP_DAYS and what has not arrived whole.
 * Nobody may use the store meanwhile.
 */
gboolean terrane_downloads_sweep (TerraneStore *store, guint *out_removed, uint64_t *out_bytes,
                                  GError **error);

G_END_DECLS
