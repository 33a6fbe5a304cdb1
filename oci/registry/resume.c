#include "oci/registry/resume.h"

#include "oci/base/number.h"
#include "oci/partial.h"

#include <stdio.h>
#include <string.h>

enum
{
  PROGRESS_BYTES = 64 * 1024, /* an attempt with this much progress does not count as failed */
};

/* One blob in progress. */
typedef struct
{
  const OciResumeSource *source;
  OciPartial *partial;
  OciDescriptor *blob; /* its size is the announced one if it is unknown otherwise */
  OciTransferProgress progress;
  gpointer progress_data;
  OciHttpReceiver receiver;
} Fetch;

static gboolean
is_sized (const Fetch *self)
{
  return self->source->max_bytes == 0;
}

static void
tell (const Fetch *self, OciTransferState state, uint64_t done)
{
  if (self->progress != NULL)
    self->progress (self->progress_data, self->blob, state, done);
}

/* RFC 9110 section 14.4: "bytes FIRST-LAST/SIZE". */
static gboolean
continues_at (const OciHttpResponse *response, uint64_t offset)
{
  const char *field = oci_http_response_header (response, "content-range");
  g_autofree char *expected = g_strdup_printf ("bytes %" G_GUINT64_FORMAT "-", offset);
  return field != NULL && g_str_has_prefix (field, expected);
}

/* Reads the size of the whole blob from the answer; FALSE if it is not announced. */
static gboolean
announced_size (const OciHttpResponse *response, uint64_t *out_size)
{
  const char *text = oci_http_response_header (response, "content-length");
  if (response->status == 206)
    {
      const char *range = oci_http_response_header (response, "content-range");
      const char *slash = range != NULL ? strrchr (range, '/') : NULL;
      text = slash != NULL ? slash + 1 : NULL;
    }
  return text != NULL && oci_parse_u64 (text, G_MAXUINT64, out_size, NULL);
}

static gboolean
check_length (const Fetch *self, const OciHttpResponse *response, GError **error)
{
  const char *length = oci_http_response_header (response, "content-length");
  uint64_t expected = self->blob->size - oci_partial_size (self->partial), announced = 0;
  if (length == NULL || !oci_parse_u64 (length, G_MAXUINT64, &announced, NULL)
      || announced == expected || (response->status == 206 && announced < expected))
    return TRUE; /* the rest of a shorter range is requested next */
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "%s announces %" G_GUINT64_FORMAT " bytes, expected %" G_GUINT64_FORMAT,
                    self->source->peer, announced, expected);
}

/* Remembers the size of a blob of unknown size. */
static gboolean
learn_size (const Fetch *self, const OciHttpResponse *response, GError **error)
{
  self->blob->size = 0;
  if (!announced_size (response, &self->blob->size) || self->blob->size <= self->source->max_bytes)
    return TRUE;
  return oci_throw (error, OCI_ERROR_LIMIT,
                    "%s announces %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT
                    " are allowed",
                    self->source->peer, self->blob->size, self->source->max_bytes);
}

static gboolean
begin (gpointer data, const OciHttpResponse *response, GError **error)
{
  const Fetch *self = data;
  uint64_t there = oci_partial_size (self->partial);
  if (response->status == 206 && !continues_at (response, there))
    return oci_throw (error, OCI_ERROR_FORMAT, "%s answers with another range", self->source->peer);
  if (response->status == 200 && there > 0 && !oci_partial_restart (self->partial, error))
    return FALSE;
  return is_sized (self) ? check_length (self, response, error)
                         : learn_size (self, response, error);
}

static gboolean
take_bytes (gpointer data, const void *bytes, size_t len, GError **error)
{
  const Fetch *self = data;
  if (!oci_partial_write (self->partial, bytes, len, error))
    return FALSE;
  tell (self, OCI_TRANSFER_RUNNING, oci_partial_size (self->partial));
  return TRUE;
}

/* Requests the missing part. Returns: (transfer full) (nullable): the answer */
static OciHttpResponse *
request_rest (Fetch *self, GCancellable *cancellable, GError **error)
{
  uint64_t there = oci_partial_size (self->partial);
  g_autofree char *range = g_strdup_printf ("Range: bytes=%" G_GUINT64_FORMAT "-", there);
  const char *const headers[] = { range, NULL };
  return self->source->send (self->source->data, there > 0 ? headers : NULL, &self->receiver,
                             cancellable, error);
}

/* Whether nothing is missing, as far as is known before the content is digested. */
static gboolean
is_whole (const Fetch *self, const OciHttpResponse *response)
{
  uint64_t there = oci_partial_size (self->partial);
  if (is_sized (self))
    return there == self->blob->size;
  if (response == NULL)
    return self->blob->size > 0 && there == self->blob->size;
  if (response->status == 416)
    return there > 0; /* there is nothing beyond what an earlier process fetched */
  return (response->status == 200 || response->status == 206)
         && (self->blob->size == 0 || there == self->blob->size);
}

/* Whether nothing is missing any more; else @error is the reason why the attempt ended, or
 * *@out_response is the refusal. */
static gboolean
attempt (Fetch *self, GCancellable *cancellable, OciHttpResponse **out_response, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (OciHttpResponse) response = request_rest (self, cancellable, &local);
  if (is_whole (self, response))
    return TRUE;
  if ((g_error_matches (local, OCI_ERROR, OCI_ERROR_CORRUPT)
       || g_error_matches (local, OCI_ERROR, OCI_ERROR_FORMAT))
      && !oci_partial_restart (self->partial, error)) /* an invalid beginning */
    return FALSE;
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (response == NULL || response->status == 200 || response->status == 206)
    return oci_throw (error, OCI_ERROR_NETWORK,
                      "the body ended after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes",
                      oci_partial_size (self->partial), self->blob->size);
  *out_response = g_steal_pointer (&response);
  return FALSE;
}

static gboolean
fetch_all (Fetch *self, GCancellable *cancellable, GError **error)
{
  OciRetry retry = self->source->retry;
  uint64_t furthest = oci_partial_size (self->partial);
  for (gboolean done = is_sized (self) && furthest == self->blob->size; !done;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response = NULL;
      gboolean continued = oci_partial_size (self->partial) > 0;
      done = attempt (self, cancellable, &response, &local);
      uint64_t there = oci_partial_size (self->partial);
      /* The answer has another range than requested: the next request asks for everything. */
      if (continued && g_error_matches (local, OCI_ERROR, OCI_ERROR_FORMAT))
        continue;
      if (there >= furthest + PROGRESS_BYTES)
        retry.failures = 0;
      furthest = MAX (furthest, there);
      if (done || oci_retry_again (&retry, response, cancellable, &local))
        continue;
      /* The received part is longer than the peer's blob: start again. */
      if (response != NULL && response->status == 416 && there > 0)
        {
          if (!oci_partial_restart (self->partial, error))
            return FALSE;
          continue;
        }
      if (local == NULL)
        return self->source->refuse (self->source->data, response, self->source->what, error);
      g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ", self->source->what);
      return FALSE;
    }
  return TRUE;
}

static gboolean
fetch_verified (Fetch *self, GCancellable *cancellable, GError **error)
{
  for (gboolean continued = oci_partial_size (self->partial) > 0;; continued = FALSE)
    {
      g_autoptr (GError) local = NULL;
      if (!fetch_all (self, cancellable, error))
        return FALSE;
      if (oci_partial_finish (self->partial, &local))
        return TRUE;
      /* The beginning may have been damaged by a crash of the machine; then everything is fetched
       * again. */
      if (continued && g_error_matches (local, OCI_ERROR, OCI_ERROR_CORRUPT))
        continue;
      g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ", self->source->what);
      return FALSE;
    }
}

gboolean
oci_resume_fetch (const OciResumeSource *source, OciLayout *layout, const OciDescriptor *blob,
                  OciTransferProgress progress, gpointer progress_data, GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (OciDescriptor) copy = oci_descriptor_copy (blob);
  g_autoptr (OciPartial) partial =
      source->max_bytes == 0
          ? oci_partial_open (layout, blob, error)
          : oci_partial_open_unsized (layout, &blob->digest, source->max_bytes, error);
  if (partial == NULL)
    return FALSE;
  Fetch fetch = { .source = source,
                  .partial = partial,
                  .blob = copy,
                  .progress = progress,
                  .progress_data = progress_data,
                  .receiver = { .begin = begin, .write = take_bytes, .data = &fetch } };
  tell (&fetch, OCI_TRANSFER_RUNNING, oci_partial_size (partial));
  if (!fetch_verified (&fetch, cancellable, error))
    return FALSE;
  copy->size = oci_partial_size (partial);
  tell (&fetch, OCI_TRANSFER_DONE, copy->size);
  return TRUE;
}
