#include "oci/http/helper-process.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_MESSAGE_BYTES = 4096,
};

/* Of a process that has none; never the working directory, as C libraries have it. */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* What is read from one pipe. Allocated once: growing would leave copies of secrets behind. */
typedef struct
{
  int fd;
  char *data;
  gsize size;
  gsize max;
  gboolean overflow; /* there was more than @max */
} Capture;

typedef struct
{
  GSubprocess *process;
  const char *input;
  gsize left;
  Capture output;
  Capture messages;
  gboolean ended;
  gboolean timed_out;
  gboolean cancelled;
} Run;

static void
free_secret_bytes (char *data, gsize size)
{
  if (data != NULL)
    explicit_bzero (data, size);
  g_free (data);
}

void
oci_helper_result_clear (OciHelperResult *self)
{
  free_secret_bytes (self->output, self->output_size);
  free_secret_bytes (self->messages, self->messages != NULL ? strlen (self->messages) : 0);
  *self = (OciHelperResult){ 0 };
}

/* Returns: whether there may be more, now or later */
static gboolean
capture_read (Capture *self)
{
  char spill[512];
  gboolean full = self->size == self->max;
  ssize_t n = full ? read (self->fd, spill, sizeof spill)
                   : read (self->fd, self->data + self->size, self->max - self->size);
  if (n < 0)
    return errno == EINTR || errno == EAGAIN;
  if (full && n > 0)
    {
      self->overflow = TRUE;
      explicit_bzero (spill, (size_t) n);
    }
  else
    self->size += (gsize) n;
  return n > 0;
}

static gboolean
on_readable (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
  return capture_read (data);
}

/* What was written before the end is in the pipe; a descendant that holds it is not waited for. */
static void
capture_drain (Capture *self)
{
  for (gsize before = self->size; capture_read (self) && self->size > before && !self->overflow;)
    before = self->size;
}

static gboolean
on_writable (int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
  Run *self = data;
  ssize_t n = write (fd, self->input, self->left);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  if (n > 0)
    {
      self->input += n;
      self->left -= (gsize) n;
    }
  if (n > 0 && self->left > 0)
    return G_SOURCE_CONTINUE;
  /* One that does not read its input may do without; its answer says. */
  (void) g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer data)
{
  ((Run *) data)->timed_out = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, gpointer data)
{
  ((Run *) data)->cancelled = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_end (G_GNUC_UNUSED GObject *object, G_GNUC_UNUSED GAsyncResult *result, gpointer data)
{
  ((Run *) data)->ended = TRUE;
}

/* @source is consumed. */
static void
attach (GPtrArray *sources, GMainContext *context, GSource *source, GSourceFunc func, gpointer data)
{
  g_source_set_callback (source, func, data, NULL);
  (void) g_source_attach (source, context);
  g_ptr_array_add (sources, source);
}

static void
detach (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static GPtrArray *
watch (Run *self, GMainContext *context, unsigned timeout_ms, int cancel_fd)
{
  GPtrArray *sources = g_ptr_array_new_with_free_func (detach);
  int input = g_unix_output_stream_get_fd (
      G_UNIX_OUTPUT_STREAM (g_subprocess_get_stdin_pipe (self->process)));
  Capture *captures[] = { &self->output, &self->messages };
  for (size_t i = 0; i < G_N_ELEMENTS (captures); i++)
    attach (sources, context, g_unix_fd_source_new (captures[i]->fd, G_IO_IN | G_IO_HUP),
            G_SOURCE_FUNC (on_readable), captures[i]);
  attach (sources, context, g_unix_fd_source_new (input, G_IO_OUT | G_IO_ERR),
          G_SOURCE_FUNC (on_writable), self);
  attach (sources, context, g_timeout_source_new (timeout_ms), on_timeout, self);
  if (cancel_fd >= 0)
    attach (sources, context, g_unix_fd_source_new (cancel_fd, G_IO_IN),
            G_SOURCE_FUNC (on_cancelled), self);
  return sources;
}

static void
run_until_end (Run *self, unsigned timeout_ms, GCancellable *cancellable)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  g_subprocess_wait_async (self->process, NULL, on_end, self);
  /* A GCancellableSource that goes during the cancellation leaks: GLib 2.74. */
  int cancel_fd = g_cancellable_get_fd (cancellable);
  g_autoptr (GPtrArray) sources = watch (self, context, timeout_ms, cancel_fd);
  while (!self->ended && !self->timed_out && !self->cancelled && !self->output.overflow)
    (void) g_main_context_iteration (context, TRUE);
  if (!self->ended)
    g_subprocess_force_exit (self->process);
  g_ptr_array_set_size (sources, 0);
  if (cancel_fd >= 0)
    g_cancellable_release_fd (cancellable);
  while (!self->ended)
    (void) g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
}

static gboolean
prepare_capture (Capture *self, GInputStream *pipe, gsize max, GError **error)
{
  self->fd = g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (pipe));
  self->max = max;
  self->data = g_malloc0 (max + 1);
  return g_unix_set_fd_nonblocking (self->fd, TRUE, error);
}

char *
oci_helper_process_find (const char *name)
{
  const char *path = g_getenv ("PATH");
  if (strchr (name, '/') != NULL)
    return g_strdup (name);
  g_auto (GStrv) directories = g_strsplit (path != NULL ? path : DEFAULT_PATH, ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *program = g_build_filename (*directory, name, NULL);
      if (**directory == '/' && g_file_test (program, G_FILE_TEST_IS_EXECUTABLE)
          && !g_file_test (program, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&program);
    }
  return NULL;
}

static gboolean
start (Run *self, const OciHelperProcess *process, GError **error)
{
  g_autofree char *program = oci_helper_process_find (process->argv[0]);
  g_autoptr (GPtrArray) argv = g_ptr_array_new (); /* borrowed */
  if (program == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "there is no %s in $PATH", process->argv[0]);
  g_ptr_array_add (argv, program);
  for (const char *const *word = process->argv + 1; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer) *word);
  g_ptr_array_add (argv, NULL);
  g_autoptr (GError) local = NULL;
  self->process = g_subprocess_newv ((const char *const *) argv->pdata,
                                     G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                         | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                                     &local);
  if (self->process == NULL)
    return oci_throw (error, OCI_ERROR_IO, "%s cannot be started: %s", process->argv[0],
                      local->message);
  int input = g_unix_output_stream_get_fd (
      G_UNIX_OUTPUT_STREAM (g_subprocess_get_stdin_pipe (self->process)));
  if (g_unix_set_fd_nonblocking (input, TRUE, &local)
      && prepare_capture (&self->output, g_subprocess_get_stdout_pipe (self->process),
                          process->max_output, &local)
      && prepare_capture (&self->messages, g_subprocess_get_stderr_pipe (self->process),
                          MAX_MESSAGE_BYTES, &local))
    return TRUE;
  g_subprocess_force_exit (self->process);
  return oci_throw (error, OCI_ERROR_IO, "%s: %s", process->argv[0], local->message);
}

static gboolean
finish (Run *self, const OciHelperProcess *process, OciHelperResult *out_result, GError **error)
{
  const char *program = process->argv[0];
  if (self->cancelled)
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  capture_drain (&self->output);
  capture_drain (&self->messages);
  if (self->output.overflow)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s printed more than %zu bytes", program,
                      process->max_output);
  if (!self->ended || self->timed_out)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s did not answer within %g s", program,
                      process->timeout_ms / 1000.0);
  out_result->exit_code = g_subprocess_get_if_exited (self->process)
                              ? g_subprocess_get_exit_status (self->process)
                              : -1;
  out_result->output_size = self->output.size;
  out_result->output = g_steal_pointer (&self->output.data);
  out_result->messages = g_steal_pointer (&self->messages.data);
  return TRUE;
}

gboolean
oci_helper_process_run (const OciHelperProcess *self, GCancellable *cancellable,
                        OciHelperResult *out_result, GError **error)
{
  Run run = { .input = self->input, .left = strlen (self->input) };
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  gboolean ok = start (&run, self, error);
  if (ok)
    {
      run_until_end (&run, self->timeout_ms, cancellable);
      ok = finish (&run, self, out_result, error);
    }
  free_secret_bytes (run.output.data, run.output.size);
  free_secret_bytes (run.messages.data, run.messages.size);
  g_clear_object (&run.process);
  return ok;
}
