/* validate.http: the image's web server, as Cloud Run and Azure Functions start it, must answer a
 * request. */
#include "builder/sandbox/session.h"
#include "builder/validation/probes-private.h"

#include "oci/base/error.h"
#include "oci/http/ask.h"

enum
{
  PORT = 8080, /* Cloud Run's default */
  RETRY_USECS = 20 * 1000,
  SETTLE_USECS = 1000 * 1000,
  LAST_USECS = 100 * 1000,
  USECS_PER_MS = 1000,
};

/* A running server. */
typedef struct
{
  TerraneSession *session;
  int ended; /* atomic */
} Server;

static void
server_clear (Server *self)
{
  g_clear_pointer (&self->session, terrane_session_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Server, server_clear)

char *
terrane_http_probe_name (const TerraneProfile *profile, guint index)
{
  const TerraneHttpSpec *spec = profile->validate.http->pdata[index];
  return g_strdup_printf ("%s %s", spec->method, spec->path);
}

/* The variables that the platforms set; the port is where the server must listen. */
static char **
server_env (const TerraneProbes *self)
{
  char **env = oci_image_config_env (self->config);
  g_autofree char *port = g_strdup_printf ("%d", PORT);
  gboolean azure = self->profile->target == TERRANE_TARGET_AZURE_FUNCTIONS;
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  for (char **variable = env; *variable != NULL; variable++)
    g_ptr_array_add (list, *variable);
  g_free (env);
  g_ptr_array_add (list, g_strconcat ("PORT=", port, NULL));
  if (azure)
    g_ptr_array_add (list, g_strconcat ("FUNCTIONS_CUSTOMHANDLER_PORT=", port, NULL));
  else
    {
      g_ptr_array_add (list, g_strconcat ("K_SERVICE=", self->profile->name, NULL));
      g_ptr_array_add (list, g_strconcat ("K_REVISION=", self->profile->name, "-00001", NULL));
    }
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

static void
on_ended (G_GNUC_UNUSED const TerraneSessionEnd *end, gpointer data)
{
  g_atomic_int_set ((int *) data, 1);
}

static gboolean
start_server (const TerraneProbes *self, TerraneLogTail *log, Server *server, GError **error)
{
  g_auto (GStrv) argv = oci_image_config_argv (self->config);
  g_auto (GStrv) env = server_env (self);
  const TerraneSandbox sandbox = {
    .root = self->root,
    .env = (const char *const *) env,
    .working_dir = oci_image_config_working_dir (self->config),
    .tmp_bytes = self->limits->tmp,
    .kind = self->sandbox,
    .emulator = self->emulator,
    .mounts = self->mounts,
    .writable = self->profile->target != TERRANE_TARGET_AWS_LAMBDA, /* like the platform */
  };
  const TerraneSessionOptions options = {
    .memory_bytes = self->limits->memory,
    .output = terrane_log_tail_write,
    .output_data = log,
    .ended = on_ended,
    .ended_data = &server->ended,
  };
  server->session =
      terrane_session_start (&sandbox, (const char *const *) argv, &options, NULL, error);
  if (server->session != NULL)
    terrane_session_release (server->session);
  return server->session != NULL;
}

static char *
describe_end (TerraneSession *session)
{
  TerraneSessionEnd end;
  terrane_session_wait (session, &end);
  if (!end.executed)
    return g_strdup ("the entrypoint cannot be executed");
  if (end.out_of_memory)
    return g_strdup ("the server was killed for more memory than limits.memory");
  if (end.signal != 0)
    return g_strdup_printf ("the server ended by signal %d (%s)", end.signal,
                            g_strsignal (end.signal));
  return g_strdup_printf ("the server ended with exit code %d", end.exit_code);
}

static char *
judge (const TerraneHttpSpec *spec, const OciHttpAnswer *answer)
{
  gsize len = 0;
  const char *bytes = g_bytes_get_data (answer->body, &len);
  g_autofree char *text = g_utf8_make_valid (len > 0 ? bytes : "", (gssize) len);
  if (answer->status != spec->expect_status)
    return g_strdup_printf ("status %u, expected %u", answer->status, spec->expect_status);
  if (spec->expect_body == NULL || g_regex_match_simple (spec->expect_body, text, 0, 0))
    return NULL;
  g_autofree char *wanted = oci_quote (spec->expect_body);
  return g_strdup_printf ("nothing in its answer of %" G_GSIZE_FORMAT " bytes matches %s", len,
                          wanted);
}

/* A server may not listen yet: then the request is repeated over a new socket. */
static gboolean
ask_once (Server *server, const TerraneHttpSpec *spec, gint64 deadline, OciHttpAnswer *answer,
          GError **error)
{
  OciHttpQuestion question = { .socket = -1,
                               .port = PORT,
                               .method = spec->method,
                               .path = spec->path,
                               .body = spec->body,
                               .deadline = deadline };
  return terrane_session_socket (server->session, &question.socket, error)
         && oci_http_ask (&question, answer, error);
}

/* Returns: the reason for the missing answer. @refused: every request before was refused */
static char *
explain (Server *server, const GError *error, gboolean refused)
{
  if (refused)
    return g_strdup_printf ("the server does not listen on port %d, which PORT names", PORT);
  /* If a sandbox is about to end, its end is the better reason. */
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_IO)
      && terrane_session_wait_until (server->session, g_get_monotonic_time () + SETTLE_USECS))
    return describe_end (server->session);
  return g_strdup (error->message);
}

static char *
ask (Server *server, const TerraneHttpSpec *spec, gint64 deadline, TerraneProbeResult *result)
{
  gboolean refused = FALSE;
  for (;;)
    {
      g_auto (OciHttpAnswer) answer = { 0 };
      g_autoptr (GError) error = NULL;
      gint64 asked = g_get_monotonic_time ();
      if (ask_once (server, spec, deadline, &answer, &error))
        {
          result->more = json_object ();
          oci_json_set (result->more, "http_status", json_integer (answer.status));
          return judge (spec, &answer);
        }
      gboolean unreachable = g_error_matches (error, OCI_ERROR, OCI_ERROR_UNREACHABLE);
      if (unreachable && g_atomic_int_get (&server->ended))
        return describe_end (server->session);
      result->timed_out = g_get_monotonic_time () > deadline;
      /* The last request may have had no time even to be refused. */
      refused = unreachable || (refused && deadline - asked < LAST_USECS);
      if (result->timed_out || !unreachable)
        return explain (server, error, refused);
      g_usleep (RETRY_USECS);
    }
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_session_kill (data); /* its end closes the connection, or ends the wait for one */
}

gboolean
terrane_http_probe_run (const TerraneProbes *self, guint index, TerraneProbeResult *result,
                        GError **error)
{
  const TerraneHttpSpec *spec = self->spec->http->pdata[index];
  uint64_t timeout_ms = spec->timeout_ms != 0 ? spec->timeout_ms : self->spec->timeout_ms;
  gint64 started = g_get_monotonic_time ();
  gint64 deadline =
      started + (gint64) timeout_ms * terrane_emulator_slowdown (self->emulator) * USECS_PER_MS;
  g_auto (TerraneLogTail) log = { 0 };
  g_auto (Server) server = { 0 };
  terrane_log_tail_init (&log);
  if (!start_server (self, &log, &server, error))
    return FALSE;
  gulong handler = 0;
  if (self->cancellable != NULL)
    handler =
        g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled), server.session, NULL);
  result->reason = ask (&server, spec, deadline, result);
  g_cancellable_disconnect (self->cancellable, handler);
  if (g_cancellable_is_cancelled (self->cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  result->wall_usecs = (uint64_t) (g_get_monotonic_time () - started);
  terrane_session_flush (server.session);
  result->peak_bytes = terrane_session_peak_bytes (server.session);
  if (result->more == NULL)
    result->more = json_object ();
  oci_json_set (result->more, "memory_method",
                oci_json_text (terrane_session_memory_method (server.session)));
  g_clear_pointer (&server.session, terrane_session_free);
  result->output = terrane_log_tail_text (&log);
  return TRUE;
}
