/* terrane run */
#include "builder/cli/failed-build.h"
#include "builder/cli/function.h"
#include "builder/cli/podman.h"
#include "builder/cli/pty.h"
#include "builder/cli/relay.h"
#include "builder/remote/interrupt.h"
#include "builder/sandbox/root-path.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  EXIT_SIGNAL = 128, /* like shells */
  EXIT_BWRAP = 1,    /* bubblewrap's own failure */
  EXIT_PODMAN = 125,
  MAX_TERM = 64,
};

typedef struct
{
  TerraneFunctionArguments function;
  char *failed; /* (nullable): name of a recipe */
  gboolean shell;
  gboolean writable;
  gboolean podman;
} RunOptions;

/* Returns the image's own shell, as an absolute path inside the image. */
static const char *
find_shell (const TerraneRootfs *rootfs)
{
  static const char *const shells[] = { "/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh" };
  g_auto (OciFd) root = open (rootfs->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (size_t i = 0; i < G_N_ELEMENTS (shells); i++)
    if (terrane_root_path_is_program (root, shells[i]))
      return shells[i];
  return NULL;
}

/* The TERM of this terminal is passed on, unless the image or --env set it. A value that is not a
 * plain word might be dangerous to programs that read it. */
static void
add_term (char ***env)
{
  static const char *const plain = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-+._";
  const char *term = g_getenv ("TERM");
  size_t len = term != NULL ? strspn (term, plain) : 0;
  if (len > 0 && len <= MAX_TERM && term[len] == '\0')
    *env = g_environ_setenv (*env, "TERM", term, FALSE);
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_session_kill (data);
}

static gboolean
on_terminal (const TerraneGlobal *global)
{
  return !global->output.json && isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
}

/* Waits for the end of the program, or ends it after its time. */
static gboolean
wait_for_end (TerraneSession *session, uint64_t timeout_ms, TerraneSessionEnd *out_end,
              GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  gboolean late = timeout_ms > 0 && !terrane_session_wait_until (session, deadline);
  if (late)
    terrane_session_kill (session);
  terrane_session_wait (session, out_end);
  return !late
         || oci_throw (error, OCI_ERROR_LIMIT, "the program was killed after the %g s of --timeout",
                       (double) timeout_ms / 1000);
}

/* With a terminal at both ends, the program gets one of its own. With --json, standard output is
 * for the document. */
static gboolean
open_stdio (const TerraneGlobal *global, TerranePty *pty, TerraneRelay **out_relay, int stdio[3],
            GError **error)
{
  static const int all[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
  static const int beside_json[] = { STDIN_FILENO, STDERR_FILENO, STDERR_FILENO };
  static const int beside_terminal[] = { -1, -1, STDERR_FILENO };
  static const int none[] = { -1, -1, -1 };
  const gboolean terminal = on_terminal (global);
  const int *ours = global->output.json ? beside_json : all;
  if (terminal)
    ours = isatty (STDERR_FILENO) ? none : beside_terminal;
  *out_relay = terrane_relay_new (ours, error);
  if (*out_relay == NULL || (terminal && !terrane_pty_open (pty, STDIN_FILENO, error)))
    return FALSE;
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    stdio[fd] = ours[fd] < 0 ? pty->slave : terrane_relay_stdio (*out_relay)[fd];
  return TRUE;
}

static gboolean
run_program (const TerraneGlobal *global, const TerraneSandbox *sandbox, const char *const *argv,
             const TerraneSandboxFile *files, uint64_t timeout_ms, TerraneSessionEnd *out_end,
             GError **error)
{
  g_autoptr (TerraneRelay) stdio_relay = NULL;
  g_auto (TerranePty) pty = TERRANE_PTY_INIT;
  int stdio[3];
  if (!open_stdio (global, &pty, &stdio_relay, stdio, error))
    return FALSE;
  const TerraneSessionOptions options = { .files = files,
                                          .stdio = stdio,
                                          .terminal = pty.slave >= 0 };
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  g_autoptr (TerraneSession) session = terrane_session_start (sandbox, argv, &options, NULL, error);
  if (session == NULL)
    {
      /* bubblewrap's own messages. */
      if (terrane_relay_start (stdio_relay, NULL))
        (void) terrane_relay_finish (stdio_relay, NULL, NULL);
      return FALSE;
    }
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), session, NULL);
  gboolean ok = terrane_relay_start (stdio_relay, error)
                && (!options.terminal || terrane_pty_relay (&pty, error));
  if (ok)
    terrane_session_release (session);
  else
    terrane_session_kill (session);
  ok = wait_for_end (session, timeout_ms, out_end, ok ? error : NULL) && ok;
  g_cancellable_disconnect (cancellable, handler);
  g_autoptr (GCancellable) at_once = g_cancellable_new ();
  g_cancellable_cancel (at_once);
  ok = terrane_relay_finish (stdio_relay, ok ? cancellable : at_once, ok ? error : NULL) && ok;
  if (!g_cancellable_is_cancelled (cancellable))
    return ok;
  g_clear_error (error);
  return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

/* bubblewrap may fail after it has reported its child. A sandbox with a first process that was
 * killed from outside ends in the same way, but with another exit code. */
static gboolean
check_made (TerraneSandboxKind kind, const TerraneSessionEnd *end, GError **error)
{
  const gboolean podman = kind == TERRANE_SANDBOX_PODMAN;
  if (end->made || end->exit_code != (podman ? EXIT_PODMAN : EXIT_BWRAP))
    return TRUE;
  return oci_throw (error, OCI_ERROR_IO, "the sandbox could not be made; %s says above why not",
                    podman ? "podman" : "bubblewrap");
}

/* @function: (nullable): if it is an image */
static void
report (TerraneGlobal *global, const TerraneFunction *function, const TerraneSessionEnd *end)
{
  int exit_code = end->executed ? end->exit_code : 127;
  global->exit_status = end->signal != 0 ? EXIT_SIGNAL + end->signal : exit_code;
  if (!global->output.json)
    return;
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "exit_code", json_integer (end->signal != 0 ? -1 : exit_code));
  oci_json_set (document, "signal", json_integer (end->signal));
  if (function != NULL)
    terrane_function_add_host (function, document);
  terrane_print_json (document);
}

static gboolean
run (TerraneGlobal *global, char **arguments, const RunOptions *options, GError **error)
{
  g_auto (TerraneFunction) function = { 0 };
  TerraneSessionEnd end;
  if (!terrane_function_open (global, arguments[0], &options->function, &function, error))
    return FALSE;
  const char *shell[] = { find_shell (&function.rootfs), NULL };
  const char *const *argv = (const char *const *) function.argv;
  if (options->shell)
    argv = shell;
  else if (arguments[1] != NULL)
    argv = (const char *const *) arguments + 1;
  if (options->shell && shell[0] == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "the image has no shell");
  if (argv[0] == NULL)
    return terrane_function_check_argv (&function, error);
  if (on_terminal (global))
    add_term (&function.env);
  const TerraneSandbox sandbox = {
    .root = function.rootfs.path,
    .env = (const char *const *) function.env,
    .working_dir = oci_image_config_working_dir (function.rootfs.config),
    .tmp_bytes = options->function.tmp,
    .writable = options->writable,
    .kind = options->function.sandbox,
    .emulator = &function.emulator,
    .mounts = function.mounts,
    .network = function.network,
  };
  if (!run_program (global, &sandbox, argv, NULL, function.timeout_ms, &end, error)
      || !check_made (sandbox.kind, &end, error))
    return FALSE;
  report (global, &function, &end);
  return TRUE;
}

/* Runs in the state in which a recipe's step failed. */
static gboolean
run_failed (TerraneGlobal *global, char **command, const RunOptions *options, GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (TerraneFailedBuild) failed = TERRANE_FAILED_BUILD_INIT;
  TerraneSessionEnd end;
  if (!terrane_workbench_open (global, &options->function.remote, 0, &bench, error)
      || !terrane_failed_build_open (bench.store, options->failed, command, &failed, error))
    return FALSE;
  if (on_terminal (global))
    add_term (&failed.env);
  if (command[0] == NULL && !global->output.quiet)
    fprintf (stderr, "terrane: %s; \"$@\" runs that step again\n", failed.title);
  const TerraneSandbox sandbox = { .root = failed.root,
                                   .env = (const char *const *) failed.env,
                                   .tmp_bytes = failed.tmp_bytes,
                                   .emulator = &failed.emulator,
                                   .mounts = failed.mounts,
                                   .neutral = TRUE };
  if (!run_program (global, &sandbox, (const char *const *) failed.argv, failed.files,
                    options->function.timeout_ms, &end, error)
      || !check_made (sandbox.kind, &end, error))
    return FALSE;
  report (global, NULL, &end);
  return TRUE;
}

static gboolean
check_arguments (const TerraneGlobal *global, char **arguments, const RunOptions *options,
                 GError **error)
{
  const gboolean other = options->function.cmd != NULL || options->function.handler != NULL;
  OCI_PREFIX (error, "run");
  if (options->shell && arguments[1] != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "--shell excludes a command");
  if (other && arguments[1] != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "--cmd and --handler exclude a command");
  if (options->podman && global->output.json)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "--podman and --json exclude each other: standard output is podman's");
  return TRUE;
}

static gboolean
run_run (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const RunOptions *options = data;
  if (options->failed != NULL)
    return run_failed (global, arguments, options, error);
  if (arguments[0] == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "run: an image is missing");
  if (!check_arguments (global, arguments, options, error))
    return FALSE;
  if (!options->podman)
    {
      terrane_sandbox_warn (options->function.sandbox);
      return run (global, arguments, options, error);
    }
  return terrane_podman_exec (global, arguments[0], arguments[1] != NULL ? arguments + 1 : NULL,
                              &options->function, error);
}

#define OPTION(member) offsetof (RunOptions, member)
#define MAX_TIMEOUT_MS (UINT64_C (7) * 24 * 3600 * 1000)

static const TerraneOption run_options[] = {
  { .name = "failed",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (failed),
    .metavar = "RECIPE",
    .excludes = "shell writable podman cmd handler env memory tmp mount network sandbox platform",
    .help = "Instead of an image, a shell or COMMAND where a step of RECIPE failed" },
  { .name = "shell",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (shell),
    .excludes = "podman cmd handler",
    .help = "Run the image's shell" },
  { .name = "writable",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (writable),
    .excludes = "podman",
    .help = "Let the program change its file system; the changes are thrown away" },
  { .name = "podman",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (podman),
    .excludes = "sandbox cmd handler",
    .help = "Print and run the podman command that comes closest to Lambda" },
  { .name = "timeout",
    .kind = TERRANE_OPTION_DURATION,
    .target = OPTION (function.timeout_ms),
    .metavar = "TIME",
    .max = MAX_TIMEOUT_MS,
    .help = "Kill the program after this time (default: never)" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup run_groups[] = {
  { .rows = run_options },
  { .rows = terrane_function_command_options, .offset = OPTION (function) },
  { .rows = terrane_function_options, .offset = OPTION (function) },
  { .rows = terrane_function_host_options, .offset = OPTION (function) },
  { .rows = terrane_sandbox_options, .offset = OPTION (function.sandbox) },
  TERRANE_FUNCTION_IMAGE_GROUPS (OPTION (function)),
  { .rows = NULL },
};

const TerraneCommand terrane_command_run = {
  .name = "run",
  .arguments = "IMAGE [-- COMMAND…]\n--failed RECIPE [-- COMMAND…]",
  .summary = "Run a program of the image in the sandbox",
  .description = "Without a command, runs the image's entrypoint and command. The exit code is the "
                 "program's, or 128 plus the number of the signal that ended it. With --json, the "
                 "program's output goes to standard error. --memory tells the program how much "
                 "memory it has; in podman it is also a limit.",
  .examples = "run tiles --shell\n"
              "run tiles -- python3 -c 'import rasterio'\n"
              "run --failed gdal",
  .min = 0,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE, TERRANE_OPERAND_TEXT },
  .options = run_groups,
  .size = sizeof (RunOptions),
  .run = run_run,
};
