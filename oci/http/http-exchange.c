#include "oci/http/http-exchange.h"

#include "oci/http/client-private.h"
#include "oci/http/http-headers.h"
#include "oci/http/proxy.h"

#include "oci/base/text-hash.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum
{
  SEND_BUFFER_BYTES = 128 * 1024,
  RECEIVE_BUFFER_BYTES = 64 * 1024,
  CLOCK_SLACK_MSECS = 50, /* difference between the ends of terrane's limit and of libcurl's */
  KEEPALIVE_IDLE_SECONDS = 60,
  KEEPALIVE_INTERVAL_SECONDS = 15,
};

/* One exchange in progress; the data of libcurl's callbacks. */
typedef struct
{
  OciHttpClient *client;
  CURL *handle;
  const OciHttpRequest *request;
  GCancellable *cancellable;
  uint64_t offset; /* of the request body */
  uint64_t reported;
  OciHttpResponse *response;
  GByteArray *body;
  size_t header_bytes;
  gboolean headers_ended; /* the empty line was received */
  gboolean receiving;     /* the receiver's begin() was called */
  gint64 window_start; /* time at which @window_bytes had arrived, for the drip limit; 0 before */
  uint64_t window_bytes;
  const char *ca_name; /* origin of the authorities, for messages */
  GError *failure;     /* why a callback stopped the transfer */
  OciProxy proxy;      /* from the environment */
  char message[CURL_ERROR_SIZE];
} Transfer;

static void
lock_share (G_GNUC_UNUSED CURL *handle, curl_lock_data data, G_GNUC_UNUSED curl_lock_access access,
            void *user)
{
  OciHttpClient *self = user;
  g_mutex_lock (&self->share_mutexes[(unsigned) data % OCI_HTTP_SHARE_LOCKS]);
}

static void
unlock_share (G_GNUC_UNUSED CURL *handle, curl_lock_data data, void *user)
{
  OciHttpClient *self = user;
  g_mutex_unlock (&self->share_mutexes[(unsigned) data % OCI_HTTP_SHARE_LOCKS]);
}

/* A name is resolved once, and a connection resumes the TLS session of another. Threads cannot
 * share connections. */
static CURLSH *
new_share (OciHttpClient *client)
{
  CURLSH *share = curl_share_init ();
  if (share == NULL || curl_share_setopt (share, CURLSHOPT_USERDATA, client) != CURLSHE_OK
      || curl_share_setopt (share, CURLSHOPT_LOCKFUNC, lock_share) != CURLSHE_OK
      || curl_share_setopt (share, CURLSHOPT_UNLOCKFUNC, unlock_share) != CURLSHE_OK
      || curl_share_setopt (share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK
      || curl_share_setopt (share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
    g_error ("libcurl cannot be initialised");
  return share;
}

static CURL *
take_handle (OciHttpClient *self)
{
  g_mutex_lock (&self->mutex);
  CURL *handle = g_queue_pop_head (&self->idle);
  if (self->share == NULL)
    self->share = new_share (self);
  g_mutex_unlock (&self->mutex);
  if (handle != NULL)
    return handle;
  handle = curl_easy_init ();
  if (handle == NULL || curl_easy_setopt (handle, CURLOPT_SHARE, self->share) != CURLE_OK)
    g_error ("libcurl cannot be initialised");
  return handle; /* a reset keeps the share */
}

static void
give_handle_back (OciHttpClient *self, CURL *handle)
{
  curl_easy_reset (handle); /* removes options, among them secrets; keeps connections */
  g_mutex_lock (&self->mutex);
  g_queue_push_head (&self->idle, handle);
  g_mutex_unlock (&self->mutex);
}

static size_t
send_body (char *buffer, size_t size, size_t count, void *data)
{
  Transfer *self = data;
  const OciHttpRequest *request = self->request;
  uint64_t total = oci_http_request_body_size (request);
  size_t want = (size_t) MIN ((uint64_t) size * count, total - self->offset);
  if (want == 0)
    return 0;
  ssize_t got = (ssize_t) want;
  if (request->body != NULL)
    memcpy (buffer, (const char *) g_bytes_get_data (request->body, NULL) + self->offset, want);
  else
    do
      got = pread (request->body_fd, buffer, want, (off_t) self->offset);
    while (got < 0 && errno == EINTR);
  if (got > 0)
    {
      self->offset += (uint64_t) got;
      return (size_t) got;
    }
  if (got < 0)
    oci_throw_errno (&self->failure, "reading what is to be sent");
  else
    oci_throw (&self->failure, OCI_ERROR_IO, "what is to be sent became shorter meanwhile");
  return CURL_READFUNC_ABORT;
}

/* libcurl repeats a body if a kept connection turns out to be closed. A blob must not be repeated
 * that way: the registry may have received a part, and would append to it. */
static int
rewind_body (void *data, curl_off_t offset, int origin)
{
  Transfer *self = data;
  if (origin != SEEK_SET || offset < 0)
    return CURL_SEEKFUNC_CANTSEEK;
  if (self->request->body == NULL && self->offset > 0)
    return CURL_SEEKFUNC_FAIL;
  self->offset = (uint64_t) offset;
  return CURL_SEEKFUNC_OK;
}

/* Headers are complete when the first byte of a body arrives; an empty body begins when the
 * transfer has ended. */
static gboolean
begin_receiving (Transfer *self)
{
  const OciHttpReceiver *receiver = self->request->receiver;
  long status = 0;
  (void) curl_easy_getinfo (self->handle, CURLINFO_RESPONSE_CODE, &status);
  self->response->status = (unsigned) status;
  if (receiver == NULL || self->receiving || status < 200 || status > 299)
    return TRUE;
  self->receiving = TRUE;
  return receiver->begin (receiver->data, self->response, &self->failure);
}

static size_t
receive_body (char *bytes, size_t size, size_t count, void *data)
{
  Transfer *self = data;
  size_t len = size * count;
  if (!begin_receiving (self))
    return 0;
  if (self->receiving)
    {
      const OciHttpReceiver *receiver = self->request->receiver;
      return receiver->write (receiver->data, bytes, len, &self->failure) ? len : 0;
    }
  if (len > OCI_HTTP_MAX_BODY_BYTES - self->body->len)
    {
      oci_throw (&self->failure, OCI_ERROR_LIMIT, "the answer has more than the %d bytes allowed",
                 OCI_HTTP_MAX_BODY_BYTES);
      return 0;
    }
  g_byte_array_append (self->body, (const guint8 *) bytes, (guint) len);
  return len;
}

static size_t
receive_header (char *line, size_t size, size_t count, void *data)
{
  Transfer *self = data;
  size_t len = size * count;
  self->header_bytes += len;
  if (self->header_bytes > OCI_HTTP_MAX_HEADER_BYTES)
    {
      oci_throw (&self->failure, OCI_ERROR_LIMIT, "the answer has more than %d bytes of headers",
                 OCI_HTTP_MAX_HEADER_BYTES);
      return 0;
    }
  self->headers_ended = len > 0 && (line[0] == '\r' || line[0] == '\n');
  if (len > 5 && memcmp (line, "HTTP/", 5) == 0)
    g_hash_table_remove_all (self->response->headers); /* of an interim answer */
  else
    oci_http_headers_store (self->response->headers, line, len);
  return len;
}

/* libcurl's own limit only detects silence; one byte per second would keep a transfer alive
 * forever. */
static gboolean
drips (Transfer *self, uint64_t received)
{
  unsigned limit = self->client->options.stall_seconds > 0 ? self->client->options.stall_seconds
                                                           : OCI_HTTP_DRIP_SECONDS;
  gint64 now = g_get_monotonic_time ();
  if (received == 0 || self->window_start == 0
      || received - self->window_bytes >= OCI_HTTP_DRIP_BYTES)
    {
      self->window_start = received == 0 ? 0 : now;
      self->window_bytes = received;
      return FALSE;
    }
  return now - self->window_start > (gint64) limit * G_USEC_PER_SEC
         && !oci_throw (&self->failure, OCI_ERROR_NETWORK,
                        "no answer in time: %" G_GUINT64_FORMAT " bytes in %u s",
                        received - self->window_bytes, limit);
}

static int
report_progress (void *data, curl_off_t to_receive, curl_off_t received, curl_off_t to_send,
                 curl_off_t sent)
{
  Transfer *self = data;
  const OciHttpRequest *request = self->request;
  (void) to_receive;
  (void) to_send;
  if (g_cancellable_is_cancelled (self->cancellable) || drips (self, (uint64_t) received))
    return 1;
  if (request->progress != NULL && (uint64_t) sent != self->reported)
    {
      self->reported = (uint64_t) sent;
      request->progress (request->progress_data, self->reported);
    }
  return 0;
}

/* A refused option would go unnoticed; with correct arguments this only happens if out of
 * memory. */
#define SET(handle, option, value) must (curl_easy_setopt ((handle), (option), (value)))

static void
must (CURLcode code)
{
  if (code != CURLE_OK)
    g_error ("libcurl refuses an option: %s", curl_easy_strerror (code));
}

static void
set_up_tls (const OciHttpClient *client, CURL *handle, const OciHttpCertificates *certificates)
{
  if (certificates->ca_file != NULL)
    {
      SET (handle, CURLOPT_CAINFO, certificates->ca_file);
      SET (handle, CURLOPT_PROXY_CAINFO, certificates->proxy_ca_file);
    }
  /* Debian's libcurl would also trust, and read for each connection, every file of a directory that
   * repeats the bundle: 20 ms more, and more trust than the variables request. */
  SET (handle, CURLOPT_CAPATH, NULL);
  SET (handle, CURLOPT_PROXY_CAPATH, NULL);
  if (certificates->certificate != NULL)
    {
      SET (handle, CURLOPT_SSLCERT, certificates->certificate);
      SET (handle, CURLOPT_SSLKEY, certificates->key);
    }
  if (client->options.insecure)
    {
      SET (handle, CURLOPT_SSL_VERIFYPEER, 0L);
      SET (handle, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

/* Returns the next of the limits for the whole exchange, in milliseconds; 0 for none. */
static long
time_limit (const OciHttpClient *client, const OciHttpRequest *request)
{
  gint64 left = oci_http_client_time_left (client);
  gint64 own = request->timeout_seconds > 0 ? (gint64) request->timeout_seconds * 1000 : -1;
  gint64 limit = left < 0 || (own >= 0 && own < left) ? own : left;
  return limit < 0 ? 0 : (long) CLAMP (limit, 1, G_MAXINT32);
}

static void
set_up_connection (OciHttpClient *client, CURL *handle, const OciHttpRequest *request,
                   const OciUrlOrigin *origin, const OciProxy *proxy)
{
  gboolean plain = strcmp (origin->scheme, "http") == 0;
  gboolean bulk =
      request->receiver != NULL || oci_http_request_body_size (request) > OCI_HTTP_EXPECT_BYTES;
  unsigned stall = client->options.stall_seconds > 0 ? client->options.stall_seconds
                   : request->stall_seconds > 0      ? request->stall_seconds
                   : bulk                            ? OCI_HTTP_BULK_STALL_SECONDS
                                                     : OCI_HTTP_STALL_SECONDS;
  SET (handle, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  SET (handle, CURLOPT_NOSIGNAL, 1L);
  /* RFC 8996: 1.0 and 1.1 must not be used; Debian's GnuTLS would still accept them. */
  SET (handle, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  SET (handle, CURLOPT_PROXY_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  /* Threads do not share connections, so HTTP/2 has nothing to multiplex; measured on a 500 MB blob
   * its flow control made the upload take 1.6 times as long (libcurl 7.88, docker-registry). */
  SET (handle, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  SET (handle, CURLOPT_USERAGENT, client->user_agent);
  SET (handle, CURLOPT_CONNECTTIMEOUT, (long) OCI_HTTP_CONNECT_SECONDS);
  SET (handle, CURLOPT_TIMEOUT_MS, time_limit (client, request));
  SET (handle, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
  SET (handle, CURLOPT_QUICK_EXIT, 1L); /* no waiting for a resolver thread at an interrupt */
  SET (handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET (handle, CURLOPT_LOW_SPEED_TIME, (long) stall);
  SET (handle, CURLOPT_TCP_KEEPALIVE, 1L);
  SET (handle, CURLOPT_TCP_KEEPIDLE, (long) KEEPALIVE_IDLE_SECONDS);
  SET (handle, CURLOPT_TCP_KEEPINTVL, (long) KEEPALIVE_INTERVAL_SECONDS);
  SET (handle, CURLOPT_UPLOAD_BUFFERSIZE, (long) SEND_BUFFER_BYTES);
  SET (handle, CURLOPT_BUFFERSIZE, (long) RECEIVE_BUFFER_BYTES);
  SET (handle, CURLOPT_PROXY, proxy->url != NULL ? proxy->url : "");
  SET (handle, CURLOPT_NOPROXY, ""); /* the environment has been evaluated already */
  SET (handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void
set_up_callbacks (CURL *handle, Transfer *transfer)
{
  SET (handle, CURLOPT_ERRORBUFFER, transfer->message);
  SET (handle, CURLOPT_WRITEFUNCTION, receive_body);
  SET (handle, CURLOPT_WRITEDATA, transfer);
  SET (handle, CURLOPT_HEADERFUNCTION, receive_header);
  SET (handle, CURLOPT_HEADERDATA, transfer);
  /* Decodes what a proxy compressed unrequested. Blobs are kept unchanged: their digest verifies
   * them. */
  if (transfer->request->receiver == NULL)
    SET (handle, CURLOPT_ACCEPT_ENCODING, "");
  SET (handle, CURLOPT_NOPROGRESS, 0L);
  SET (handle, CURLOPT_XFERINFOFUNCTION, report_progress);
  SET (handle, CURLOPT_XFERINFODATA, transfer);
}

static void
set_up_method (CURL *handle, Transfer *transfer)
{
  const OciHttpRequest *request = transfer->request;
  if (strcmp (request->method, "HEAD") == 0)
    SET (handle, CURLOPT_NOBODY, 1L);
  else if (strcmp (request->method, "GET") == 0)
    SET (handle, CURLOPT_HTTPGET, 1L);
  else
    {
      uint64_t size = oci_http_request_body_size (request);
      SET (handle, CURLOPT_UPLOAD, 1L);
      SET (handle, CURLOPT_CUSTOMREQUEST, request->method);
      SET (handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t) size);
      SET (handle, CURLOPT_READFUNCTION, send_body);
      SET (handle, CURLOPT_READDATA, transfer);
      SET (handle, CURLOPT_SEEKFUNCTION, rewind_body);
      SET (handle, CURLOPT_SEEKDATA, transfer);
    }
}

/* Whether the failure is between us and the proxy, which has not connected us to the host yet. */
static gboolean
is_about_proxy (CURL *handle, CURLcode code, const Transfer *transfer, const OciUrlOrigin *origin)
{
  long status = 0, connects = 0;
  if (transfer->proxy.url == NULL)
    return FALSE;
  (void) curl_easy_getinfo (handle, CURLINFO_HTTP_CONNECTCODE, &status);
  (void) curl_easy_getinfo (handle, CURLINFO_NUM_CONNECTS, &connects);
  gboolean tunnel = strcmp (origin->scheme, "https") == 0;
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_PROXY
         || (tunnel && status / 100 != 2 && connects > 0);
}

static gboolean
fail_certificate (const OciUrlOrigin *origin, const char *said, gboolean proxy, GError **error)
{
  gboolean usual = strcmp (origin->port, "443") == 0;
  const char *files = strstr (said, ". CAfile: "); /* of libcurl, not of the user */
  g_autofree char *reason =
      g_strndup (said, files != NULL ? (gsize) (files - said) : strlen (said));
  if (strstr (reason, "does not match") != NULL)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "its TLS certificate is not trusted: %s; use a name that it is for", reason);
  if (proxy)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "its TLS certificate is not trusted: %s; name a file with the authority's "
                      "certificate in SSL_CERT_FILE",
                      reason);
  return oci_throw (error, OCI_ERROR_DENIED,
                    "its TLS certificate is not trusted: %s; put the authority's certificate "
                    "into ~/.config/containers/certs.d/%s%s%s/ca.crt, or name it in "
                    "SSL_CERT_FILE",
                    reason, origin->host, usual ? "" : ":", usual ? "" : origin->port);
}

static gboolean
fail_tls (const OciUrlOrigin *origin, const char *reason, gboolean proxy, GError **error)
{
  /* GnuTLS's message for a port that answers a handshake with something else. */
  if (strstr (reason, "unexpected TLS packet") != NULL && proxy)
    return oci_throw (error, OCI_ERROR_FORMAT, "it does not speak TLS; write its URL with http://");
  if (strstr (reason, "unexpected TLS packet") != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "port %s does not speak TLS; if it is a registry with plain HTTP, "
                      "--tls-verify=false allows that",
                      origin->port);
  /* Likewise, for a peer without newer versions, which says so or closes the connection. */
  if (strstr (reason, "protocol version") != NULL
      || strstr (reason, "unsupported protocol") != NULL)
    return oci_throw (error, OCI_ERROR_DENIED, "it has no TLS 1.2 or newer: %s", reason);
  return oci_throw (error, OCI_ERROR_NETWORK, "%s", reason);
}

static gboolean
fail_status_of_proxy (long status, GError **error)
{
  if (status == 407)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "it wants another user and password (HTTP 407); they are written in its "
                      "URL: http://USER:PASSWORD@HOST:PORT");
  return oci_throw (error, status < 500 ? OCI_ERROR_DENIED : OCI_ERROR_NETWORK,
                    "it does not connect to the host (HTTP %ld)", status);
}

/* The only place where libcurl's errors are translated. */
static gboolean
translate_code (CURL *handle, CURLcode code, const Transfer *transfer, const OciUrlOrigin *origin,
                const char *reason, gboolean proxy, GError **error)
{
  long os_error = 0, status = 0;
  (void) curl_easy_getinfo (handle, CURLINFO_OS_ERRNO, &os_error);
  (void) curl_easy_getinfo (handle, CURLINFO_HTTP_CONNECTCODE, &status);
  if (proxy && status >= 300)
    return fail_status_of_proxy (status, error);
  switch (code)
    {
    case CURLE_SEND_FAIL_REWIND:
      return oci_throw (error, OCI_ERROR_NETWORK, "the connection was closed before the answer");
    case CURLE_COULDNT_CONNECT:
      if (proxy)
        return oci_throw (error, OCI_ERROR_UNREACHABLE, "connecting to it: %s",
                          os_error != 0 ? g_strerror ((int) os_error) : reason);
      return oci_throw (error, OCI_ERROR_UNREACHABLE, "connecting to port %s: %s", origin->port,
                        os_error != 0 ? g_strerror ((int) os_error) : reason);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return oci_throw (error, OCI_ERROR_UNREACHABLE,
                        "there is no such host, or its name cannot be resolved now");
    case CURLE_OPERATION_TIMEDOUT:
      return oci_throw (error,
                        g_str_has_prefix (reason, "Connection time") ? OCI_ERROR_UNREACHABLE
                                                                     : OCI_ERROR_TIMEOUT,
                        "no answer in time: %s", reason);
    case CURLE_SSL_CONNECT_ERROR:
      return fail_tls (origin, reason, proxy, error);
    case CURLE_PEER_FAILED_VERIFICATION:
      return fail_certificate (origin, reason, proxy, error);
    case CURLE_SSL_CACERT_BADFILE:
      return oci_throw (error, OCI_ERROR_IO, "the certificate authorities of %s cannot be read: %s",
                        transfer->ca_name, reason);
    case CURLE_SSL_CERTPROBLEM:
      return oci_throw (error, OCI_ERROR_IO, "the client certificate cannot be used: %s", reason);
    case CURLE_BAD_CONTENT_ENCODING:
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "the answer comes compressed, which was not asked for, and cannot be "
                        "decoded: %s",
                        reason);
    default:
      return oci_throw (error, OCI_ERROR_NETWORK, "%s", reason);
    }
}

static gboolean
translate (CURL *handle, CURLcode code, Transfer *transfer, const OciUrlOrigin *origin,
           GError **error)
{
  if (code == CURLE_OK && transfer->failure == NULL)
    return TRUE;
  if (transfer->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&transfer->failure));
      return FALSE;
    }
  if (code == CURLE_ABORTED_BY_CALLBACK)
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  gint64 left = oci_http_client_time_left (transfer->client);
  if (code == CURLE_OPERATION_TIMEDOUT && left >= 0 && left < CLOCK_SLACK_MSECS)
    return oci_http_client_fail_late (transfer->client, error);
  const char *reason = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror (code);
  /* libcurl's messages about proxies may contain the proxy's URL with its password. */
  if (strstr (reason, "://") != NULL || strchr (reason, '@') != NULL)
    reason = curl_easy_strerror (code);
  gboolean proxy = is_about_proxy (handle, code, transfer, origin);
  if (!proxy)
    return translate_code (handle, code, transfer, origin, reason, FALSE, error);
  g_autofree char *name = oci_proxy_describe (&transfer->proxy);
  OCI_PREFIX (error, "%s", name);
  return translate_code (handle, code, transfer, origin, reason, TRUE, error);
}

static gboolean
check_plain (const OciHttpClient *self, const OciHttpRequest *request, const OciUrlOrigin *origin,
             GError **error)
{
  if (strcmp (origin->scheme, "https") == 0 || self->options.insecure || request->local_service
      || oci_url_is_loopback (origin))
    return TRUE;
  return oci_throw (error, OCI_ERROR_DENIED,
                    "plain HTTP is only used with this machine itself, not with http://%s:%s, "
                    "unless --tls-verify=false allows it",
                    origin->host, origin->port);
}

/* Sends @transfer's request to @url once. */
static gboolean
exchange (OciHttpClient *self, Transfer *transfer, const char *url, const OciUrlOrigin *origin,
          gboolean authorize, GError **error)
{
  struct curl_slist *headers = NULL;
  OciHttpCertificates certificates = { 0 };
  if (oci_http_client_time_left (self) == 0)
    return oci_http_client_fail_late (self, error);
  if (!check_plain (self, transfer->request, origin, error)
      || !oci_http_client_certificates (self, origin, &certificates, error)
      || !oci_http_headers_build (transfer->request, authorize, &headers, error))
    {
      oci_http_headers_free (headers);
      return FALSE;
    }
  CURL *handle = take_handle (self);
  transfer->handle = handle;
  set_up_connection (self, handle, transfer->request, origin, &transfer->proxy);
  if (transfer->request->ca_file != NULL)
    {
      certificates.ca_file = transfer->request->ca_file;
      certificates.ca_name = certificates.ca_file;
    }
  transfer->ca_name = certificates.ca_name;
  set_up_tls (self, handle, &certificates);
  set_up_callbacks (handle, transfer);
  set_up_method (handle, transfer);
  SET (handle, CURLOPT_URL, url);
  SET (handle, CURLOPT_HTTPHEADER, headers);
  CURLcode code = curl_easy_perform (handle);
  /* libcurl accepts an answer that ends within its headers as one without a body. */
  if (code == CURLE_OK && !transfer->headers_ended)
    oci_throw (&transfer->failure, OCI_ERROR_NETWORK,
               "the connection was closed within the headers of the answer");
  else if (code == CURLE_OK)
    (void) begin_receiving (transfer); /* sets @failure */
  gboolean ok = translate (handle, code, transfer, origin, error);
  /* After a failure libcurl 7.88 may keep buffers whose size cannot be changed again. */
  if (ok)
    give_handle_back (self, handle);
  else
    curl_easy_cleanup (handle);
  oci_http_headers_free (headers);
  return ok;
}

OciHttpResponse *
oci_http_exchange (OciHttpClient *self, const OciHttpRequest *request, const char *url,
                   const OciUrlOrigin *origin, gboolean authorize, GCancellable *cancellable,
                   GError **error)
{
  OCI_PREFIX (error, "%s", origin->host);
  Transfer transfer = { .client = self, .request = request, .cancellable = cancellable };
  g_autoptr (OciHttpResponse) response = g_new0 (OciHttpResponse, 1);
  response->url = g_strdup (url);
  response->headers = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  transfer.response = response;
  transfer.body = g_byte_array_new ();
  if (!request->local_service) /* plain text must not leave the machine by $http_proxy */
    oci_proxy_find (origin, &transfer.proxy);
  gboolean ok = exchange (self, &transfer, url, origin, authorize, error);
  response->body = g_byte_array_free_to_bytes (transfer.body);
  g_clear_error (&transfer.failure);
  oci_proxy_clear (&transfer.proxy);
  return ok ? g_steal_pointer (&response) : NULL;
}
