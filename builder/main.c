/* argv → command table. */
#include "builder/cli/completion.h"
#include "builder/cli/dispatch.h"
#include "builder/cli/habits.h"
#include "builder/cli/limits.h"
#include "builder/cli/option-help.h"
#include "builder/cli/versions.h"
#include "builder/error.h"
#include "builder/store/store.h"
#include "builder/version.h"

#include "oci/base/json.h"
#include "oci/base/redact.h"
#include "oci/base/suggest.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
print_version (const TerraneGlobal *global)
{
  g_autoptr (OciJsonValue) document = terrane_versions_to_json ();
  if (global->output.json)
    terrane_print_json (document);
  else
    terrane_versions_print ();
}

static gboolean
fail_unknown (const char *name, GError **error)
{
  g_autofree char *quoted = oci_quote (name);
  const char *advice = terrane_habit_command (name);
  if (advice != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "unknown command %s: %s", quoted, advice);
  g_autofree char *hint = oci_did_you_mean (name, terrane_command_names ());
  return oci_throw (error, OCI_ERROR_USAGE, "unknown command %s; see 'terrane --help'%s", quoted,
                    hint);
}

static void
print_names (const char *const *names)
{
  for (; *names != NULL; names++)
    terrane_print ("%s\n", *names);
}

/* Without a command. */
static gboolean
run_alone (TerraneGlobal *global, const TerraneOptionTable *tables, GError **error)
{
  if (global->version)
    print_version (global);
  else if (global->help)
    {
      g_autofree char *help = terrane_option_help_program (tables);
      terrane_command_print_help (global, help);
    }
  else if (global->list_commands)
    print_names (terrane_command_names ());
  else if (global->list_images)
    terrane_completion_print_images (global);
  else
    return oci_throw (error, OCI_ERROR_USAGE, "no command given; see 'terrane --help'");
  return TRUE;
}

/* "help" and "version", which users of other tools type, and the commands. */
static gboolean
run_command (TerraneGlobal *global, const TerraneOptionTable *tables, char **arguments,
             GError **error)
{
  char option[] = "--help";
  char *help[] = { option, NULL };
  const char *name = arguments[0];
  char **words = arguments + 1;
  if (g_str_equal (name, "version") || g_str_equal (name, "help"))
    {
      global->version = name[0] == 'v';
      global->help = !global->version;
      if (global->version || arguments[1] == NULL)
        return run_alone (global, tables, error);
      name = arguments[1];
      words = help;
    }
  const TerraneCommand *command = terrane_command_find (name);
  return command != NULL ? terrane_command_dispatch (command, global, words, error)
                         : fail_unknown (name, error);
}

static gboolean
run (TerraneGlobal *global, char **words, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  const TerraneOptionTable tables[] = {
    { .rows = terrane_global_options,
      .into = global,
      .scopes = TERRANE_SCOPE_START | TERRANE_SCOPE_IMAGES },
    { .rows = NULL },
  };
  const TerraneOptionParser parser = { .tables = tables, .stop_at_argument = TRUE };
  terrane_options_init (tables);
  gboolean ok = terrane_options_parse (&parser, words, &arguments, error);
  terrane_color_choose (global->color);
  if (ok && (arguments[0] == NULL || global->version || global->help))
    ok = run_alone (global, tables, error);
  else if (ok)
    ok = run_command (global, tables, arguments, error);
  terrane_options_clear (tables);
  return ok;
}

/* Prints messages of libraries in terrane's format; debugging output stays off. */
static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  if ((level & G_LOG_LEVEL_ERROR) != 0)
    terrane_limits_end (message);
  if ((level & G_LOG_LEVEL_CRITICAL) != 0)
    g_log_default_handler (domain, level, message, data);
  else if ((level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE)) != 0)
    terrane_print_error (message);
}

/* Otherwise the next opened file, such as the store's directory, would be what programs read and
 * write. A descriptor for a closed output is read-only, so that writing fails as before. */
static void
open_standard_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDONLY) != fd)
      abort ();
}

/* Avoids blocking on a stderr that is not read, after an interrupt. */
static gboolean
is_read (int fd)
{
  struct pollfd out = { .fd = fd, .events = POLLOUT };
  return poll (&out, 1, 0) != 0;
}

/* Libraries convert text according to LC_CTYPE; the user's locale must not affect an image. */
static gboolean
set_locale (GError **error)
{
  return setlocale (LC_CTYPE, "C.UTF-8") != NULL
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "the locale C.UTF-8 is missing; it is part of glibc 2.35 and of Debian's "
                       "libc-bin");
}

/* Whether --json is among the options. The parser does not report it if another option is
 * invalid. */
static gboolean
asks_for_json (int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (strcmp (argv[i], "--json") == 0)
      return TRUE;
  return FALSE;
}

/* Also for messages about the options themselves. */
static void
choose_color (int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (g_str_has_prefix (argv[i], "--color="))
      terrane_color_choose (argv[i] + strlen ("--color="));
    else if (strcmp (argv[i], "--color") == 0)
      terrane_color_choose (argv[i + 1]);
}

int
main (int argc, char **argv)
{
  open_standard_descriptors ();
  g_autoptr (GError) error = NULL;
  TerraneGlobal global = { 0 };
  (void) signal (SIGPIPE, SIG_IGN); /* terrane_print_flush() reports a closed stdout */
  json_object_seed (0);             /* random, and before any thread */
  g_set_prgname ("terrane");
  json_set_alloc_funcs (g_malloc, g_free); /* lack of memory ends the process, as everywhere else */
  (void) g_log_set_default_handler (on_log, NULL);

  choose_color (argc, argv);
  gboolean json = asks_for_json (argc, argv); /* before the parser removes words */
  for (int i = 1; i < argc; i++)
    g_free (oci_redact_user (argv[i])); /* no message shows it from here on */
  gboolean ok =
      set_locale (&error) && terrane_limits_apply (&error) && run (&global, argv + 1, &error);
  if (global.parsed)
    json = global.output.json;
  g_autoptr (OciJsonValue) failure = !ok && json ? terrane_error_to_json (error) : NULL;
  terrane_print_result (failure);
  if (ok)
    ok = terrane_print_flush (&error);
  if (ok)
    return global.exit_status;
  if (!g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED) || is_read (STDERR_FILENO))
    terrane_print_failure (error->message);
  return terrane_exit_code (error);
}
