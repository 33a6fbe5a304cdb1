/* terrane push */
#include "builder/cli/remote-options.h"
#include "builder/cli/transfer.h"

gboolean
terrane_command_push (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  g_auto (TerraneRemoteArguments) remote_arguments = { 0 };
  g_auto (TerranePushArguments) push = { 0 };
  gboolean help = FALSE;
  int jobs = TERRANE_REMOTE_JOBS;
  const GOptionEntry entries[] = {
    TERRANE_PUSH_ENTRIES (push),
    TERRANE_REMOTE_ENTRIES (remote_arguments),
    TERRANE_REMOTE_JOBS_ENTRY (jobs),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "push",
    .entries = entries,
    .description =
        "What the registry has is not sent again. Credentials are looked up in\n"
        "$REGISTRY_AUTH_FILE, podman's auth.json and docker's config.json, with their helpers;\n"
        "'terrane login HOST' writes them. For Amazon ECR the AWS credentials of the environment\n"
        "are enough. Plain HTTP is used on loopback only.",
    .min = 2,
    .max = 2,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  TerraneRemoteOptions options = { .jobs = (unsigned) jobs };
  g_autoptr (OciReference) destination = NULL;
  if (!terrane_remote_check_jobs (jobs, "push", error)
      || !terrane_remote_arguments_parse (&remote_arguments, global, "push", &options, error)
      || (destination = terrane_remote_check_push (arguments[1], &push, error)) == NULL)
    return FALSE;
  g_autoptr (TerraneStore) store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  options.progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &options);
  g_autoptr (TerraneOpenImage) image =
      terrane_transfer_open_image (remote, arguments[0], NULL, TERRANE_IMAGE_MANIFEST, error);
  g_autoptr (OciJsonValue) report = NULL;
  if (image == NULL
      || !terrane_transfer_push (remote, image->layout, image->descriptor, destination, &push,
                                 &report, error))
    return FALSE;
  terrane_terminal_finish_phase (terminal);
  if (global->output.json)
    terrane_print_json (report);
  else
    terrane_transfer_print_push (report);
  return TRUE;
}
