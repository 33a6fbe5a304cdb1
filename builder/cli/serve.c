/* terrane serve */
#include "builder/cli/function-log.h"
#include "builder/cli/function-options.h"
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

/* Ends with a signal, which is how servers are ended. */
static gboolean
serve (TerraneGlobal *global, const char *image, const TerraneFunctionArguments *arguments,
       unsigned port, GError **error)
{
  g_auto (TerraneFunction) function = { 0 };
  g_autoptr (TerraneFunctionLog) log = terrane_function_log_new ();
  if (!terrane_function_open (global, image, arguments, &function, error)
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
  if (!global->output.quiet)
    fprintf (stderr, "terrane: POST events to http://127.0.0.1:%u" TERRANE_RIE_PATH "\n", port);
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (terrane_function_on_cancelled),
                                          &running, NULL);
  wait_for_signal (cancellable);
  g_cancellable_disconnect (cancellable, handler);
  return TRUE;
}

gboolean
terrane_command_serve (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  g_auto (TerraneFunctionArguments) function = TERRANE_FUNCTION_ARGUMENTS_INIT;
  gboolean help = FALSE;
  int port = DEFAULT_PORT;
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Of loopback (default 8080); 0 for a free one",
      "PORT" },
    TERRANE_FUNCTION_COMMAND_ENTRIES (function),
    TERRANE_FUNCTION_TIMEOUT_ENTRY (function),
    TERRANE_FUNCTION_ENTRIES (function),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "serve",
    .entries = entries,
    .description = "Offers what Lambda's Runtime Interface Emulator offers:\n"
                   "POST http://127.0.0.1:PORT" TERRANE_RIE_PATH "\n"
                   "Runs until it gets a signal, such as by Ctrl-C.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  if (port < 0 || port > MAX_PORT)
    return oci_throw (error, OCI_ERROR_USAGE, "serve: --port must be between 0 and %d", MAX_PORT);
  return terrane_function_arguments_check (&function, global, "serve", error)
         && serve (global, arguments[0], &function, (unsigned) port, error);
}
