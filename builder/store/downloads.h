/* Files from web servers, by their SHA-256. They are blobs of a layout of their own,
 * STORE/downloads, so that programs which read images do not see them. No image refers to them:
 * they are kept until they have not been used for a while. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

enum
{
  TERRANE_DOWNLOADS_KEEP_DAYS = 30, /* time after which gc removes unused files */
};

/** Whether the file exists and has its digest; calling this counts as use. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT. */
gboolean terrane_downloads_find (TerraneStore *store, const OciDigest *sha256, gboolean *out_found,
                                 GError **error);

/** Opens a file for reading, which counts as use. It is digested once per process; a damaged one is
 * %OCI_ERROR_CORRUPT. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean terrane_downloads_open_blob (TerraneStore *store, const OciDigest *sha256, OciFd *out_fd,
                                      GError **error);

/** Removes files that were not used for %TERRANE_DOWNLOADS_KEEP_DAYS and incomplete ones. No other
 * process may use the store meanwhile. Errors: %OCI_ERROR_IO. */
gboolean terrane_downloads_sweep (TerraneStore *store, guint *out_removed, uint64_t *out_bytes,
                                  GError **error);

G_END_DECLS
