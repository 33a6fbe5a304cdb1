#include "oci/http/ask.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <curl/curl.h>
#include <string.h>

enum
{
  USECS_PER_MS = 1000,
};

typedef struct curl_slist CurlList;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CURL, curl_easy_cleanup)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CurlList, curl_slist_free_all)

typedef struct
{
  OciFd socket;
  GByteArray *body;
  gboolean too_large;
  char reason[CURL_ERROR_SIZE]; /* from libcurl, may be empty */
} Exchange;

void
oci_http_answer_clear (OciHttpAnswer *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
}

/* libcurl connects and closes it. A connected socket does not work with libcurl 7.88
 * (https://github.com/curl/curl/issues/10626). */
static curl_socket_t
open_socket (gpointer data, G_GNUC_UNUSED curlsocktype purpose,
             G_GNUC_UNUSED struct curl_sockaddr *address)
{
  Exchange *self = data;
  return self->socket >= 0 ? oci_fd_steal (&self->socket) : CURL_SOCKET_BAD;
}

static size_t
take_body (char *bytes, size_t size, size_t n, gpointer data)
{
  Exchange *self = data;
  size_t len = size * n;
  self->too_large = self->body->len + len > OCI_HTTP_ASK_MAX_BYTES;
  if (self->too_large)
    return 0;
  g_byte_array_append (self->body, (const guint8 *) bytes, (guint) len);
  return len;
}

static gboolean
is_json (const char *text)
{
  g_autoptr (OciJsonValue) value = json_loads (text, JSON_DECODE_ANY, NULL);
  return value != NULL;
}

static CurlList *
make_headers (const OciHttpQuestion *question)
{
  CurlList *headers = curl_slist_append (NULL, "Host: localhost");
  headers = curl_slist_append (headers, "Accept:");
  headers = curl_slist_append (headers, "Expect:");
  headers = curl_slist_append (headers, "Connection: close");
  if (question->body != NULL)
    headers = curl_slist_append (headers, is_json (question->body)
                                              ? "Content-Type: application/json"
                                              : "Content-Type: text/plain; charset=utf-8");
  return headers;
}

static void
set_question (CURL *curl, const OciHttpQuestion *question, const CurlList *headers, long left_ms)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", question->port);
  (void) curl_easy_setopt (curl, CURLOPT_URL, url);
  (void) curl_easy_setopt (curl, CURLOPT_REQUEST_TARGET, question->path);
  (void) curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http");
  (void) curl_easy_setopt (curl, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  (void) curl_easy_setopt (curl, CURLOPT_PROXY, "");
  (void) curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  (void) curl_easy_setopt (curl, CURLOPT_USERAGENT, "terrane");
  (void) curl_easy_setopt (curl, CURLOPT_HTTPHEADER, headers);
  (void) curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, left_ms);
  (void) curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms);
  (void) curl_easy_setopt (curl, CURLOPT_MAXFILESIZE, (long) OCI_HTTP_ASK_MAX_BYTES);
  if (question->body != NULL)
    {
      (void) curl_easy_setopt (curl, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t) strlen (question->body));
      (void) curl_easy_setopt (curl, CURLOPT_POSTFIELDS, question->body);
    }
  if (strcmp (question->method, "HEAD") == 0)
    (void) curl_easy_setopt (curl, CURLOPT_NOBODY, 1L);
  (void) curl_easy_setopt (curl, CURLOPT_CUSTOMREQUEST, question->method);
}

static gboolean
throw_failure (CURLcode code, const Exchange *exchange, GError **error)
{
  g_autofree char *reason = exchange->reason[0] != '\0' ? oci_quote (exchange->reason)
                                                        : g_strdup (curl_easy_strerror (code));
  if (exchange->too_large || code == CURLE_FILESIZE_EXCEEDED)
    return oci_throw (error, OCI_ERROR_LIMIT, "an answer of more than %d bytes",
                      OCI_HTTP_ASK_MAX_BYTES);
  switch (code)
    {
    case CURLE_COULDNT_CONNECT:
      return oci_throw (error, OCI_ERROR_UNREACHABLE, "nothing listens there: %s", reason);
    case CURLE_OPERATION_TIMEDOUT:
      return oci_throw (error, OCI_ERROR_TIMEOUT, "no answer in time");
    case CURLE_PARTIAL_FILE:
      return oci_throw (error, OCI_ERROR_FORMAT, "the connection ended before the answer did");
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, which is any other answer */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_GOT_NOTHING:
      return oci_throw (error, OCI_ERROR_FORMAT, "no answer in HTTP");
    case CURLE_BAD_CONTENT_ENCODING:
      return oci_throw (error, OCI_ERROR_FORMAT, "its transfer encoding is not chunked");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return oci_throw (error, OCI_ERROR_NETWORK, "the connection broke: %s", reason);
    default:
      return oci_throw (error, OCI_ERROR_FORMAT, "%s", reason);
    }
}

static gboolean
perform (CURL *curl, const OciHttpQuestion *question, Exchange *exchange, OciHttpAnswer *out_answer,
         GError **error)
{
  gint64 left_ms = (question->deadline - g_get_monotonic_time ()) / USECS_PER_MS + 1;
  g_autoptr (CurlList) headers = make_headers (question);
  long status = 0;
  if (left_ms <= 0)
    return oci_throw (error, OCI_ERROR_TIMEOUT, "no answer in time");
  set_question (curl, question, headers, (long) MIN (left_ms, G_MAXINT));
  (void) curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  (void) curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, exchange);
  (void) curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, take_body);
  (void) curl_easy_setopt (curl, CURLOPT_WRITEDATA, exchange);
  (void) curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, exchange->reason);
  CURLcode code = curl_easy_perform (curl);
  if (code != CURLE_OK)
    return throw_failure (code, exchange, error);
  (void) curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &status);
  out_answer->status = (unsigned) status;
  out_answer->body = g_byte_array_free_to_bytes (g_steal_pointer (&exchange->body));
  return TRUE;
}

gboolean
oci_http_ask (const OciHttpQuestion *question, OciHttpAnswer *out_answer, GError **error)
{
  g_autoptr (CURL) curl = curl_easy_init ();
  Exchange exchange = { .socket = question->socket, .body = g_byte_array_new () };
  gboolean ok = curl != NULL || oci_throw (error, OCI_ERROR_IO, "libcurl cannot be used");
  ok = ok && perform (curl, question, &exchange, out_answer, error);
  oci_fd_close (exchange.socket);
  g_clear_pointer (&exchange.body, g_byte_array_unref);
  return ok;
}
