/* Files from web servers, into the store's downloads. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef struct
{
  const char *url;
  const char *label; /* for progress: not longer than a name */
  OciDigest sha256;
  uint64_t size;             /* 0: unknown */
  const char *authorization; /* (nullable): see oci_download() */
} TerraneDownload;

/**
 * terrane_remote_download:
 * @items: (array length=n)
 *
 * Fetches the files that the store lacks, several at the same time; of equal digests one.
 */
gboolean terrane_remote_download (TerraneRemote *self, const TerraneDownload *items, guint n,
                                  GError **error);

G_END_DECLS
