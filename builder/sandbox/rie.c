#include "builder/sandbox/rie.h"

#include "builder/sandbox/exchange.h"
#include "builder/sandbox/http-server.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum
{
  MAX_EVENT_BYTES = 6 * 1024 * 1024,
  BACKLOG = 64,
  MAX_CONNECTIONS = 64,
  IDLE_SECONDS = 15, /* clients that send half of a request must not lock out the others */
  STUCK_SECONDS = 120,
};

struct _TerraneRie
{
  TerraneHttpServer *server;
  TerraneLambda *lambda;
  unsigned timeout_ms;
  gsize waiting; /* atomic; bytes of streamed responses */
};

static void
reply_message (TerraneHttpReply *reply, unsigned status, const char *message)
{
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "Message", oci_json_text (message));
  reply->status = status;
  reply->content_type = "application/json";
  reply->body = oci_json_dump (object);
}

static void
reply_result (const TerraneRie *self, TerraneHttpReply *reply, const TerraneLambdaResult *result)
{
  reply->status = 200;
  reply->content_type = "application/json";
  terrane_http_reply_add (reply, "X-Amz-Executed-Version", "$LATEST");
  if (result->error_type != NULL)
    terrane_http_reply_add (reply, "X-Amz-Function-Error", "Unhandled");
  if (g_strcmp0 (result->error_type, "Sandbox.Timedout") == 0)
    {
      char *text = g_strdup_printf ("Task timed out after %.2f seconds", self->timeout_ms / 1000.0);
      reply->content_type = "text/plain; charset=utf-8";
      reply->body = g_bytes_new_take (text, strlen (text));
      return;
    }
  if (result->error_type != NULL && !result->by_function)
    reply->status = 502;
  reply->body = result->body != NULL ? g_bytes_ref (result->body) : NULL;
}

/* The header is JSON in base64, the runtime gets JSON. */
static char *
decode_context (const char *encoded)
{
  gsize len = 0;
  g_autofree guchar *bytes = encoded != NULL ? g_base64_decode (encoded, &len) : NULL;
  return bytes != NULL && len > 0 ? g_strndup ((const char *) bytes, len) : NULL;
}

static void
answer (TerraneRie *self, const TerraneHttpRequest *request, TerraneHttpReply *reply)
{
  g_autofree char *context =
      decode_context (terrane_http_request_header (request, "X-Amz-Client-Context"));
  const TerraneLambdaEvent event = {
    .payload = terrane_http_request_body (request),
    .client_context = context,
    .trace_id = terrane_http_request_header (request, "X-Amzn-Trace-Id"),
  };
  g_autoptr (TerraneExchange) exchange =
      terrane_exchange_start (self->lambda, &event, &self->waiting);
  g_autoptr (GError) error = NULL;
  if (terrane_exchange_wait (exchange))
    {
      reply->status = 200;
      reply->content_type = "application/octet-stream";
      terrane_http_reply_add (reply, "X-Amz-Executed-Version", "$LATEST");
      reply->read = terrane_exchange_read;
      reply->read_data = g_steal_pointer (&exchange);
      reply->read_free = (GDestroyNotify) terrane_exchange_free;
      return;
    }
  const TerraneLambdaResult *result = terrane_exchange_result (exchange, &error);
  /* Waits for the end of the invocation when the answer has gone out, and not before. */
  reply->read_data = exchange;
  reply->read_free = (GDestroyNotify) terrane_exchange_free;
  if (result != NULL)
    reply_result (self, reply, result);
  else if (g_error_matches (error, OCI_ERROR, OCI_ERROR_EXISTS))
    reply_message (reply, 400, error->message);
  else
    reply_message (reply, 500, error->message);
  (void) g_steal_pointer (&exchange);
}

static void
on_request (const TerraneHttpRequest *request, TerraneHttpReply *reply, gpointer data)
{
  if (strcmp (terrane_http_request_path (request), TERRANE_RIE_PATH) != 0)
    reply_message (reply, 404, "There is only POST " TERRANE_RIE_PATH);
  else if (strcmp (terrane_http_request_method (request), "POST") != 0)
    reply_message (reply, 405, "There is only POST");
  else if (terrane_http_request_body (request) == NULL)
    reply_message (reply, 413, "The event has more than 6291456 bytes, which is Lambda's limit");
  else
    answer (data, request, reply);
}

static void
on_begin (G_GNUC_UNUSED const TerraneHttpRequest *request, TerraneHttpBody *out_body,
          G_GNUC_UNUSED gpointer data)
{
  out_body->max_bytes = MAX_EVENT_BYTES;
}

static const TerraneHttpHandler handler = { .begin = on_begin, .reply = on_request };

static gboolean
listen_on (unsigned *port, OciFd *out_fd, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t) *port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  const int yes = 1;
  g_auto (OciFd) fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0
      || bind (fd, (const struct sockaddr *) &address, sizeof address) < 0
      || listen (fd, BACKLOG) < 0 || getsockname (fd, (struct sockaddr *) &address, &len) < 0)
    return oci_throw_errno (error, "listening on 127.0.0.1:%u", *port);
  *port = ntohs (address.sin_port);
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

TerraneRie *
terrane_rie_start (TerraneLambda *lambda, unsigned timeout_ms, unsigned *port, GError **error)
{
  OciFd listener = -1;
  if (!listen_on (port, &listener, error))
    return NULL;
  g_autoptr (TerraneRie) self = g_new0 (TerraneRie, 1);
  self->lambda = lambda;
  self->timeout_ms = timeout_ms;
  const TerraneHttpLimits limits = { .max_connections = MAX_CONNECTIONS,
                                     .idle_seconds = IDLE_SECONDS,
                                     .stuck_seconds = STUCK_SECONDS };
  self->server = terrane_http_server_start (listener, &handler, &limits, self, error);
  return self->server != NULL ? g_steal_pointer (&self) : NULL;
}

void
terrane_rie_free (TerraneRie *self)
{
  if (self == NULL)
    return;
  terrane_http_server_free (self->server);
  g_free (self);
}
