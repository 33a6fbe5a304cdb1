#include "builder/remote/download.h"

#include "builder/remote/mirror.h"
#include "builder/remote/remote-private.h"
#include "builder/store/downloads.h"

#include "oci/http/credentials.h"
#include "oci/http/retry.h"
#include "oci/http/url.h"
#include "oci/registry/download.h"

#include "oci/base/text-hash.h"

#include <string.h>

/* One file in progress; it is transferred by one thread, and progress is guarded by the remote's
 * mutex. */
typedef struct
{
  const TerraneDownload *item;
  OciDescriptor *blob;
  uint64_t counted; /* part of the total: the size that the server announced */
  uint64_t moved;   /* bytes reported as progress */
} File;

typedef struct
{
  TerraneRemote *remote;
  GPtrArray *files; /* of File */
  GHashTable *gone; /* unreachable origins: a set, guarded by the remote's mutex */
  gboolean told;    /* a message about looking elsewhere was shown; likewise */
} Downloads;

void
terrane_download_place_free (TerraneDownloadPlace *self)
{
  g_free (self->url);
  oci_secret_free (self->authorization);
  g_free (self);
}

static void
file_free (gpointer data)
{
  File *file = data;
  oci_descriptor_free (file->blob);
  g_free (file);
}

/* Returns: (nullable) */
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

/* Of a transfer: only these files are transferred. */
static File *
file_of (const Downloads *self, const OciDescriptor *blob)
{
  File *file = find_file (self, &blob->digest);
  g_assert (file != NULL);
  return file;
}

static void
on_download (gpointer data, const OciDescriptor *blob, OciTransferState state, uint64_t done)
{
  const Downloads *self = data;
  File *file = file_of (self, blob);
  TerraneRemote *remote = self->remote;
  const TerraneProgress *progress = remote->options.progress;
  g_mutex_lock (&remote->mutex);
  if (blob->size > file->counted)
    {
      remote->total += blob->size - file->counted;
      file->counted = blob->size;
      terrane_progress_expect (progress, remote->total);
    }
  if (done > file->moved) /* bytes that are sent again do not count twice */
    {
      terrane_progress_advance (progress, done - file->moved);
      file->moved = done;
    }
  terrane_progress_item (progress, file->item->label, done,
                         state == OCI_TRANSFER_RUNNING ? MAX (blob->size, done + 1) : done);
  g_mutex_unlock (&remote->mutex);
}

/* "SCHEME://HOST:PORT". Returns: (transfer full) (nullable) */
static char *
origin_text (const char *url)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  return oci_url_take_user (url, &bare, &authorization, NULL)
                 && oci_url_origin (bare, &origin, NULL)
             ? g_strdup_printf ("%s://%s:%s", origin.scheme, origin.host, origin.port)
             : NULL;
}

static gboolean
download_from (Downloads *self, const char *url, const char *authorization,
               const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  TerraneRemote *remote = self->remote;
  const OciDownloadOptions options = {
    .url = url, .authorization = authorization, .progress = on_download, .progress_data = self
  };
  return oci_download (remote->client, &options, terrane_store_downloads (remote->store), blob,
                       stop, error);
}

/* Downloads from the item's URL. An unreachable server is not tried again if the item may be
 * elsewhere. */
static gboolean
download_here (Downloads *self, const TerraneDownload *item, const OciDescriptor *blob,
               GCancellable *stop, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *origin = origin_text (item->url);
  GMutex *mutex = &self->remote->mutex;
  g_mutex_lock (mutex);
  gboolean gone =
      item->find != NULL && origin != NULL && g_hash_table_contains (self->gone, origin);
  g_mutex_unlock (mutex);
  if (gone)
    return oci_throw (error, OCI_ERROR_UNREACHABLE, "%s cannot be reached", origin);
  if (download_from (self, item->url, item->authorization, blob, stop, &local))
    return TRUE;
  if (origin != NULL && g_error_matches (local, OCI_ERROR, OCI_ERROR_UNREACHABLE))
    {
      g_mutex_lock (mutex);
      g_hash_table_add (self->gone, g_steal_pointer (&origin));
      g_mutex_unlock (mutex);
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Shows a message once for all files. */
static void
tell (Downloads *self, const GError *failure)
{
  g_mutex_lock (&self->remote->mutex);
  if (!self->told)
    terrane_progress_warn (self->remote->options.progress,
                           "%s; it is looked for elsewhere by its digest, as are others like it",
                           failure->message);
  self->told = TRUE;
  g_mutex_unlock (&self->remote->mutex);
}

static void
note_failure (GString *asked, const GError *failure)
{
  g_string_append_printf (asked, "\n  asked: %s", failure->message);
}

/* Downloads from the first other place that has it. @asked: receives a line for each that does
 * not */
static gboolean
download_elsewhere (Downloads *self, const TerraneDownload *item, const OciDescriptor *blob,
                    GCancellable *stop, GString *asked)
{
  gboolean last = item->find == NULL;
  for (guint nth = 0; !last && !g_cancellable_is_cancelled (stop); nth++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (GPtrArray) places =
          item->find (item->find_data, nth, self->remote->client, &last, stop, &local);
      if (places == NULL)
        note_failure (asked, local);
      for (guint i = 0; places != NULL && i < places->len; i++)
        {
          const TerraneDownloadPlace *place = places->pdata[i];
          g_autoptr (GError) other = NULL;
          if (download_from (self, place->url, place->authorization, blob, stop, &other))
            return TRUE;
          note_failure (asked, other);
        }
    }
  return FALSE;
}

/* Adds what names the file: what the server has may differ from what was meant. Returns: FALSE */
static gboolean
fail_named (const TerraneDownload *item, GError **error)
{
  if (item->where == NULL || error == NULL || *error == NULL)
    return FALSE;
  if (g_error_matches (*error, OCI_ERROR, OCI_ERROR_CORRUPT))
    oci_error_append (error, "; if ‘sha256’ is right, the server has another file");
  g_prefix_error (error, "%s: ", item->where);
  return FALSE;
}

static gboolean
fetch_file (gpointer data, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  Downloads *self = data;
  const TerraneDownload *item = file_of (self, blob)->item;
  g_autoptr (GError) local = NULL;
  g_autoptr (GString) asked = g_string_new (NULL);
  if (item->url != NULL && download_here (self, item, blob, stop, &local))
    return TRUE;
  if (local != NULL
      && (item->find == NULL || g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
          || oci_http_client_time_left (self->remote->client) == 0))
    {
      g_autofree char *mirror = terrane_remote_describe_mirror (self->remote);
      return oci_throw (error, (OciError) local->code, "%s%s%s", local->message,
                        mirror[0] != '\0' ? "; it is not in the store" : "", mirror);
    }
  if (local != NULL)
    tell (self, local);
  if (download_elsewhere (self, item, blob, stop, asked))
    return TRUE;
  if (g_cancellable_is_cancelled (stop))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  if (local == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "%s is not to be found by its digest%s",
                      item->label, asked->str);
  return oci_throw (error, (OciError) local->code, "%s; nor is it to be found by its digest%s",
                    local->message, asked->str);
}

static gboolean
download_file (gpointer data, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  return fetch_file (data, blob, stop, error) || fail_named (file_of (data, blob)->item, error);
}

/* Collects files that are neither in the store nor in the mirror; each digest once. */
static GPtrArray *
collect_missing (TerraneRemote *remote, const TerraneDownload *items, guint n, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  const Downloads downloads = { .remote = remote, .files = files };
  for (guint i = 0; i < n; i++)
    {
      gboolean found = find_file (&downloads, &items[i].sha256) != NULL;
      if (!found
          && (!terrane_downloads_find (remote->store, &items[i].sha256, &found, error)
              || (!found
                  && !terrane_remote_take_mirrored (remote, &items[i].sha256, &found, error))))
        return NULL;
      if (found)
        continue;
      File *file = g_new0 (File, 1);
      file->item = &items[i];
      file->blob = oci_descriptor_new ("", &items[i].sha256, items[i].size);
      g_ptr_array_add (files, file);
    }
  return g_steal_pointer (&files);
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
  g_autoptr (GPtrArray) files = collect_missing (self, items, n, error);
  g_autoptr (GHashTable) gone = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Downloads downloads = { .remote = self, .files = files, .gone = gone };
  if (files == NULL || files->len == 0)
    return files != NULL;
  if (self->options.offline)
    {
      const File *first = files->pdata[0];
      const TerraneDownload *item = first->item;
      g_autofree char *url = oci_url_quote (item->url != NULL ? item->url : item->label);
      g_autofree char *mirror = terrane_remote_describe_mirror (self);
      (void) oci_throw (error, OCI_ERROR_NOT_FOUND, "--offline: %s is not in the store%s", url,
                        mirror);
      return fail_named (item, error);
    }
  return download_all (&downloads, error);
}

/* A file of unknown content in progress. */
typedef struct
{
  TerraneRemote *remote;
  OciBlobWriter *writer;
  uint64_t size;
} Unknown;

static gboolean
begin_unknown (gpointer data, G_GNUC_UNUSED const OciHttpResponse *response, GError **error)
{
  Unknown *self = data;
  g_clear_pointer (&self->writer, oci_blob_writer_free); /* of a failed attempt */
  self->size = 0;
  self->writer = oci_blob_writer_new (terrane_store_downloads (self->remote->store), error);
  return self->writer != NULL;
}

static gboolean
write_unknown (gpointer data, const void *bytes, size_t len, GError **error)
{
  Unknown *self = data;
  if (len > OCI_DOWNLOAD_MAX_BYTES - self->size)
    return oci_throw (error, OCI_ERROR_LIMIT, "it has more than %" G_GUINT64_FORMAT " bytes",
                      OCI_DOWNLOAD_MAX_BYTES);
  self->size += len;
  terrane_progress_advance (self->remote->options.progress, len);
  return oci_blob_writer_write (self->writer, bytes, len, error);
}

static OciHttpResponse *
attempt_unknown (gpointer data, GCancellable *cancellable, GError **error)
{
  const OciHttpRequest *request = data;
  const Unknown *self = request->receiver->data;
  return oci_http_client_send (self->remote->client, request, cancellable, error);
}

gboolean
terrane_remote_download_unknown (TerraneRemote *self, const TerraneDownload *item,
                                 OciDigest *out_sha256, uint64_t *out_size, GError **error)
{
  Unknown unknown = { .remote = self };
  const OciHttpReceiver receiver = { .begin = begin_unknown,
                                     .write = write_unknown,
                                     .data = &unknown };
  g_autofree char *quoted = oci_url_quote (item->url);
  OCI_PREFIX (error, "downloading %s", quoted);
  if (self->options.offline)
    return terrane_remote_fail_offline (quoted, error);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", item->url);
  request.authorization = item->authorization;
  request.receiver = &receiver;
  OciRetry retry = { .client = self->client, .what = quoted };
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  terrane_progress_phase (self->options.progress, item->size, "downloading %s", item->label);
  if (!terrane_store_begin_write (self->store, error))
    return FALSE;
  g_autoptr (OciHttpResponse) response = oci_retry_send (
      &retry, attempt_unknown, &request, terrane_operation_cancellable (&operation), error);
  gboolean ok =
      response != NULL
      && (response->status == 200
          || oci_throw (error,
                        response->status == 404 || response->status == 410 ? OCI_ERROR_NOT_FOUND
                                                                           : OCI_ERROR_DENIED,
                        "the server does not give it (HTTP %u)", response->status))
      && oci_blob_writer_finish (unknown.writer, NULL, out_sha256, out_size, error);
  g_clear_pointer (&unknown.writer, oci_blob_writer_free);
  return ok;
}
