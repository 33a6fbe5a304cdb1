/* terrane run */
#include "builder/cli/function-options.h"
#include "builder/cli/podman.h"
#include "builder/cli/pty.h"
#include "builder/remote/interrupt.h"
#include "builder/sandbox/root-path.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  EXIT_SIGNAL = 128, /* as shells have it */
  MAX_TERM = 64,
};

typedef struct
{
  TerraneFunctionArguments function;
  gboolean shell;
  gboolean writable;
  gboolean podman;
} RunArguments;

/* The image's own shell, as an absolute path inside of it. */
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

/* What programs should send to our terminal is ours to know; the image and --env win. A name that
 * is no plain word is not worth the risk of what reads it. */
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
on_terminal (void)
{
  return isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
}

/* With a terminal on both ends, the program gets one of its own. */
static gboolean
run_program (const TerraneSandbox *sandbox, const char *const *argv, TerraneSessionEnd *out_end,
             GError **error)
{
  static const int own[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
  g_auto (TerranePty) pty = TERRANE_PTY_INIT;
  TerraneSessionOptions options = { .stdio = own };
  int slaves[3];
  if (on_terminal ())
    {
      if (!terrane_pty_open (&pty, error))
        return FALSE;
      slaves[0] = slaves[1] = slaves[2] = pty.slave;
      options.stdio = slaves;
      options.terminal = TRUE;
    }
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  g_autoptr (TerraneSession) session = terrane_session_start (sandbox, argv, &options, NULL, error);
  if (session == NULL)
    return FALSE;
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), session, NULL);
  if (options.terminal && !terrane_pty_relay (&pty, error))
    {
      g_cancellable_disconnect (cancellable, handler);
      return FALSE;
    }
  terrane_session_release (session);
  terrane_session_wait (session, out_end);
  g_cancellable_disconnect (cancellable, handler);
  return !g_cancellable_is_cancelled (cancellable)
         || oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

static gboolean
run (TerraneGlobal *global, char **arguments, const RunArguments *options, GError **error)
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
  if (on_terminal ())
    add_term (&function.env);
  const TerraneSandbox sandbox = {
    .root = function.rootfs.path,
    .env = (const char *const *) function.env,
    .working_dir = oci_image_config_working_dir (function.rootfs.config),
    .tmp_bytes = (uint64_t) options->function.tmp << 20,
    .writable = options->writable,
    .kind = options->function.kind,
    .emulator = &function.emulator,
  };
  if (!run_program (&sandbox, argv, &end, error))
    return FALSE;
  global->exit_status = end.signal != 0 ? EXIT_SIGNAL + end.signal
                        : end.executed  ? end.exit_code
                                        : 127;
  return TRUE;
}

gboolean
terrane_command_run (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  RunArguments options = { .function = TERRANE_FUNCTION_ARGUMENTS_INIT };
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "shell", 0, 0, G_OPTION_ARG_NONE, &options.shell, "Run the image's shell", NULL },
    { "writable", 0, 0, G_OPTION_ARG_NONE, &options.writable,
      "Let the program change its file system; the changes are thrown away", NULL },
    { "podman", 0, 0, G_OPTION_ARG_NONE, &options.podman,
      "Print and run the podman command that comes closest to Lambda", NULL },
    TERRANE_FUNCTION_COMMAND_ENTRIES (options.function),
    TERRANE_FUNCTION_ENTRIES (options.function),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "run",
    .entries = entries,
    .description = "Without a command, the image's entrypoint and command are run. The exit code\n"
                   "is the program's, or 128 and the number of the signal that ended it.",
    .min = 1,
    .max = G_MAXUINT,
  };
  gboolean ok = terrane_command_parse (global, &line, argc, argv, &arguments, &help, error);
  if (ok && !help && options.shell && arguments[1] != NULL)
    ok = oci_throw (error, OCI_ERROR_USAGE, "run: --shell goes without a command");
  const gboolean other = options.function.cmd != NULL || options.function.handler != NULL;
  if (ok && !help && other && (options.shell || options.podman || arguments[1] != NULL))
    ok = oci_throw (error, OCI_ERROR_USAGE,
                    "run: --cmd and --handler go without a command, --shell and --podman");
  if (ok && !help && options.podman && (options.shell || options.writable))
    ok = oci_throw (error, OCI_ERROR_USAGE, "run: --podman goes without --shell and --writable");
  if (ok && !help && options.podman && options.function.sandbox != NULL)
    ok = oci_throw (error, OCI_ERROR_USAGE,
                    "run: --podman goes without --sandbox; --sandbox podman alone runs a checkout "
                    "of the image in podman");
  if (ok && !help)
    ok = terrane_function_arguments_check (&options.function, global, "run", error)
         && (options.podman ? terrane_podman_exec (global, arguments[0],
                                                   arguments[1] != NULL ? arguments + 1 : NULL,
                                                   &options.function, error)
                            : run (global, arguments, &options, error));
  terrane_function_arguments_clear (&options.function);
  return ok;
}
