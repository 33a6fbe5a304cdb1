/* terrane push */
#include "builder/cli/command.h"
#include "builder/cli/transfer.h"

gboolean
terrane_command_push (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  gboolean help = FALSE;
  int jobs = 4;
  const GOptionEntry entries[] = {
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "Blobs sent at a time (default 4)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "push",
    .entries = entries,
    .description =
        "Credentials are looked up in $REGISTRY_AUTH_FILE, podman's auth.json and docker's\n"
        "config.json; 'terrane login HOST' writes them. Plain HTTP is used on loopback only.",
    .min = 2,
    .max = 2,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  if (jobs < 1 || jobs > 64)
    return oci_throw (error, OCI_ERROR_USAGE, "push: --jobs must be between 1 and 64");
  if (!terrane_transfer_check_push (arguments[1], error))
    return FALSE;
  g_autoptr (TerraneStore) store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  g_autoptr (TerraneOpenImage) image =
      store != NULL ? terrane_transfer_open_image (store, arguments[0], error) : NULL;
  if (image == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  g_autoptr (OciJsonValue) report = NULL;
  if (!terrane_transfer_push (image->layout, image->manifest, arguments[1], (unsigned) jobs,
                              terrane_terminal_progress (terminal), &report, error))
    return FALSE;
  terrane_terminal_finish_phase (terminal);
  if (global->output.json)
    terrane_print_json (report);
  else
    terrane_transfer_print_push (report);
  return TRUE;
}
