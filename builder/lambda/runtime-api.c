#include "builder/lambda/runtime-api.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <string.h>

#define PREFIX "/2018-06-01/runtime/"
#define HEADER_ERROR_TYPE "Lambda-Runtime-Function-Error-Type"
#define TRAILER_ERROR_BODY "Lambda-Runtime-Function-Error-Body"
#define HEADER_MODE "Lambda-Runtime-Function-Response-Mode"
#define MODE_STREAMING "streaming"
#define TYPE_UNKNOWN "Runtime.Unknown"
#define TYPE_TOO_LARGE "Function.ResponseSizeTooLarge"
#define TYPE_TRUNCATED "Runtime.TruncatedResponse"

enum
{
  MAX_CONNECTIONS = 256, /* a runtime that leaks connections gets far before an error */
};

struct _TerraneRuntimeApi
{
  TerraneHttpServer *server;
  TerraneRuntime *runtime;
  TerraneLocalPeer *peer; /* (nullable) */
  char *function_arn;
};

TerraneApiCall
terrane_runtime_api_parse (const char *method, const char *path, char **out_request_id)
{
  static const char *const invocation = PREFIX "invocation/";
  gboolean get = strcmp (method, "GET") == 0, post = strcmp (method, "POST") == 0;
  *out_request_id = NULL;
  if (strcmp (path, PREFIX "invocation/next") == 0)
    return get ? TERRANE_API_NEXT : TERRANE_API_WRONG_METHOD;
  if (strcmp (path, PREFIX "init/error") == 0)
    return post ? TERRANE_API_INIT_ERROR : TERRANE_API_WRONG_METHOD;
  if (!g_str_has_prefix (path, invocation))
    return TERRANE_API_NONE;
  const char *id = path + strlen (invocation);
  const char *slash = strchr (id, '/');
  if (slash == NULL || slash == id)
    return TERRANE_API_NONE;
  TerraneApiCall call = strcmp (slash, "/response") == 0 ? TERRANE_API_RESPONSE
                        : strcmp (slash, "/error") == 0  ? TERRANE_API_ERROR
                                                         : TERRANE_API_NONE;
  if (call == TERRANE_API_NONE)
    return call;
  if (!post)
    return TERRANE_API_WRONG_METHOD;
  *out_request_id = g_strndup (id, (gsize) (slash - id));
  return call;
}

static void
reply_json (TerraneHttpReply *reply, unsigned status, json_t *object)
{
  g_autoptr (OciJsonValue) owned = object;
  reply->status = status;
  reply->content_type = "application/json";
  reply->body = oci_json_dump (owned);
}

static void
reply_error (TerraneHttpReply *reply, unsigned status, const char *type, const char *message)
{
  json_t *object = json_object ();
  oci_json_set (object, "errorType", oci_json_text (type));
  oci_json_set (object, "errorMessage", oci_json_text (message));
  reply_json (reply, status, object);
}

static void
reply_status (const TerraneRuntimeApi *self, TerraneHttpReply *reply, TerraneRuntimeStatus status,
              const char *wanted)
{
  json_t *object = NULL;
  g_autofree char *message = NULL;
  switch (status)
    {
    case TERRANE_RUNTIME_OK:
      object = json_object ();
      oci_json_set (object, "status", oci_json_text ("OK"));
      reply_json (reply, 202, object);
      return;
    case TERRANE_RUNTIME_WRONG_REQUEST_ID:
      reply_error (reply, 400, "InvalidRequestID", "Invalid request ID");
      return;
    case TERRANE_RUNTIME_WRONG_STATE:
      message = g_strdup_printf ("Transition from %s to %s is not allowed.",
                                 terrane_runtime_state_name (self->runtime), wanted);
      reply_error (reply, 403, "InvalidStateTransition", message);
      return;
    case TERRANE_RUNTIME_CLOSED:
    default:
      reply_error (reply, 410, "Gone", "The environment ends");
      return;
    }
}

static void
call_next (const TerraneRuntimeApi *self, TerraneHttpReply *reply)
{
  g_auto (TerraneInvocation) invocation = { 0 };
  TerraneRuntimeStatus status = terrane_runtime_next (self->runtime, &invocation);
  if (status != TERRANE_RUNTIME_OK)
    {
      reply_status (self, reply, status, "RuntimeReady");
      return;
    }
  g_autofree char *deadline = g_strdup_printf ("%" G_GINT64_FORMAT, invocation.deadline_ms);
  reply->status = 200;
  reply->content_type = "application/json";
  reply->body = g_bytes_ref (invocation.payload);
  terrane_http_reply_add (reply, "Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  terrane_http_reply_add (reply, "Lambda-Runtime-Deadline-Ms", deadline);
  terrane_http_reply_add (reply, "Lambda-Runtime-Invoked-Function-Arn", self->function_arn);
  terrane_http_reply_add (reply, "Lambda-Runtime-Trace-Id", invocation.trace_id);
  if (invocation.client_context != NULL)
    terrane_http_reply_add (reply, "Lambda-Runtime-Client-Context", invocation.client_context);
}

/* Returns the type that the runtime names in a header, else in the error itself. */
static char *
error_type (const char *named, GBytes *body)
{
  if (named != NULL && named[0] != '\0')
    return g_utf8_make_valid (named, -1);
  gsize len = 0;
  const char *bytes = body != NULL ? g_bytes_get_data (body, &len) : NULL;
  g_autoptr (OciJsonValue) object = bytes != NULL ? json_loadb (bytes, len, 0, NULL) : NULL;
  const char *type = json_string_value (json_object_get (object, "errorType"));
  return g_strdup (type != NULL && type[0] != '\0' ? type : TYPE_UNKNOWN);
}

static GBytes *
error_body (const char *type, const char *message)
{
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "errorType", oci_json_text (type));
  oci_json_set (object, "errorMessage", oci_json_text (message));
  return oci_json_dump (object);
}

static void
answer_too_large (TerraneAnswer *answer, int limit)
{
  g_autofree char *message = g_strdup_printf (
      "Response payload size exceeded maximum allowed payload size (%d bytes).", limit);
  answer->error_type = g_strdup (TYPE_TOO_LARGE);
  answer->body = error_body (TYPE_TOO_LARGE, message);
}

/* A stream that fails has a trailer after its body, with the error in base64. */
static GBytes *
trailing_error (const TerraneHttpRequest *request)
{
  const char *text = terrane_http_request_trailer (request, TRAILER_ERROR_BODY);
  gsize len = 0;
  if (text == NULL)
    return g_bytes_new_static ("", 0);
  guchar *bytes = g_base64_decode (text, &len);
  return g_bytes_new_take (bytes, len);
}

/* If parts of a response have been sent, only its outcome can be reported. */
static TerraneRuntimeStatus
take_response (const TerraneRuntimeApi *self, const TerraneHttpRequest *request, const char *id,
               int limit)
{
  const char *type = terrane_http_request_trailer (request, HEADER_ERROR_TYPE);
  GBytes *body = terrane_http_request_body (request);
  g_auto (TerraneAnswer) answer = { 0 };
  if (body == NULL)
    answer_too_large (&answer, limit);
  else if (type != NULL)
    {
      answer.error_type = g_utf8_make_valid (type, -1);
      answer.body = trailing_error (request);
    }
  else
    answer.body = g_bytes_ref (body);
  return terrane_http_request_streamed (request)
             ? terrane_runtime_end_stream (self->runtime, &answer)
             : terrane_runtime_answer (self->runtime, id, &answer);
}

static void
call_response (const TerraneRuntimeApi *self, const TerraneHttpRequest *request, const char *id,
               TerraneHttpReply *reply)
{
  const char *mode = terrane_http_request_header (request, HEADER_MODE);
  int limit = mode != NULL ? TERRANE_MAX_STREAM_BYTES : TERRANE_MAX_RESPONSE_BYTES;
  if (mode != NULL && strcmp (mode, MODE_STREAMING) != 0)
    {
      reply_error (reply, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
      return;
    }
  TerraneRuntimeStatus status = take_response (self, request, id, limit);
  if (status != TERRANE_RUNTIME_OK || terrane_http_request_body (request) != NULL)
    reply_status (self, reply, status, "RuntimeInvocationResponse");
  else
    {
      g_autofree char *message =
          g_strdup_printf ("Exceeded maximum allowed payload size (%d bytes).", limit);
      reply_error (reply, 413, "RequestEntityTooLarge", message);
    }
}

static void
call_error (const TerraneRuntimeApi *self, const TerraneHttpRequest *request, const char *id,
            TerraneHttpReply *reply)
{
  GBytes *body = terrane_http_request_body (request);
  g_auto (TerraneAnswer) answer = {
    .error_type = error_type (terrane_http_request_header (request, HEADER_ERROR_TYPE), body),
    .body = body != NULL ? g_bytes_ref (body) : NULL,
  };
  if (id != NULL)
    reply_status (self, reply, terrane_runtime_answer (self->runtime, id, &answer),
                  "RuntimeInvocationErrorResponse");
  else
    reply_status (self, reply, terrane_runtime_init_error (self->runtime, &answer),
                  "RuntimeInitError");
}

static void
on_request (const TerraneHttpRequest *request, TerraneHttpReply *reply, gpointer data)
{
  const TerraneRuntimeApi *self = data;
  g_autofree char *id = NULL;
  switch (terrane_runtime_api_parse (terrane_http_request_method (request),
                                     terrane_http_request_path (request), &id))
    {
    case TERRANE_API_NEXT:
      call_next (self, reply);
      break;
    case TERRANE_API_RESPONSE:
      call_response (self, request, id, reply);
      break;
    case TERRANE_API_ERROR:
    case TERRANE_API_INIT_ERROR:
      call_error (self, request, id, reply);
      break;
    case TERRANE_API_WRONG_METHOD:
      reply_error (reply, 405, "MethodNotAllowed", "Method not allowed");
      break;
    case TERRANE_API_NONE:
    default:
      reply_error (reply, 404, "NotFound", "This emulator has no such call");
      break;
    }
}

/* Discards what will not be used. */
static void
on_begin (const TerraneHttpRequest *request, TerraneHttpBody *out_body, gpointer data)
{
  const TerraneRuntimeApi *self = data;
  const char *mode = terrane_http_request_header (request, HEADER_MODE);
  g_autofree char *id = NULL;
  TerraneApiCall call = terrane_runtime_api_parse (terrane_http_request_method (request),
                                                   terrane_http_request_path (request), &id);
  if (id != NULL && terrane_runtime_check (self->runtime, id) != TERRANE_RUNTIME_OK)
    return;
  out_body->max_bytes = mode != NULL ? TERRANE_MAX_STREAM_BYTES : TERRANE_MAX_RESPONSE_BYTES;
  out_body->streamed = call == TERRANE_API_RESPONSE && g_strcmp0 (mode, MODE_STREAMING) == 0
                       && terrane_runtime_begin_stream (self->runtime, id);
}

static void
on_part (G_GNUC_UNUSED const TerraneHttpRequest *request, const char *bytes, size_t len,
         gpointer data)
{
  const TerraneRuntimeApi *self = data;
  terrane_runtime_stream (self->runtime, bytes, len);
}

static void
on_broken (G_GNUC_UNUSED const TerraneHttpRequest *request, gpointer data)
{
  const TerraneRuntimeApi *self = data;
  g_auto (TerraneAnswer) answer = {
    .error_type = g_strdup (TYPE_TRUNCATED),
    .body = error_body (TYPE_TRUNCATED, "The streamed response ended before it was complete"),
  };
  (void) terrane_runtime_end_stream (self->runtime, &answer); /* fails without a receiver */
}

/* Events and answers are only for the function. */
static gboolean
on_connected (const struct sockaddr *peer, gpointer data)
{
  const TerraneRuntimeApi *self = data;
  return self->peer == NULL || terrane_local_peer_is_inside (self->peer, peer);
}

static const TerraneHttpHandler handler = { .admit = on_connected,
                                            .begin = on_begin,
                                            .part = on_part,
                                            .broken = on_broken,
                                            .reply = on_request };

TerraneRuntimeApi *
terrane_runtime_api_start (int listener, TerraneRuntime *runtime, TerraneLocalPeer *peer,
                           const char *function_arn, GError **error)
{
  g_autoptr (TerraneRuntimeApi) self = g_new0 (TerraneRuntimeApi, 1);
  self->peer = peer;
  self->runtime = runtime;
  self->function_arn = g_strdup (function_arn);
  /* A runtime may wait for its next event without limit. */
  const TerraneHttpLimits limits = { .max_connections = MAX_CONNECTIONS };
  self->server = terrane_http_server_start (listener, &handler, &limits, self, error);
  return self->server != NULL ? g_steal_pointer (&self) : NULL;
}

void
terrane_runtime_api_free (TerraneRuntimeApi *self)
{
  if (self == NULL)
    return;
  terrane_http_server_free (self->server);
  terrane_local_peer_free (self->peer);
  g_free (self->function_arn);
  g_free (self);
}
