/* Files from web servers, into the store's downloads. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/* Where a file may be as well. */
typedef struct
{
  char *url;
  char *authorization; /* (nullable): a secret */
} TerraneDownloadPlace;

void terrane_download_place_free (TerraneDownloadPlace *self);

/**
 * TerraneDownloadFind:
 * @nth: call of the download, from 0
 * @out_last: (out): whether it is the last that makes sense
 *
 * Looks for a file elsewhere. Called from any thread.
 *
 * Returns: (transfer full) (nullable) (element-type TerraneDownloadPlace): may be empty; %NULL with
 *   what was asked in @error
 */
typedef GPtrArray *(*TerraneDownloadFind) (gpointer data, guint nth, OciHttpClient *client,
                                           gboolean *out_last, GCancellable *cancellable,
                                           GError **error);

typedef struct
{
  const char *url;   /* (nullable): then it has to be found */
  const char *label; /* for progress: not longer than a name */
  OciDigest sha256;
  uint64_t size;             /* 0: unknown */
  const char *authorization; /* (nullable): see oci_download() */
  TerraneDownloadFind find;  /* (nullable): when @url does not have it */
  gpointer find_data;
} TerraneDownload;

/**
 * terrane_remote_download:
 * @items: (array length=n)
 *
 * Fetches the files that the store lacks, several at the same time; of equal digests one.
 */
gboolean terrane_remote_download (TerraneRemote *self, const TerraneDownload *items, guint n,
                                  GError **error);

/**
 * terrane_remote_download_unknown:
 * @item: its digest does not count
 *
 * Fetches a file of which nothing but its place is known into the store, to see what it is.
 */
gboolean terrane_remote_download_unknown (TerraneRemote *self, const TerraneDownload *item,
                                          OciDigest *out_sha256, uint64_t *out_size,
                                          GError **error);

G_END_DECLS
