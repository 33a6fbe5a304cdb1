/* terrane serve */
#include "builder/cli/function-log.h"
#include "builder/cli/function.h"
#include "builder/lambda/rie.h"
#include "builder/remote/interrupt.h"

#include <poll.h>
#include <stdio.h>

enum
{
  DEFAULT_PORT = 8080, /* the RIE's */
  MAX_PORT = 65535,
};

static void
wait_for_signal (GCancellable *cancellable)
{
  struct pollfd signal = { .fd = g_cancellable_get_fd (cancellable), .events = POLLIN };
  while (!g_cancellable_is_cancelled (cancellable))
    (void) poll (&signal, 1, -1);
  g_cancellable_release_fd (cancellable);
}

/* Printed immediately: its reader wants to send events. */
static void
announce (const TerraneGlobal *global, const TerraneFunction *function, unsigned port)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u" TERRANE_RIE_PATH, port);
  if (!global->output.quiet)
    fprintf (stderr, "terrane: POST events to %s\n", url);
  if (!global->output.json)
    return;
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "port", json_integer (port));
  oci_json_set (document, "url", oci_json_text (url));
  terrane_function_add_host (function, document);
  terrane_print_json (document);
  terrane_print_result (NULL);
  (void) fflush (stdout); /* terrane_print_flush() reports a failure */
}

/* Ends with a signal, as usual for servers. */
static gboolean
serve (TerraneGlobal *global, const char *image, const TerraneFunctionArguments *arguments,
       unsigned port, GError **error)
{
  g_auto (TerraneFunction) function = { 0 };
  g_autoptr (TerraneFunctionLog) log = terrane_function_log_new (error);
  if (log == NULL || !terrane_function_open (global, image, arguments, &function, error)
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
  g_autoptr (TerraneRie) rie = terrane_rie_start (lambda, &port, error);
  if (rie == NULL)
    return FALSE;
  announce (global, &function, port);
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (terrane_function_on_cancelled),
                                          &running, NULL);
  wait_for_signal (cancellable);
  g_cancellable_disconnect (cancellable, handler);
  return TRUE;
}

typedef struct
{
  unsigned port;
  TerraneFunctionArguments function;
} ServeOptions;

static gboolean
run_serve (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const ServeOptions *options = data;
  return terrane_sandbox_check_function (options->function.sandbox, error)
         && serve (global, arguments[0], &options->function, options->port, error);
}

static const TerraneOption serve_options[] = {
  { .name = "port",
    .letter = 'p',
    .kind = TERRANE_OPTION_COUNT,
    .target = offsetof (ServeOptions, port),
    .metavar = "PORT",
    .initial = DEFAULT_PORT,
    .max = MAX_PORT,
    .help = "Port of loopback (default 8080); 0 for a free one" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup serve_groups[] = {
  { .rows = serve_options },
  { .rows = terrane_function_command_options, .offset = offsetof (ServeOptions, function) },
  { .rows = terrane_function_timeout_options, .offset = offsetof (ServeOptions, function) },
  { .rows = terrane_function_options, .offset = offsetof (ServeOptions, function) },
  { .rows = terrane_function_sandbox_options, .offset = offsetof (ServeOptions, function.sandbox) },
  { .rows = terrane_function_host_options, .offset = offsetof (ServeOptions, function) },
  TERRANE_FUNCTION_IMAGE_GROUPS (offsetof (ServeOptions, function)),
  { .rows = NULL },
};

const TerraneCommand terrane_command_serve = {
  .name = "serve",
  .arguments = "IMAGE",
  .summary = "Serve the image's function on a port of this machine",
  .description = "Offers the same as Lambda's Runtime Interface Emulator:\n"
                 "POST http://127.0.0.1:PORT" TERRANE_RIE_PATH "\n"
                 "Runs until it receives a signal, such as Ctrl-C.",
  .examples = "serve tiles --port 9000",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE },
  .options = serve_groups,
  .size = sizeof (ServeOptions),
  .run = run_serve,
};
