#include "oci/registry/download.h"

#include "oci/http/credentials.h"
#include "oci/http/url.h"
#include "oci/registry/resume.h"

#include <string.h>

enum
{
  PAGE_BYTES = 64 * 1024, /* a larger answer is not considered an error page */
};

typedef struct
{
  OciHttpClient *client;
  const char *url;
  const char *authorization;       /* (nullable) */
  const OciHttpReceiver *receiver; /* of the request in progress */
  gboolean page;                   /* the last answer is a web page */
  uint64_t received;               /* bytes of it that arrived */
} Download;

static gboolean
begin (gpointer data, const OciHttpResponse *response, GError **error)
{
  Download *self = data;
  const char *type = oci_http_response_header (response, "content-type");
  self->page = type != NULL && g_ascii_strncasecmp (type, "text/html", 9) == 0;
  self->received = 0;
  return self->receiver->begin (self->receiver->data, response, error);
}

static gboolean
take_bytes (gpointer data, const void *bytes, size_t len, GError **error)
{
  Download *self = data;
  self->received += len;
  return self->receiver->write (self->receiver->data, bytes, len, error);
}

static OciHttpResponse *
send_request (gpointer data, const char *const *headers, const OciHttpReceiver *receiver,
              GCancellable *cancellable, GError **error)
{
  Download *self = data;
  const OciHttpReceiver own = { .begin = begin, .write = take_bytes, .data = self };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", self->url);
  self->receiver = receiver;
  request.headers = headers;
  request.authorization = self->authorization;
  request.receiver = &own;
  return oci_http_client_send (self->client, &request, cancellable, error);
}

/* The host that answered, which may differ from the requested one. */
static char *
host_of (const OciHttpResponse *response)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  return oci_url_origin (response->url, &origin, NULL) ? g_strdup (origin.host)
                                                       : g_strdup ("the server");
}

static gboolean
refuse (gpointer data, const OciHttpResponse *response, const char *what, GError **error)
{
  const Download *self = data;
  unsigned status = response->status;
  g_autofree char *host = host_of (response);
  if (status == 404 || status == 410)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "%s: %s has no such file (HTTP %u)", what, host,
                      status);
  if (status == 401 || status == 403)
    return oci_throw (error, OCI_ERROR_DENIED, "%s: %s %s (HTTP %u)", what, host,
                      self->authorization != NULL ? "does not take the user and password"
                                                  : "does not give it to everybody",
                      status);
  return oci_throw (error, status == 429 || status >= 500 ? OCI_ERROR_NETWORK : OCI_ERROR_DENIED,
                    "%s: unexpected answer of %s (HTTP %u)", what, host, status);
}

static void
add_hint (const Download *self, GError *failure)
{
  if (!g_error_matches (failure, OCI_ERROR, OCI_ERROR_CORRUPT) || !self->page
      || self->received > PAGE_BYTES)
    return;
  char *message = g_strconcat (failure->message,
                               "; a web page came instead of the file, so the URL may be that of a "
                               "page about it, or a login may be needed",
                               NULL);
  g_free (failure->message);
  failure->message = message;
}

gboolean
oci_download (OciHttpClient *client, const OciDownloadOptions *options, OciLayout *layout,
              const OciDescriptor *blob, GCancellable *cancellable, GError **error)
{
  g_autofree char *shown = NULL;
  g_autofree char *what = NULL;
  g_autofree char *plain_url = NULL;
  g_autoptr (OciSecret) from_url = NULL;
  g_autoptr (GError) local = NULL;
  if (!oci_url_take_user (options->url, &plain_url, &from_url, error))
    return FALSE;
  shown = oci_url_quote (plain_url);
  what = g_strconcat ("downloading ", shown, NULL);
  Download download = { .client = client,
                        .url = plain_url,
                        .authorization =
                            options->authorization != NULL ? options->authorization : from_url };
  const OciResumeSource source = { .what = what,
                                   .peer = "the server",
                                   .max_bytes = blob->size == 0 ? OCI_DOWNLOAD_MAX_BYTES : 0,
                                   .send = send_request,
                                   .refuse = refuse,
                                   .data = &download,
                                   .retry = { .client = client, .what = shown } };
  if (oci_resume_fetch (&source, layout, blob, options->progress, options->progress_data,
                        cancellable, &local))
    return TRUE;
  add_hint (&download, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
