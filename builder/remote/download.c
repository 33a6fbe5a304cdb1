#include "builder/remote/download.h"

#include "builder/remote/remote-private.h"
#include "builder/store/downloads.h"

#include "oci/registry/download.h"
#include "oci/registry/url.h"

#include <string.h>

/* One file of those under way; a file is moved by one thread, and progress has the remote's mutex.
 */
typedef struct
{
  const TerraneDownload *item;
  OciDescriptor *blob;
  uint64_t counted; /* of the total: what the server announced */
  uint64_t moved;   /* bytes that progress was told about */
} File;

typedef struct
{
  TerraneRemote *remote;
  GPtrArray *files; /* of File */
} Downloads;

static void
file_free (gpointer data)
{
  File *file = data;
  oci_descriptor_free (file->blob);
  g_free (file);
}

static File *
find_file (const Downloads *self, const OciDigest *digest)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      File *file = self->files->pdata[i];
      if (oci_digest_equal (&file->blob->digest, digest))
        return file;
    }
  return NULL;
}

static void
on_download (gpointer data, const OciDescriptor *blob, OciTransferState state, uint64_t done)
{
  const Downloads *self = data;
  File *file = find_file (self, &blob->digest);
  TerraneRemote *remote = self->remote;
  const TerraneProgress *progress = remote->options.progress;
  g_mutex_lock (&remote->mutex);
  if (blob->size > file->counted)
    {
      remote->total += blob->size - file->counted;
      file->counted = blob->size;
      terrane_progress_expect (progress, remote->total);
    }
  if (done > file->moved) /* bytes that come again do not count twice */
    {
      terrane_progress_advance (progress, done - file->moved);
      file->moved = done;
    }
  terrane_progress_item (progress, file->item->label, done,
                         state == OCI_TRANSFER_RUNNING ? MAX (blob->size, done + 1) : done);
  g_mutex_unlock (&remote->mutex);
}

static gboolean
download_file (gpointer data, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  Downloads *self = data;
  const TerraneDownload *item = find_file (self, &blob->digest)->item;
  const OciDownloadOptions options = { .url = item->url,
                                       .authorization = item->authorization,
                                       .progress = on_download,
                                       .progress_data = self };
  return oci_download (self->remote->client, &options,
                       terrane_store_downloads (self->remote->store), blob, stop, error);
}

/* What is not in the store, each digest once. */
static GPtrArray *
collect_missing (TerraneRemote *remote, const TerraneDownload *items, guint n)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (file_free);
  const Downloads downloads = { .remote = remote, .files = files };
  for (guint i = 0; i < n; i++)
    {
      if (find_file (&downloads, &items[i].sha256) != NULL
          || terrane_downloads_has (remote->store, &items[i].sha256))
        continue;
      File *file = g_new0 (File, 1);
      file->item = &items[i];
      file->blob = oci_descriptor_new ("", &items[i].sha256, items[i].size);
      g_ptr_array_add (files, file);
    }
  return files;
}

static gboolean
download_all (Downloads *self, GError **error)
{
  TerraneRemote *remote = self->remote;
  g_autoptr (GPtrArray) blobs = g_ptr_array_new (); /* borrowed from the files */
  remote->total = 0;
  for (guint i = 0; i < self->files->len; i++)
    {
      File *file = self->files->pdata[i];
      g_ptr_array_add (blobs, file->blob);
      file->counted = file->blob->size;
      remote->total += file->blob->size;
    }
  g_auto (TerraneOperation) operation = terrane_operation_begin (remote);
  terrane_progress_phase (remote->options.progress, remote->total, "downloading %u file%s",
                          self->files->len, self->files->len == 1 ? "" : "s");
  return terrane_store_begin_write (remote->store, error)
         && oci_transfer_blobs (blobs, remote->options.jobs, download_file, self,
                                terrane_operation_cancellable (&operation), error);
}

gboolean
terrane_remote_download (TerraneRemote *self, const TerraneDownload *items, guint n, GError **error)
{
  g_autoptr (GPtrArray) files = collect_missing (self, items, n);
  Downloads downloads = { .remote = self, .files = files };
  if (files->len == 0)
    return TRUE;
  if (self->options.offline)
    {
      const File *first = files->pdata[0];
      g_autofree char *url = oci_url_quote (first->item->url);
      return terrane_remote_fail_offline (url, error);
    }
  return download_all (&downloads, error);
}
