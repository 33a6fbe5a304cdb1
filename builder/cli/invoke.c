/* terrane invoke */
#include "builder/cli/function-log.h"
#include "builder/cli/function.h"
#include "builder/error.h"
#include "builder/lambda/event.h"
#include "builder/lambda/lambda-report.h"
#include "builder/remote/interrupt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_EVENT_BYTES = 6 * 1024 * 1024, /* Lambda's limit */
};

/* Whether `aws lambda invoke --payload` would accept it. */
static gboolean
is_json_text (const char *path)
{
  return (path[0] == '{' || path[0] == '[') && !g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Reads the standard input if @path is "-". */
static GBytes *
read_event (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (is_json_text (path))
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "--event takes a file, not JSON; give the event on standard input: echo 'JSON' | "
                 "terrane invoke IMAGE");
      return NULL;
    }
  OCI_PREFIX (error, "the event %s", path);
  if (strcmp (path, "-") != 0)
    {
      if (!oci_read_file (AT_FDCWD, path, MAX_EVENT_BYTES, &bytes, error))
        return NULL;
    }
  else
    {
      g_autofree char *buffer = g_malloc (MAX_EVENT_BYTES + 1);
      size_t got = 0;
      if (!oci_read_full (STDIN_FILENO, buffer, MAX_EVENT_BYTES + 1, &got, error))
        return NULL;
      if (got > MAX_EVENT_BYTES)
        {
          (void) oci_throw (error, OCI_ERROR_LIMIT, "more than %d bytes, which is Lambda's limit",
                            MAX_EVENT_BYTES);
          return NULL;
        }
      bytes = g_bytes_new (buffer, got);
    }
  return terrane_event_read (bytes, error);
}

static GPtrArray *
read_events (char **paths, GError **error)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (; *paths != NULL; paths++)
    {
      GBytes *event = read_event (*paths, error);
      if (event == NULL)
        return NULL;
      g_ptr_array_add (events, event);
    }
  return g_steal_pointer (&events);
}

static json_t *
result_to_json (const char *path, const TerraneLambdaResult *result)
{
  json_t *object = json_object ();
  gboolean ok = result->error_type == NULL;
  oci_json_set (object, "event", oci_json_text (path));
  oci_json_set (object, "request_id", oci_json_text (result->request_id));
  oci_json_set (object, "status", oci_json_text (ok ? "ok" : "error"));
  if (!ok)
    oci_json_set (object, "error_type", oci_json_text (result->error_type));
  oci_json_set (object, ok ? "response" : "error", terrane_lambda_body_to_json (result->body));
  oci_json_set (object, "late_timeout", json_boolean (result->late_timeout));
  oci_json_set (object, "init_timed_out", json_boolean (result->init_timed_out));
  oci_json_set (object, "cold", json_boolean (result->cold));
  oci_json_set (object, "init_usecs", json_integer ((json_int_t) (result->init_ms * 1000)));
  oci_json_set (object, "duration_usecs", json_integer ((json_int_t) (result->duration_ms * 1000)));
  oci_json_set (object, "billed_ms", json_integer ((json_int_t) result->billed_ms));
  oci_json_set (object, "max_memory_bytes", json_integer ((json_int_t) result->max_memory_bytes));
  if (result->memory_method != NULL)
    oci_json_set (object, "memory_method", oci_json_text (result->memory_method));
  return object;
}

static void
append_failure (GString *message, const char *path, const TerraneLambdaResult *result)
{
  g_autofree char *quoted = oci_quote (path);
  if (message->len > 0)
    g_string_append_c (message, '\n');
  g_string_append_printf (message, "event %s: ", quoted);
  terrane_lambda_describe_error (result, message);
}

static void
print_bytes (const char *bytes, size_t len)
{
  (void) fwrite (bytes, 1, len, stdout); /* terrane_print_flush() reports a failure */
  (void) fflush (stdout);
}

/* A response that is being written to standard output. */
typedef struct
{
  gboolean line; /* ends it with a newline */
  gboolean done;
  char last; /* the last byte that was printed of a streamed response */
} Printing;

/* Called for each part of a streamed response. */
static gboolean
on_part (const char *bytes, size_t len, gpointer data)
{
  ((Printing *) data)->last = bytes[len - 1];
  print_bytes (bytes, len);
  return TRUE;
}

/* Called when the response is complete: the function may continue to run for a while. */
static void
on_answered (const TerraneLambdaResult *result, gpointer data)
{
  Printing *self = data;
  char last = self->last;
  gsize len = 0;
  const char *bytes = result->error_type == NULL && result->body != NULL
                          ? g_bytes_get_data (result->body, &len)
                          : NULL;
  if (len > 0)
    print_bytes (bytes, len);
  if (len > 0)
    last = bytes[len - 1];
  if (self->line && last != '\0' && last != '\n')
    print_bytes ("\n", 1);
  self->done = TRUE;
}

static gboolean
invoke_all (const TerraneGlobal *global, const TerraneFunction *function, TerraneLambda *lambda,
            char **paths, const GPtrArray *events, GError **error)
{
  g_autoptr (OciJsonValue) document = json_object ();
  g_autoptr (GString) failures = g_string_new (NULL);
  json_t *responses = json_array ();
  oci_json_set (document, "responses", responses);
  terrane_function_add_host (function, document);
  for (guint i = 0; i < events->len; i++)
    {
      g_auto (TerraneLambdaResult) result = { 0 };
      Printing printing = { .line = events->len > 1 || isatty (STDOUT_FILENO) };
      const TerraneLambdaEvent event = { .payload = events->pdata[i],
                                         .stream = global->output.json ? NULL : on_part,
                                         .stream_data = &printing,
                                         .answered = global->output.json ? NULL : on_answered,
                                         .answered_data = &printing };
      if (!terrane_lambda_invoke (lambda, &event, &result, error))
        {
          if (global->output.json && i > 0)
            terrane_print_json (document);
          return FALSE;
        }
      if (global->output.json)
        oci_json_append (responses, result_to_json (paths[i], &result));
      else if (!printing.done)
        on_answered (&result, &printing);
      if (result.error_type != NULL)
        append_failure (failures, paths[i], &result);
    }
  if (global->output.json)
    terrane_print_json (document);
  if (failures->len == 0)
    return TRUE;
  g_set_error_literal (error, TERRANE_ERROR, TERRANE_ERROR_FUNCTION, failures->str);
  return FALSE;
}

static gboolean
invoke (TerraneGlobal *global, const char *image, const TerraneFunctionArguments *arguments,
        char **paths, GError **error)
{
  g_auto (TerraneFunction) function = { 0 };
  g_autoptr (TerraneFunctionLog) log = terrane_function_log_new (error);
  g_autoptr (GPtrArray) events = log != NULL ? read_events (paths, error) : NULL;
  if (events == NULL || !terrane_function_open (global, image, arguments, &function, error)
      || !terrane_function_check_argv (&function, error))
    return FALSE;
  TerraneLambdaOptions options;
  terrane_function_to_lambda (&function, arguments, &options);
  options.output = terrane_function_log_write;
  options.output_full = terrane_function_log_is_full;
  options.data = log;
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  g_autoptr (TerraneLambda) lambda = terrane_lambda_new (&options);
  TerraneFunctionRun running = { .lambda = lambda, .log = log };
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (terrane_function_on_cancelled),
                                          &running, NULL);
  gboolean ok = invoke_all (global, &function, lambda, paths, events, error);
  g_cancellable_disconnect (cancellable, handler);
  g_clear_pointer (&lambda, terrane_lambda_free); /* no logs follow */
  terrane_function_log_finish (log, cancellable);
  if (ok || !g_cancellable_is_cancelled (cancellable))
    return ok;
  g_clear_error (error);
  return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

typedef struct
{
  char **events; /* (nullable) */
  TerraneFunctionArguments function;
} InvokeOptions;

static gboolean
run_invoke (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  static char *no_event[] = { (char *) "-", NULL };
  const InvokeOptions *options = data;
  if (options->events == NULL && isatty (STDIN_FILENO))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "invoke: no event; give one with --event FILE or on standard input");
  if (!terrane_sandbox_check_function (options->function.sandbox, error))
    return FALSE;
  return invoke (global, arguments[0], &options->function,
                 options->events != NULL ? options->events : no_event, error);
}

static const TerraneOption invoke_options[] = {
  { .name = "event",
    .kind = TERRANE_OPTION_FILES,
    .target = offsetof (InvokeOptions, events),
    .metavar = "FILE",
    .help = "The event, - for standard input" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup invoke_groups[] = {
  { .rows = invoke_options },
  { .rows = terrane_function_command_options, .offset = offsetof (InvokeOptions, function) },
  { .rows = terrane_function_timeout_options, .offset = offsetof (InvokeOptions, function) },
  { .rows = terrane_function_options, .offset = offsetof (InvokeOptions, function) },
  { .rows = terrane_function_sandbox_options,
    .offset = offsetof (InvokeOptions, function.sandbox) },
  { .rows = terrane_function_host_options, .offset = offsetof (InvokeOptions, function) },
  TERRANE_FUNCTION_IMAGE_GROUPS (offsetof (InvokeOptions, function)),
  { .rows = NULL },
};

const TerraneCommand terrane_command_invoke = {
  .name = "invoke",
  .arguments = "IMAGE",
  .summary = "Run the image's function as Lambda would, for one event or several",
  .description =
      "The image's own entrypoint and command run in the sandbox against Lambda's Runtime API. The "
      "response goes to standard output, logs and Lambda's REPORT line to standard error. Several "
      "events find the function warm. An error of the function gives exit code 1.",
  .examples = "invoke tiles --event event.json\n"
              "invoke tiles --mount ./app:/var/task --handler other.handler",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE },
  .options = invoke_groups,
  .size = sizeof (InvokeOptions),
  .run = run_invoke,
};
