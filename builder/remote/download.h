/* Downloads files from web servers into the store.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/* Another location of a file. */
typedef struct
{
  char *url;
  char *authorization; /* (nullable): a secret */
} TerraneDownloadPlace;

void terrane_download_place_free (TerraneDownloadPlace *self);

/**
 * @nth: call of the download, from 0
 * @out_last: (out): whether further calls are useless
 *
 * Looks for a file elsewhere. Called from any thread.
 *
 * Returns: (transfer full) (nullable) (element-type TerraneDownloadPlace): may be empty; %NULL with
 *   an @error that says what was asked
 */
typedef GPtrArray *(*TerraneDownloadFind) (gpointer data, guint nth, OciHttpClient *client,
                                           gboolean *out_last, GCancellable *cancellable,
                                           GError **error);

typedef struct
{
  const char *url;   /* (nullable): %NULL to use @find only */
  const char *label; /* for progress: not longer than a name */
  const char *where; /* (nullable): what names it with its digest, for messages */
  OciDigest sha256;
  uint64_t size;             /* 0: unknown */
  const char *authorization; /* (nullable): see oci_download() */
  TerraneDownloadFind find;  /* (nullable): used if @url does not have the file */
  gpointer find_data;
} TerraneDownload;

/**
 * terrane_remote_download:
 * @items: (array length=n)
 *
 * Downloads the files that the store lacks, several concurrently; files with equal digests only
 * once.
 *
 * Errors: see the head.
 */
gboolean terrane_remote_download (TerraneRemote *self, const TerraneDownload *items, guint n,
                                  GError **error);

/**
 * terrane_remote_download_unknown:
 * @item: its digest is ignored
 * @out_sha256, @out_size: (out): of the file
 *
 * Downloads a file of which only the location is known into the store.
 *
 * Errors: see the head.
 */
gboolean terrane_remote_download_unknown (TerraneRemote *self, const TerraneDownload *item,
                                          OciDigest *out_sha256, uint64_t *out_size,
                                          GError **error);

G_END_DECLS
