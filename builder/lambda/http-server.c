#include "builder/lambda/http-server.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

enum
{
  MAX_BUFFERED_BYTES = 256 * 1024 * 1024, /* of all bodies in progress */
  HEADER_BYTES = 2 * 1024 * 1024,         /* a runtime may send 1 MiB of X-Ray data in one */
  STREAM_BLOCK_BYTES = 64 * 1024,
};

struct _TerraneHttpServer
{
  struct MHD_Daemon *daemon;
  TerraneHttpHandler handler;
  TerraneHttpLimits limits;
  gpointer data;
  gsize buffered; /* atomic */
};

struct _TerraneHttpRequest
{
  struct MHD_Connection *connection;
  const char *method;
  const char *path;
  TerraneHttpBody rules;
  size_t received;  /* of a streamed body */
  gsize accounted;  /* part of the server's sum */
  GByteArray *body; /* NULL if it was too large */
  GBytes *whole;
  gboolean answered;
  GDestroyNotify done; /* (nullable): called when the reply was sent */
  gpointer done_data;
};

const char *
terrane_http_request_method (const TerraneHttpRequest *self)
{
  return self->method;
}

const char *
terrane_http_request_path (const TerraneHttpRequest *self)
{
  return self->path;
}

const char *
terrane_http_request_header (const TerraneHttpRequest *self, const char *name)
{
  return MHD_lookup_connection_value (self->connection, MHD_HEADER_KIND, name);
}

const char *
terrane_http_request_trailer (const TerraneHttpRequest *self, const char *name)
{
  return MHD_lookup_connection_value (self->connection, MHD_FOOTER_KIND, name);
}

GBytes *
terrane_http_request_body (const TerraneHttpRequest *self)
{
  return self->whole;
}

void
terrane_http_reply_add (TerraneHttpReply *self, const char *name, const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return;
  g_ptr_array_add (self->headers, g_strdup (name));
  g_ptr_array_add (self->headers, g_strdup (value));
}

gboolean
terrane_http_request_streamed (const TerraneHttpRequest *self)
{
  return self->rules.streamed;
}

/* Returns: the previous sum */
static gsize
account (TerraneHttpServer *self, gssize bytes)
{
  return (gsize) g_atomic_pointer_add (&self->buffered, bytes);
}

static void
drop_body (TerraneHttpServer *self, TerraneHttpRequest *request)
{
  (void) account (self, -(gssize) request->accounted);
  request->accounted = 0;
  g_clear_pointer (&request->body, g_byte_array_unref);
  g_clear_pointer (&request->whole, g_bytes_unref);
}

static void
take_body (TerraneHttpServer *self, TerraneHttpRequest *request, const char *bytes, size_t len)
{
  if (request->body == NULL)
    return;
  if (request->rules.streamed)
    {
      request->received += len;
      if (request->received > request->rules.max_bytes)
        drop_body (self, request);
      else
        self->handler.part (request, bytes, len, self->data);
      return;
    }
  request->accounted += len;
  if (account (self, (gssize) len) + len > MAX_BUFFERED_BYTES
      || request->body->len + len > request->rules.max_bytes)
    drop_body (self, request);
  else
    g_byte_array_append (request->body, (const guint8 *) bytes, (guint) len);
}

/* Stops the timeout of a connection while the handler works, and restarts it afterwards. */
static void
set_clock (struct MHD_Connection *connection, unsigned seconds)
{
  (void) MHD_set_connection_option (connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

/* A body that is sent in parts. */
typedef struct
{
  struct MHD_Connection *connection;
  unsigned stuck_seconds;
  TerraneHttpReadFunc read;
  gpointer data;
  GDestroyNotify free;
} Stream;

static ssize_t
read_stream (void *data, G_GNUC_UNUSED uint64_t offset, char *buffer, size_t max)
{
  const Stream *self = data;
  set_clock (self->connection, 0);
  gssize n = self->read (buffer, max, self->data);
  set_clock (self->connection, self->stuck_seconds);
  return n == TERRANE_HTTP_STREAM_END      ? MHD_CONTENT_READER_END_OF_STREAM
         : n == TERRANE_HTTP_STREAM_BROKEN ? MHD_CONTENT_READER_END_WITH_ERROR
                                           : n;
}

static void
free_stream (void *data)
{
  Stream *self = data;
  if (self->free != NULL)
    self->free (self->data);
  g_free (self);
}

static struct MHD_Response *
make_response (const TerraneHttpServer *self, struct MHD_Connection *connection,
               const TerraneHttpReply *reply)
{
  gsize len = 0;
  const void *bytes = reply->body != NULL ? g_bytes_get_data (reply->body, &len) : NULL;
  if (reply->read == NULL)
    return MHD_create_response_from_buffer (len, (void *) bytes, MHD_RESPMEM_MUST_COPY);
  Stream *stream = g_new (Stream, 1);
  *stream = (Stream){ .connection = connection,
                      .stuck_seconds = self->limits.stuck_seconds,
                      .read = reply->read,
                      .data = reply->read_data,
                      .free = reply->read_free };
  struct MHD_Response *response = MHD_create_response_from_callback (
      MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, stream, free_stream);
  if (response == NULL)
    free_stream (stream);
  return response;
}

static enum MHD_Result
send_reply (const TerraneHttpServer *self, struct MHD_Connection *connection,
            const TerraneHttpReply *reply)
{
  struct MHD_Response *response = make_response (self, connection, reply);
  if (response == NULL)
    return MHD_NO;
  if (reply->content_type != NULL)
    (void) MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
  for (guint i = 0; i + 1 < reply->headers->len; i += 2)
    (void) MHD_add_response_header (response, reply->headers->pdata[i],
                                    reply->headers->pdata[i + 1]);
  enum MHD_Result result = MHD_queue_response (connection, reply->status, response);
  MHD_destroy_response (response);
  return result;
}

static enum MHD_Result
answer (const TerraneHttpServer *self, TerraneHttpRequest *request)
{
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  TerraneHttpReply reply = { .status = MHD_HTTP_INTERNAL_SERVER_ERROR, .headers = headers };
  if (request->body != NULL)
    request->whole = g_byte_array_free_to_bytes (g_steal_pointer (&request->body));
  request->answered = TRUE;
  set_clock (request->connection, 0);
  self->handler.reply (request, &reply, self->data);
  set_clock (request->connection, self->limits.stuck_seconds);
  if (reply.read == NULL)
    {
      request->done = reply.read_free;
      request->done_data = reply.read_data;
    }
  enum MHD_Result result = send_reply (self, request->connection, &reply);
  if (reply.body != NULL)
    g_bytes_unref (reply.body);
  return result;
}

/* Called first with the headers, then for parts of the body, and at its end. */
static enum MHD_Result
on_request (void *data, struct MHD_Connection *connection, const char *url, const char *method,
            G_GNUC_UNUSED const char *version, const char *bytes, size_t *len, void **context)
{
  TerraneHttpServer *self = data;
  TerraneHttpRequest *request = *context;
  if (request == NULL)
    {
      request = g_new0 (TerraneHttpRequest, 1);
      *request = (TerraneHttpRequest){
        .connection = connection, .method = method, .path = url, .body = g_byte_array_new ()
      };
      self->handler.begin (request, &request->rules, self->data);
      *context = request;
      return MHD_YES;
    }
  request->method = method;
  request->path = url;
  if (*len > 0)
    {
      take_body (self, request, bytes, *len);
      *len = 0;
      return MHD_YES;
    }
  return answer (self, request);
}

static void
on_completed (void *data, struct MHD_Connection *connection, void **context,
              G_GNUC_UNUSED enum MHD_RequestTerminationCode code)
{
  TerraneHttpRequest *request = *context;
  TerraneHttpServer *self = data;
  set_clock (connection, self->limits.idle_seconds); /* it may send another request */
  if (request == NULL)
    return;
  if (request->rules.streamed && !request->answered && self->handler.broken != NULL)
    self->handler.broken (request, self->data);
  drop_body (self, request);
  if (request->done != NULL)
    request->done (request->done_data);
  g_free (request);
  *context = NULL;
}

/* Ignores messages about clients that send nonsense. */
static void
ignore_message (G_GNUC_UNUSED void *data, G_GNUC_UNUSED const char *format,
                G_GNUC_UNUSED va_list args)
{
}

static enum MHD_Result
on_connected (void *data, const struct sockaddr *peer, G_GNUC_UNUSED socklen_t len)
{
  const TerraneHttpServer *self = data;
  return self->handler.admit == NULL || self->handler.admit (peer, self->data) ? MHD_YES : MHD_NO;
}

TerraneHttpServer *
terrane_http_server_start (int listener, const TerraneHttpHandler *handler,
                           const TerraneHttpLimits *limits, gpointer data, GError **error)
{
  TerraneHttpServer *self = g_new0 (TerraneHttpServer, 1);
  *self = (TerraneHttpServer){ .handler = *handler, .limits = *limits, .data = data };
  self->daemon = MHD_start_daemon (
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_POLL
          | MHD_USE_ERROR_LOG,
      0, on_connected, self, on_request, self, MHD_OPTION_EXTERNAL_LOGGER, ignore_message, NULL,
      MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
      MHD_OPTION_CONNECTION_LIMIT, limits->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
      limits->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HEADER_BYTES,
      MHD_OPTION_END);
  if (self->daemon != NULL)
    return self;
  g_free (self);
  oci_fd_close (listener);
  (void) oci_throw (error, OCI_ERROR_IO, "libmicrohttpd could not start a server");
  return NULL;
}

void
terrane_http_server_free (TerraneHttpServer *self)
{
  if (self == NULL)
    return;
  MHD_stop_daemon (self->daemon);
  g_free (self);
}
