#include "oci/registry/http.h"

#include "oci/registry/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum
{
  SEND_BUFFER_BYTES = 512 * 1024,
  KEEPALIVE_IDLE_SECONDS = 60,
  KEEPALIVE_INTERVAL_SECONDS = 15,
};

typedef CURL OciCurl;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCurl, curl_easy_cleanup)

struct _OciHttpClient
{
  char *user_agent;
  gboolean allow_plain;
  GMutex mutex; /* guards @idle */
  GQueue idle;  /* of CURL: each keeps its connections, so a handle that comes back is a warm one */
};

/* One exchange under way; what the callbacks of libcurl see. */
typedef struct
{
  const OciHttpRequest *request;
  GCancellable *cancellable;
  uint64_t offset; /* of the request body */
  uint64_t reported;
  OciHttpResponse *response;
  GByteArray *body;
  size_t header_bytes;
  GError *failure; /* why a callback stopped the transfer */
  char message[CURL_ERROR_SIZE];
} Transfer;

OciHttpClient *
oci_http_client_new (const char *user_agent, gboolean allow_plain)
{
  OciHttpClient *self = g_new0 (OciHttpClient, 1);
  self->user_agent = g_strdup (user_agent);
  self->allow_plain = allow_plain;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->idle);
  return self;
}

void
oci_http_client_free (OciHttpClient *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->idle, curl_easy_cleanup);
  g_mutex_clear (&self->mutex);
  g_free (self->user_agent);
  g_free (self);
}

gboolean
oci_http_client_allows_plain (const OciHttpClient *self)
{
  return self->allow_plain;
}

static CURL *
take_handle (OciHttpClient *self)
{
  g_mutex_lock (&self->mutex);
  CURL *handle = g_queue_pop_head (&self->idle);
  g_mutex_unlock (&self->mutex);
  if (handle == NULL)
    handle = curl_easy_init ();
  if (handle == NULL)
    g_error ("libcurl cannot be initialised");
  return handle;
}

static void
give_handle_back (OciHttpClient *self, CURL *handle)
{
  curl_easy_reset (handle); /* options, among them secrets; connections stay */
  g_mutex_lock (&self->mutex);
  g_queue_push_head (&self->idle, handle);
  g_mutex_unlock (&self->mutex);
}

void
oci_http_response_free (OciHttpResponse *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->headers, g_hash_table_unref);
  g_free (self);
}

const char *
oci_http_response_header (const OciHttpResponse *self, const char *name)
{
  return g_hash_table_lookup (self->headers, name);
}

static size_t
send_body (char *buffer, size_t size, size_t count, void *data)
{
  Transfer *self = data;
  const OciHttpRequest *request = self->request;
  uint64_t total = request->body != NULL ? g_bytes_get_size (request->body) : request->body_size;
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

/* libcurl repeats a body when a kept connection turns out to be dead. */
static int
rewind_body (void *data, curl_off_t offset, int origin)
{
  Transfer *self = data;
  if (origin != SEEK_SET || offset < 0)
    return CURL_SEEKFUNC_CANTSEEK;
  self->offset = (uint64_t) offset;
  return CURL_SEEKFUNC_OK;
}

static size_t
receive_body (char *bytes, size_t size, size_t count, void *data)
{
  Transfer *self = data;
  size_t len = size * count;
  if (len > OCI_HTTP_MAX_BODY_BYTES - self->body->len)
    {
      oci_throw (&self->failure, OCI_ERROR_LIMIT, "the answer has more than the %d bytes allowed",
                 OCI_HTTP_MAX_BODY_BYTES);
      return 0;
    }
  g_byte_array_append (self->body, (const guint8 *) bytes, (guint) len);
  return len;
}

static void
store_header (GHashTable *headers, const char *line, size_t len)
{
  const char *colon = memchr (line, ':', len);
  if (colon == NULL)
    return;
  g_autofree char *name = g_ascii_strdown (line, (gssize) (colon - line));
  g_autofree char *value = g_strndup (colon + 1, len - (size_t) (colon + 1 - line));
  g_strstrip (value);
  const char *before = g_hash_table_lookup (headers, name);
  char *joined =
      before != NULL ? g_strconcat (before, ", ", value, NULL) : g_steal_pointer (&value);
  g_hash_table_insert (headers, g_steal_pointer (&name), joined);
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
  if (len > 5 && memcmp (line, "HTTP/", 5) == 0)
    g_hash_table_remove_all (self->response->headers); /* those before were of an interim answer */
  else
    store_header (self->response->headers, line, len);
  return len;
}

static int
report_progress (void *data, curl_off_t to_receive, curl_off_t received, curl_off_t to_send,
                 curl_off_t sent)
{
  Transfer *self = data;
  const OciHttpRequest *request = self->request;
  (void) to_receive;
  (void) received;
  (void) to_send;
  if (g_cancellable_is_cancelled (self->cancellable))
    return 1;
  if (request->progress != NULL && (uint64_t) sent != self->reported)
    {
      self->reported = (uint64_t) sent;
      request->progress (request->progress_data, self->reported);
    }
  return 0;
}

/* A refused option would go unnoticed; with correct arguments only lack of memory refuses one. */
#define SET(handle, option, value) must (curl_easy_setopt ((handle), (option), (value)))

static void
must (CURLcode code)
{
  if (code != CURLE_OK)
    g_error ("libcurl refuses an option: %s", curl_easy_strerror (code));
}

static void
set_up_connection (OciHttpClient *client, CURL *handle, const OciUrlOrigin *origin)
{
  gboolean plain = strcmp (origin->scheme, "http") == 0;
  const char *ca_file = g_getenv ("SSL_CERT_FILE");
  SET (handle, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  SET (handle, CURLOPT_NOSIGNAL, 1L);
  /* Threads do not share connections, so HTTP/2 has nothing to multiplex; measured on a 500 MB blob
   * its flow control made the upload take 1.6 times as long (libcurl 7.88, docker-registry). */
  SET (handle, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  SET (handle, CURLOPT_USERAGENT, client->user_agent);
  SET (handle, CURLOPT_CONNECTTIMEOUT, (long) OCI_HTTP_CONNECT_SECONDS);
  SET (handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  SET (handle, CURLOPT_LOW_SPEED_TIME, (long) OCI_HTTP_STALL_SECONDS);
  SET (handle, CURLOPT_TCP_KEEPALIVE, 1L);
  SET (handle, CURLOPT_TCP_KEEPIDLE, (long) KEEPALIVE_IDLE_SECONDS);
  SET (handle, CURLOPT_TCP_KEEPINTVL, (long) KEEPALIVE_INTERVAL_SECONDS);
  SET (handle, CURLOPT_UPLOAD_BUFFERSIZE, (long) SEND_BUFFER_BYTES);
  if (ca_file != NULL && ca_file[0] != '\0')
    SET (handle, CURLOPT_CAINFO, ca_file);
  if (oci_url_is_loopback (origin))
    SET (handle, CURLOPT_PROXY, ""); /* plain text must not leave the machine by $http_proxy */
}

static void
set_up_callbacks (CURL *handle, Transfer *transfer)
{
  SET (handle, CURLOPT_ERRORBUFFER, transfer->message);
  SET (handle, CURLOPT_WRITEFUNCTION, receive_body);
  SET (handle, CURLOPT_WRITEDATA, transfer);
  SET (handle, CURLOPT_HEADERFUNCTION, receive_header);
  SET (handle, CURLOPT_HEADERDATA, transfer);
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
      uint64_t size = request->body != NULL ? g_bytes_get_size (request->body) : request->body_size;
      SET (handle, CURLOPT_UPLOAD, 1L);
      SET (handle, CURLOPT_CUSTOMREQUEST, request->method);
      SET (handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t) size);
      SET (handle, CURLOPT_READFUNCTION, send_body);
      SET (handle, CURLOPT_READDATA, transfer);
      SET (handle, CURLOPT_SEEKFUNCTION, rewind_body);
      SET (handle, CURLOPT_SEEKDATA, transfer);
    }
}

/* A line break in a value from outside would be another header. */
static gboolean
append_header (struct curl_slist **list, const char *line, GError **error)
{
  for (const char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      {
        g_autofree char *name = g_strndup (line, strcspn (line, ":"));
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "the value of the header %s has a control "
                          "character in it",
                          name);
      }
  struct curl_slist *longer = curl_slist_append (*list, line);
  if (longer == NULL)
    g_error ("out of memory while building a request");
  *list = longer;
  return TRUE;
}

static gboolean
build_headers (const OciHttpRequest *request, gboolean authorize, struct curl_slist **out_list,
               GError **error)
{
  for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
    if (!append_header (out_list, *line, error))
      return FALSE;
  if (!authorize || request->authorization == NULL)
    return TRUE;
  char *line = g_strconcat ("Authorization: ", request->authorization, NULL);
  gboolean ok = append_header (out_list, line, error);
  explicit_bzero (line, strlen (line));
  g_free (line);
  return ok;
}

static void
free_headers (struct curl_slist *list)
{
  for (struct curl_slist *item = list; item != NULL; item = item->next)
    explicit_bzero (item->data, strlen (item->data));
  curl_slist_free_all (list);
}

/* The one place where libcurl's way to fail becomes ours. */
static gboolean
translate (CURL *handle, CURLcode code, Transfer *transfer, const OciUrlOrigin *origin,
           GError **error)
{
  if (code == CURLE_OK)
    return TRUE;
  if (transfer->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&transfer->failure));
      return FALSE;
    }
  if (code == CURLE_ABORTED_BY_CALLBACK)
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");

  long os_error = 0;
  const char *reason = transfer->message[0] != '\0' ? transfer->message : curl_easy_strerror (code);
  (void) curl_easy_getinfo (handle, CURLINFO_OS_ERRNO, &os_error);
  switch (code)
    {
    case CURLE_COULDNT_CONNECT:
      return oci_throw (error, OCI_ERROR_NETWORK, "connecting to port %s: %s", origin->port,
                        os_error != 0 ? g_strerror ((int) os_error) : reason);
    case CURLE_COULDNT_RESOLVE_HOST:
      return oci_throw (error, OCI_ERROR_NETWORK,
                        "there is no such host, or its name cannot be resolved now");
    case CURLE_OPERATION_TIMEDOUT:
      return oci_throw (error, OCI_ERROR_NETWORK, "no answer in time: %s", reason);
    case CURLE_PEER_FAILED_VERIFICATION:
      return oci_throw (error, OCI_ERROR_NETWORK,
                        "its TLS certificate is not trusted: %s; SSL_CERT_FILE may name a file "
                        "with the CA certificates to trust",
                        reason);
    case CURLE_SSL_CACERT_BADFILE:
      return oci_throw (error, OCI_ERROR_NETWORK, "the CA certificates of %s cannot be read: %s",
                        g_getenv ("SSL_CERT_FILE") != NULL ? "$SSL_CERT_FILE" : "the system",
                        reason);
    default:
      return oci_throw (error, OCI_ERROR_NETWORK, "%s", reason);
    }
}

static gboolean
check_plain (const OciHttpClient *self, const OciUrlOrigin *origin, GError **error)
{
  if (strcmp (origin->scheme, "https") == 0 || self->allow_plain || oci_url_is_loopback (origin))
    return TRUE;
  return oci_throw (error, OCI_ERROR_DENIED,
                    "plain HTTP is only used with this machine itself, not with http://%s:%s",
                    origin->host, origin->port);
}

/* Sends @transfer's request to @url once. */
static gboolean
exchange (OciHttpClient *self, Transfer *transfer, const char *url, const OciUrlOrigin *origin,
          gboolean authorize, GError **error)
{
  struct curl_slist *headers = NULL;
  if (!check_plain (self, origin, error)
      || !build_headers (transfer->request, authorize, &headers, error))
    {
      free_headers (headers);
      return FALSE;
    }
  CURL *handle = take_handle (self);
  set_up_connection (self, handle, origin);
  set_up_callbacks (handle, transfer);
  set_up_method (handle, transfer);
  SET (handle, CURLOPT_URL, url);
  SET (handle, CURLOPT_HTTPHEADER, headers);
  gboolean ok = translate (handle, curl_easy_perform (handle), transfer, origin, error);
  long status = 0;
  (void) curl_easy_getinfo (handle, CURLINFO_RESPONSE_CODE, &status);
  transfer->response->status = (unsigned) status;
  give_handle_back (self, handle);
  free_headers (headers);
  return ok;
}

static OciHttpResponse *
exchange_new (OciHttpClient *self, const OciHttpRequest *request, const char *url,
              const OciUrlOrigin *origin, gboolean authorize, GCancellable *cancellable,
              GError **error)
{
  OCI_PREFIX (error, "%s", origin->host);
  Transfer transfer = { .request = request, .cancellable = cancellable };
  g_autoptr (OciHttpResponse) response = g_new0 (OciHttpResponse, 1);
  response->url = g_strdup (url);
  response->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  transfer.response = response;
  transfer.body = g_byte_array_new ();
  gboolean ok = exchange (self, &transfer, url, origin, authorize, error);
  response->body = g_byte_array_free_to_bytes (transfer.body);
  g_clear_error (&transfer.failure);
  return ok ? g_steal_pointer (&response) : NULL;
}

/* Where a GET or HEAD is sent on to; *@out_url stays NULL when it is not. */
static gboolean
find_redirect (const OciHttpRequest *request, const OciHttpResponse *response,
               const OciUrlOrigin *origin, char **out_url, GError **error)
{
  const char *location = oci_http_response_header (response, "location");
  gboolean redirects = response->status == 301 || response->status == 302 || response->status == 303
                       || response->status == 307 || response->status == 308;
  gboolean safe = strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
  if (!redirects || !safe || location == NULL)
    return TRUE;
  g_autofree char *url = oci_url_resolve (response->url, location, error);
  if (url == NULL)
    return FALSE;
  if (strcmp (origin->scheme, "https") == 0 && !g_str_has_prefix (url, "https:"))
    {
      g_autofree char *quoted = oci_quote (url);
      return oci_throw (error, OCI_ERROR_DENIED, "%s: redirects from https to %s", origin->host,
                        quoted);
    }
  *out_url = g_steal_pointer (&url);
  return TRUE;
}

OciHttpResponse *
oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request, GCancellable *cancellable,
                      GError **error)
{
  g_auto (OciUrlOrigin) first = { 0 };
  g_autofree char *url = g_strdup (request->url);
  if (!oci_url_origin (url, &first, error))
    return NULL;
  for (int i = 0; i <= OCI_HTTP_MAX_REDIRECTS; i++)
    {
      g_auto (OciUrlOrigin) origin = { 0 };
      g_autofree char *next = NULL;
      if (!oci_url_origin (url, &origin, error))
        return NULL;
      g_autoptr (OciHttpResponse) response = exchange_new (
          self, request, url, &origin, oci_url_same_origin (&first, &origin), cancellable, error);
      if (response == NULL || !find_redirect (request, response, &origin, &next, error))
        return NULL;
      if (next == NULL)
        return g_steal_pointer (&response);
      g_free (url);
      url = g_steal_pointer (&next);
    }
  oci_throw (error, OCI_ERROR_NETWORK, "%s: more than %d redirects", first.host,
             OCI_HTTP_MAX_REDIRECTS);
  return NULL;
}
