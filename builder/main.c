/* argv → command table. */
#include "builder/cli/command.h"
#include "builder/cli/limits.h"
#include "builder/error.h"
#include "builder/version.h"

#include "oci/base/json.h"
#include "oci/base/redact.h"

#include <archive.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const TerraneCommand commands[] = {
  { "init", "[DIRECTORY]", "Write a profile to start from, with all it needs",
    terrane_command_init },
  { "profile", "show PROFILE | check PROFILE…", "Show a profile with what it extends, or check it",
    terrane_command_profile },
  { "build", "PROFILE…", "Build the image of a profile: assemble, check, validate",
    terrane_command_build },
  { "lock", "PROFILE…", "Resolve every source of a profile and write the lock",
    terrane_command_lock },
  { "check", "IMAGE|PROFILE", "Find out what would not work, without running anything",
    terrane_command_check },
  { "validate", "IMAGE", "Run an image's own code to see whether it works",
    terrane_command_validate },
  { "why", "IMAGE FILE|LIBRARY|PACKAGE", "Show who brings a file or package and who needs it",
    terrane_command_why },
  { "push", "IMAGE docker://HOST/REPOSITORY[:TAG]", "Push an image to a registry",
    terrane_command_push },
  { "pull", "docker://HOST/REPOSITORY[:TAG][@DIGEST] [NAME[:TAG]]",
    "Bring an image from a registry into the store", terrane_command_pull },
  { "login", "HOST[/NAMESPACE]", "Check and store credentials of a registry",
    terrane_command_login },
  { "logout", "HOST[/NAMESPACE]", "Remove the credentials of a registry", terrane_command_logout },
  { "inspect", "IMAGE", "Show configuration, layers and sizes of an image",
    terrane_command_inspect },
  { "invoke", "IMAGE", "Run the image's function as Lambda would, for one event or several",
    terrane_command_invoke },
  { "serve", "IMAGE", "Offer the image's function on a port of this machine",
    terrane_command_serve },
  { "run", "IMAGE [-- COMMAND…]", "Run a program of the image in the sandbox",
    terrane_command_run },
  { "images", "", "List the images in the store", terrane_command_images },
  { "rm", "NAME[:TAG]…", "Remove names from the store; gc frees the space", terrane_command_rm },
  { "gc", "", "Delete what no named image needs", terrane_command_gc },
  { "fsck", "", "Verify every object and blob in the store", terrane_command_fsck },
};

const TerraneCommand *
terrane_command_find (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

static void
print_help (void)
{
  terrane_print ("Usage: terrane [OPTION…] COMMAND [ARGUMENT…]\n\n"
                 "Assembles OCI container images for AWS Lambda without a Dockerfile, a daemon\n"
                 "or root.\n\nCommands:\n");
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    terrane_print ("  %-9s %s\n", commands[i].name, commands[i].summary);
  terrane_print ("\nOptions:\n"
                 "  --store DIR    The store to use (default $TERRANE_STORE, else\n"
                 "                 $XDG_DATA_HOME/terrane)\n"
                 "  --offline      Make no connection to anywhere\n"
                 "  --json         Print one JSON document on stdout\n"
                 "  -q, --quiet    No progress\n"
                 "  -v, --verbose  Say more\n"
                 "  --version      Show versions and exit\n"
                 "  -h, --help     Show this help; 'terrane COMMAND --help' shows a command's\n"
                 "\nIMAGE is NAME[:TAG] in the store, or one of oci:DIR[:TAG],\n"
                 "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG] and\n"
                 "docker://HOST/REPOSITORY[:TAG][@DIGEST].\n"
                 "\nExit codes: 0 done, 1 failed, 2 usage or invalid profile, 3 a check or the\n"
                 "validation failed, 4 the lock is not up to date, 130 interrupted.\n");
}

static void
print_version (void)
{
  terrane_print ("terrane %s\nassembler version %s\nOCI image-spec 1.1\n%s\nlibostree %s\n%s\n"
                 "libdeflate %s\n",
                 TERRANE_VERSION, TERRANE_ASSEMBLER_VERSION, curl_version (), OSTREE_VERSION_S,
                 archive_version_string (), LIBDEFLATE_VERSION_STRING);
}

/* An error that says what is known instead of a bare "unknown command". */
static gboolean
unknown_command (const char *name, GError **error)
{
  const char *names[G_N_ELEMENTS (commands) + 1] = { NULL };
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    names[i] = commands[i].name;
  g_autofree char *quoted = oci_quote (name);
  const char *nearest = oci_nearest_word (name, names);
  return oci_throw (error, OCI_ERROR_USAGE, "unknown command %s%s%s%s; see 'terrane --help'",
                    quoted, nearest != NULL ? ", did you mean ‘" : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
}

static gboolean
run (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  gboolean help = FALSE, version = FALSE, list_commands = FALSE;
  const GOptionEntry entries[] = {
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &global->store, NULL, NULL },
    { "offline", 0, 0, G_OPTION_ARG_NONE, &global->offline, NULL, NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &global->output.json, NULL, NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &global->output.quiet, NULL, NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &global->output.verbose, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, NULL, NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL },
    { "list-commands", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &list_commands, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, TRUE); /* options after the command are its own */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (version)
    print_version ();
  else if (help)
    print_help ();
  else if (list_commands)
    for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
      terrane_print ("%s\n", commands[i].name);
  else if (argc < 2)
    return oci_throw (error, OCI_ERROR_USAGE, "no command given; see 'terrane --help'");
  else
    {
      const TerraneCommand *command = terrane_command_find (argv[1]);
      if (command == NULL)
        return unknown_command (argv[1], error);
      return command->run (global, argc - 1, argv + 1, error);
    }
  return TRUE;
}

/* What libraries have to say looks like our own messages; debugging output stays off. */
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

/* Else the next file that is opened, such as the store's directory, would be what programs read
 * and write. Nothing can be written to what was a closed output: that fails as it would have. */
static void
open_standard_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", O_RDONLY) != fd)
      abort ();
}

/* Who interrupts should not have to wait for somebody who does not read. */
static gboolean
is_read (int fd)
{
  struct pollfd out = { .fd = fd, .events = POLLOUT };
  return poll (&out, 1, 0) != 0;
}

/* Whether --json is anywhere among the options. The parser forgets it when another one is wrong. */
static gboolean
asks_for_json (int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (strcmp (argv[i], "--json") == 0)
      return TRUE;
  return FALSE;
}

static json_t *
failure_to_json (const GError *error)
{
  json_t *object = json_object ();
  oci_json_set (object, "code", oci_json_text (terrane_error_word (error)));
  oci_json_set (object, "exit_code", json_integer (terrane_exit_code (error)));
  oci_json_set (object, "message", oci_json_text (error->message));
  return object;
}

int
main (int argc, char **argv)
{
  open_standard_descriptors ();
  g_autoptr (GError) error = NULL;
  TerraneGlobal global = { 0 };
  /* Libraries convert text by LC_CTYPE; the user's locale must not decide what is in an image.
   */
  if (setlocale (LC_CTYPE, "C.UTF-8") == NULL)
    {
      fputs ("terrane: the locale C.UTF-8 is missing; it is part of glibc 2.35 and of Debian's "
             "libc-bin\n",
             stderr);
      return TERRANE_EXIT_FAILED;
    }
  (void) signal (SIGPIPE, SIG_IGN); /* a closed stdout is reported by terrane_print_flush() */
  curl_global_init (CURL_GLOBAL_DEFAULT);
  g_set_prgname ("terrane");
  json_set_alloc_funcs (g_malloc, g_free); /* no memory ends the process, as everywhere else */
  (void) g_log_set_default_handler (on_log, NULL);

  gboolean json = asks_for_json (argc, argv); /* before the parser takes words away */
  for (int i = 1; i < argc; i++)
    g_free (oci_redact_user (argv[i])); /* from here on no message shows it */
  gboolean ok = terrane_limits_apply (&error) && run (&global, argc, argv, &error);
  g_autoptr (OciJsonValue) failure = !ok && json ? failure_to_json (error) : NULL;
  terrane_print_result (failure);
  if (ok)
    ok = terrane_print_flush (&error);
  g_free (global.store);
  if (ok)
    return global.exit_status;
  if (!g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED) || is_read (STDERR_FILENO))
    terrane_print_error (error->message);
  return terrane_exit_code (error);
}
