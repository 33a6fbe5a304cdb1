#include "builder/lambda/rie.h"

#include "builder/lambda/event.h"
#include "builder/lambda/exchange.h"
#include "builder/lambda/http-server.h"

#include "oci/base/error.h"
#include "oci/base/json.h"
#include "oci/base/parallel.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum
{
  MAX_EVENT_BYTES = 6 * 1024 * 1024,
  BACKLOG = 64,
  MAX_CONNECTIONS = 64,
  IDLE_SECONDS = 15, /* clients that send half of a request must not block others */
  STUCK_SECONDS = 120,
  MAX_QUEUED_EVENT_BYTES = 1024 * 1024, /* Lambda's limit for asynchronous ones */
  MAX_QUEUED = 64,
};

#define VERSION "$LATEST"

struct _TerraneRie
{
  TerraneHttpServer *server;
  TerraneLambda *lambda;
  gsize waiting; /* atomic; bytes of streamed responses */

  GMutex mutex; /* guards the members below */
  GCond changed;
  GQueue queue; /* Queued: asynchronous events */
  gboolean ends;
  GThread *thread; /* runs their invocations */
};

/* An asynchronous event, whose outcome is only in the log. */
typedef struct
{
  GBytes *payload;
  char *client_context;
  char *trace_id;
} Queued;

static void
queued_free (gpointer data)
{
  Queued *self = data;
  g_bytes_unref (self->payload);
  g_free (self->client_context);
  g_free (self->trace_id);
  g_free (self);
}

/* Has the form of Lambda's own errors, for its SDKs. @type: (nullable) */
static void
reply_error (TerraneHttpReply *reply, unsigned status, const char *type, const char *message)
{
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "Type", oci_json_text (status < 500 ? "User" : "Service"));
  oci_json_set (object, "Message", oci_json_text (message));
  reply->status = status;
  reply->content_type = "application/json";
  if (type != NULL)
    terrane_http_reply_add (reply, "X-Amzn-ErrorType", type);
  reply->body = oci_json_dump (object);
}

/* As with Lambda, the status is 200 whatever the function did: only the header tells. */
static void
reply_result (TerraneHttpReply *reply, const TerraneLambdaResult *result, gboolean with_log)
{
  reply->status = 200;
  reply->content_type = "application/json";
  terrane_http_reply_add (reply, "X-Amz-Executed-Version", VERSION);
  terrane_http_reply_add (reply, "X-Amzn-RequestId", result->request_id);
  if (result->error_type != NULL)
    terrane_http_reply_add (reply, "X-Amz-Function-Error", "Unhandled");
  if (with_log && result->log != NULL)
    {
      gsize len = 0;
      const guchar *bytes = g_bytes_get_data (result->log, &len);
      g_autofree char *encoded = g_base64_encode (bytes, len);
      terrane_http_reply_add (reply, "X-Amz-Log-Result", encoded);
    }
  reply->body = result->body != NULL ? g_bytes_ref (result->body) : NULL;
}

/* The header is JSON in base64; the runtime gets JSON. */
static char *
decode_context (const char *encoded)
{
  gsize len = 0;
  g_autofree guchar *bytes = encoded != NULL ? g_base64_decode (encoded, &len) : NULL;
  return bytes != NULL && len > 0 ? g_strndup ((const char *) bytes, len) : NULL;
}

/* Replies with the function's answer, or that of an event it did not get. */
static void
answer (TerraneRie *self, const TerraneLambdaEvent *event, gboolean with_log,
        TerraneHttpReply *reply)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneExchange) exchange =
      terrane_exchange_start (self->lambda, event, with_log, &self->waiting, &error);
  if (exchange == NULL)
    {
      reply_error (reply, 500, "ServiceException", error->message);
      return;
    }
  if (terrane_exchange_wait (exchange))
    {
      reply->status = 200;
      reply->content_type = "application/octet-stream";
      terrane_http_reply_add (reply, "X-Amz-Executed-Version", VERSION);
      reply->read = terrane_exchange_read;
      reply->read_data = g_steal_pointer (&exchange);
      reply->read_free = (GDestroyNotify) terrane_exchange_free;
      return;
    }
  const TerraneLambdaResult *result = terrane_exchange_result (exchange, &error);
  /* Waits for the end of the invocation only after the answer was sent. */
  reply->read_data = exchange;
  reply->read_free = (GDestroyNotify) terrane_exchange_free;
  if (result != NULL)
    reply_result (reply, result, with_log);
  else if (g_error_matches (error, OCI_ERROR, OCI_ERROR_EXISTS))
    reply_error (reply, 429, "TooManyRequestsException", error->message);
  else
    reply_error (reply, 500, "ServiceException", error->message);
  (void) g_steal_pointer (&exchange);
}

/* Handles them one after another, in the order of arrival. */
static gpointer
run_queue (gpointer data)
{
  TerraneRie *self = data;
  for (;;)
    {
      g_mutex_lock (&self->mutex);
      while (!self->ends && g_queue_is_empty (&self->queue))
        g_cond_wait (&self->changed, &self->mutex);
      Queued *next = self->ends ? NULL : g_queue_pop_head (&self->queue);
      g_mutex_unlock (&self->mutex);
      if (next == NULL)
        return NULL;
      g_auto (TerraneLambdaResult) result = { 0 };
      const TerraneLambdaEvent event = { .payload = next->payload,
                                         .client_context = next->client_context,
                                         .trace_id = next->trace_id,
                                         .patient = TRUE };
      g_autoptr (GError) error = NULL;
      if (!terrane_lambda_invoke (self->lambda, &event, &result, &error)
          && !g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
        g_printerr ("terrane: an event of type Event: %s\n", error->message);
      queued_free (next);
    }
}

static void
enqueue (TerraneRie *self, const TerraneLambdaEvent *event, TerraneHttpReply *reply)
{
  if (g_bytes_get_size (event->payload) > MAX_QUEUED_EVENT_BYTES)
    {
      reply_error (reply, 413, "RequestTooLargeException",
                   "The event has more than 1048576 bytes, which is Lambda's limit for the "
                   "invocation type Event");
      return;
    }
  Queued *queued = g_new0 (Queued, 1);
  queued->payload = g_bytes_ref (event->payload);
  queued->client_context = g_strdup (event->client_context);
  queued->trace_id = g_strdup (event->trace_id);
  g_mutex_lock (&self->mutex);
  gboolean room = g_queue_get_length (&self->queue) < MAX_QUEUED;
  if (room)
    g_queue_push_tail (&self->queue, g_steal_pointer (&queued));
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (room)
    {
      g_autofree char *id = g_uuid_string_random ();
      reply->status = 202;
      terrane_http_reply_add (reply, "X-Amzn-RequestId", id);
      return;
    }
  queued_free (queued);
  reply_error (reply, 429, "TooManyRequestsException", "64 events wait already");
}

static gboolean
is_one_of (const char *value, const char *const *words)
{
  return value == NULL || g_strv_contains (words, value);
}

/* Checks what Lambda checks before the function sees an event. */
static void
invoke (TerraneRie *self, const TerraneHttpRequest *request, TerraneHttpReply *reply)
{
  static const char *const types[] = { "RequestResponse", "Event", "DryRun", NULL };
  static const char *const logs[] = { "None", "Tail", NULL };
  const char *type = terrane_http_request_header (request, "X-Amz-Invocation-Type");
  const char *log = terrane_http_request_header (request, "X-Amz-Log-Type");
  g_autofree char *context =
      decode_context (terrane_http_request_header (request, "X-Amz-Client-Context"));
  g_autoptr (GError) error = NULL;
  if (!is_one_of (type, types) || !is_one_of (log, logs))
    {
      reply_error (reply, 400, "InvalidParameterValueException",
                   "X-Amz-Invocation-Type is RequestResponse, Event or DryRun, and X-Amz-Log-Type "
                   "is None or Tail");
      return;
    }
  g_autoptr (GBytes) payload = terrane_event_take (terrane_http_request_body (request), &error);
  if (payload == NULL)
    {
      reply_error (reply, 400, "InvalidRequestContentException", error->message);
      return;
    }
  const TerraneLambdaEvent event = {
    .payload = payload,
    .client_context = context,
    .trace_id = terrane_http_request_header (request, "X-Amzn-Trace-Id"),
  };
  if (g_strcmp0 (type, "DryRun") == 0)
    reply->status = 204;
  else if (g_strcmp0 (type, "Event") == 0)
    enqueue (self, &event, reply);
  else
    answer (self, &event, g_strcmp0 (log, "Tail") == 0, reply);
}

static void
on_request (const TerraneHttpRequest *request, TerraneHttpReply *reply, gpointer data)
{
  if (strcmp (terrane_http_request_path (request), TERRANE_RIE_PATH) != 0)
    reply_error (reply, 404, NULL, "There is only POST " TERRANE_RIE_PATH);
  else if (strcmp (terrane_http_request_method (request), "POST") != 0)
    reply_error (reply, 405, NULL, "There is only POST");
  else if (terrane_http_request_body (request) == NULL)
    reply_error (reply, 413, "RequestTooLargeException",
                 "The event has more than 6291456 bytes, which is Lambda's limit");
  else
    invoke (data, request, reply);
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
terrane_rie_start (TerraneLambda *lambda, unsigned *port, GError **error)
{
  OciFd listener = -1;
  if (!listen_on (port, &listener, error))
    return NULL;
  g_autoptr (TerraneRie) self = g_new0 (TerraneRie, 1);
  self->lambda = lambda;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->queue);
  self->thread = oci_thread_start ("events", run_queue, self, error);
  if (self->thread == NULL)
    {
      oci_fd_close (listener);
      return NULL;
    }
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
  g_mutex_lock (&self->mutex);
  self->ends = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (self->thread != NULL)
    (void) g_thread_join (self->thread);
  g_queue_clear_full (&self->queue, queued_free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}
