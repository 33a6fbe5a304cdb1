#include "builder/cli/command.h"

#include "oci/base/error.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static char *
read_help (GOptionContext *context)
{
  return g_option_context_get_help (context, TRUE, NULL);
}

gboolean
terrane_command_parse (TerraneGlobal *global, const TerraneCommandLine *line, int argc, char **argv,
                       char ***out_arguments, gboolean *out_help, GError **error)
{
  const TerraneCommand *command = terrane_command_find (line->name);
  gboolean help = FALSE;
  g_auto (GStrv) arguments = NULL;
  const GOptionEntry common[] = {
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &global->store, "The store to use", "DIR" },
    { "offline", 0, 0, G_OPTION_ARG_NONE, &global->offline, "Make no connection to anywhere",
      NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &global->output.json, "Print one JSON document", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &global->output.quiet, "No progress", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &global->output.verbose, "Say more", NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (command->arguments);
  g_autofree char *summary = g_strdup_printf ("%s.", command->summary);
  g_autofree char *program = g_strdup_printf ("terrane %s", command->name);
  argv[0] = program;
  g_set_prgname (program);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, line->description);
  if (line->entries != NULL)
    g_option_context_add_main_entries (context, line->entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);
  gboolean ok = g_option_context_parse (context, &argc, &argv, error);
  argv[0] = (char *) command->name;
  if (!ok)
    {
      g_prefix_error (error, "%s: ", command->name);
      return FALSE;
    }
  *out_help = help;
  if (help)
    {
      g_autofree char *text = read_help (context);
      terrane_print ("%s", text);
      return TRUE;
    }
  guint n = arguments != NULL ? g_strv_length (arguments) : 0;
  if (n < line->min || n > line->max)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: expected %s, got %u argument%s; see 'terrane %s --help'", command->name,
                      command->arguments[0] != '\0' ? command->arguments : "no arguments", n,
                      n == 1 ? "" : "s", command->name);
  *out_arguments = arguments != NULL ? g_steal_pointer (&arguments) : g_new0 (char *, 1);
  return TRUE;
}

static gpointer
do_nothing (gpointer data)
{
  return data;
}

enum
{
  MIN_DESCRIPTORS = 32, /* below, GLib's main loop may abort */
};

/* GLib's pools wait for ever, or abort, where no thread can be started. */
static gboolean
check_limits (GError **error)
{
  struct rlimit limit;
  g_autoptr (GError) local = NULL;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < MIN_DESCRIPTORS)
    return oci_throw (error, OCI_ERROR_IO,
                      "too few descriptors are allowed: 'ulimit -n' must be %d or more",
                      MIN_DESCRIPTORS);
  GThread *thread = g_thread_try_new ("probe", do_nothing, NULL, &local);
  if (thread == NULL)
    return oci_throw (error, OCI_ERROR_IO,
                      "no thread can be started: %s; look at the limits of processes and memory "
                      "(ulimit -u, ulimit -v, the cgroup's pids.max)",
                      local->message);
  (void) g_thread_join (thread);
  /* cppcheck-suppress memleak ; g_thread_join() has freed it */
  return TRUE;
}

TerraneStore *
terrane_command_open_store (const TerraneGlobal *global, TerraneStoreAccess access, GError **error)
{
  g_autofree char *path = terrane_store_default_path (global->store);
  return check_limits (error) ? terrane_store_open (path, access, error) : NULL;
}

unsigned
terrane_command_default_jobs (void)
{
  return MAX (g_get_num_processors (), 1U);
}
