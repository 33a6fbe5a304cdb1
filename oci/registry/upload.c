#include "oci/registry/upload.h"

#include "oci/http/url.h"

#include <string.h>

static char *
blob_path (const OciUpload *self)
{
  OciDigestText text;
  g_autofree char *below =
      g_strconcat ("blobs/", oci_digest_text (&self->blob->digest, text), NULL);
  return oci_registry_path (self->registry, below);
}

static char *
describe (const OciUpload *self, const char *doing)
{
  OciDigestHex hex;
  return g_strdup_printf ("%s the blob sha256:%.12s…", doing,
                          oci_digest_hex (&self->blob->digest, hex));
}

gboolean
oci_upload_check_digest (const OciHttpResponse *response, const OciDigest *expected,
                         const char *what, GError **error)
{
  OciDigest stored;
  OciDigestText text, other;
  if (!oci_registry_response_digest (response, &stored) || oci_digest_equal (&stored, expected))
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT, "%s: the registry stored %s instead of %s", what,
                    oci_digest_text (&stored, other), oci_digest_text (expected, text));
}

/* Returns: (transfer full) (nullable): the upload location in a 202 */
static char *
read_location (const OciUpload *self, const OciHttpResponse *response, const char *what,
               GError **error)
{
  OciDigestText text;
  const char *location = oci_http_response_header (response, "location");
  if (location == NULL)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "%s: the registry opens an upload without a Location",
                 what);
      return NULL;
    }
  g_autofree char *url = oci_url_resolve (response->url, location, error);
  if (url == NULL)
    return NULL;
  if (g_str_has_prefix (response->url, "https:") && !g_str_has_prefix (url, "https:"))
    {
      g_autofree char *quoted = oci_url_quote (url);
      oci_throw (error, OCI_ERROR_DENIED,
                 "%s: the registry wants the upload at %s, without encryption; behind a proxy it "
                 "must be told its https address",
                 what, quoted);
      return NULL;
    }
  return oci_url_add_query (url, "digest", oci_digest_text (&self->blob->digest, text), error);
}

/* Sets *@out_mounted, or *@out_location for an upload that was opened instead, or neither: then the
 * registry does not support mounts, or failed, and the blob is sent. */
static gboolean
try_mount (const OciUpload *self, GCancellable *cancellable, gboolean *out_mounted,
           char **out_location, GError **error)
{
  OciDigestText text;
  g_autofree char *what = describe (self, "mounting");
  g_autofree char *path = oci_registry_path (self->registry, "blobs/uploads/");
  g_autofree char *source = g_uri_escape_string (self->source, "/", FALSE);
  g_autofree char *url = g_strdup_printf ("%s?mount=%s&from=%s", path,
                                          oci_digest_text (&self->blob->digest, text), source);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", url);
  g_autoptr (GError) local = NULL;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send_once (self->registry, &request, cancellable, &local);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
      || g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *out_mounted = response != NULL && response->status == 201;
  if (response != NULL && response->status == 202)
    *out_location = read_location (self, response, what, NULL); /* else one is opened */
  return TRUE;
}

static gboolean
exists (const OciUpload *self, GCancellable *cancellable, gboolean *out_there, GError **error)
{
  g_autofree char *path = blob_path (self);
  g_autofree char *what = describe (self, "looking for");
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN; /* is sent, like a missing blob */
  const OciRegistryQuestion question = { .path = path, .what = what };
  if (!oci_registry_ask (self->registry, &question, cancellable, &answer, NULL, error))
    return FALSE;
  *out_there = answer == OCI_REGISTRY_EXISTS;
  return TRUE;
}

gboolean
oci_upload_find (const OciUpload *self, GCancellable *cancellable, gboolean *out_there,
                 OciTransferState *out_state, char **out_location, GError **error)
{
  *out_location = NULL;
  *out_state = OCI_TRANSFER_EXISTS;
  if (!exists (self, cancellable, out_there, error))
    return FALSE;
  if (*out_there || self->source == NULL)
    return TRUE;
  *out_state = OCI_TRANSFER_MOUNTED;
  return try_mount (self, cancellable, out_there, out_location, error);
}

static char *
open_upload (const OciUpload *self, const char *what, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = oci_registry_path (self->registry, "blobs/uploads/");
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", path);
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (self->registry, &request, cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status == 202)
    return read_location (self, response, what, error);
  oci_registry_fail (self->registry, response, what, error);
  return NULL;
}

char *
oci_upload_open_ahead (const OciUpload *self, GCancellable *cancellable)
{
  g_autofree char *path = oci_registry_path (self->registry, "blobs/uploads/");
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", path);
  g_autoptr (OciHttpResponse) response =
      oci_registry_send_once (self->registry, &request, cancellable, NULL);
  return response != NULL && response->status == 202
             ? read_location (self, response, "opening an upload", NULL)
             : NULL;
}

static void
tell_sent (gpointer data, uint64_t sent)
{
  const OciUpload *self = data;
  if (self->progress != NULL)
    self->progress (self->progress_data, self->blob, OCI_TRANSFER_RUNNING, sent);
}

/* Returns: (transfer full) (nullable): the answer to the PUT of the whole blob */
static OciHttpResponse *
put_blob (const OciUpload *self, const char *url, GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
  g_auto (OciFd) fd = -1;
  if (!oci_layout_open_verified (self->layout, self->blob, &fd, error))
    return NULL;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("PUT", url);
  request.headers = headers;
  request.body_fd = fd;
  request.body_size = self->blob->size;
  request.progress = tell_sent;
  request.progress_data = (gpointer) self;
  tell_sent ((gpointer) self, 0);
  return oci_registry_send_once (self->registry, &request, cancellable, error);
}

/* If the registry has forgotten an upload, a new one is opened. */
static gboolean
is_lost (const OciHttpResponse *response)
{
  return response != NULL && (response->status == 404 || response->status == 416);
}

gboolean
oci_upload_send (const OciUpload *self, const char *location, GCancellable *cancellable,
                 OciTransferState *out_state, GError **error)
{
  g_autofree char *what = describe (self, "uploading");
  OciRetry retry = oci_registry_retry (self->registry);
  for (gboolean lost = FALSE, there = FALSE;;)
    {
      g_autoptr (GError) local = NULL;
      g_autofree char *url =
          location != NULL ? g_strdup (location) : open_upload (self, what, cancellable, error);
      if (url == NULL)
        return FALSE;
      location = NULL; /* each upload has its own location */
      g_autoptr (OciHttpResponse) response = put_blob (self, url, cancellable, &local);
      *out_state = OCI_TRANSFER_DONE;
      if (response != NULL && (response->status == 201 || response->status == 204))
        return oci_upload_check_digest (response, &self->blob->digest, what, error);
      /* Any other success counts if the blob exists. */
      if (response != NULL && response->status / 100 == 2)
        return exists (self, cancellable, &there, error)
               && (there || oci_registry_fail (self->registry, response, what, error));
      gboolean again = oci_retry_again (&retry, response, cancellable, &local);
      if (!again && (lost || !is_lost (response)))
        {
          if (local == NULL)
            return oci_registry_fail (self->registry, response, what, error);
          g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ", what);
          return FALSE;
        }
      lost = !again;
      if (!exists (self, cancellable, &there, error))
        return FALSE;
      *out_state = OCI_TRANSFER_EXISTS; /* the upload had arrived, or another client was faster */
      if (there)
        return TRUE;
    }
}
