#include "builder/cli/function-options.h"

#include "oci/base/number.h"
#include "oci/transport.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum
{
  MIN_MEMORY = 128, /* Lambda's limits */
  MAX_MEMORY = 10240,
  MIN_TMP = 512,
  MAX_TMP = 10240,
  MAX_TIMEOUT_SECONDS = 900,
};

void
terrane_function_arguments_clear (TerraneFunctionArguments *self)
{
  g_clear_pointer (&self->env, g_strfreev);
  g_clear_pointer (&self->env_words, g_strfreev);
  g_clear_pointer (&self->timeout, g_free);
  g_clear_pointer (&self->platform, g_free);
  g_clear_pointer (&self->sandbox, g_free);
  g_clear_pointer (&self->cmd, g_strfreev);
  g_clear_pointer (&self->handler, g_free);
  terrane_remote_arguments_clear (&self->remote);
}

/* "3", "3s" and "0.5" */
static gboolean
parse_timeout (const char *text, unsigned *out_ms)
{
  char *end = NULL;
  double seconds = g_ascii_strtod (text, &end);
  if (end == text || (strcmp (end, "") != 0 && strcmp (end, "s") != 0) || !isfinite (seconds)
      || seconds < 0.001 || seconds > MAX_TIMEOUT_SECONDS)
    return FALSE;
  *out_ms = (unsigned) (seconds * 1000);
  return TRUE;
}

/* A name alone takes the value from here, so that a secret need not be in an argument. */
static gboolean
complete_env (char **env, const char *command, GError **error)
{
  for (; env != NULL && *env != NULL; env++)
    {
      size_t len = strcspn (*env, "=");
      g_autofree char *name = g_strndup (*env, len);
      if (len == 0 || !g_utf8_validate (*env, -1, NULL))
        {
          g_autofree char *quoted = oci_quote (*env);
          return oci_throw (error, OCI_ERROR_USAGE, "%s: --env %s: expected NAME[=VALUE]", command,
                            quoted);
        }
      if ((*env)[len] == '=')
        continue;
      const char *value = g_getenv (name);
      if (value == NULL)
        {
          g_autofree char *quoted = oci_quote (name);
          return oci_throw (error, OCI_ERROR_USAGE, "%s: --env: there is no variable %s here",
                            command, quoted);
        }
      g_free (*env);
      *env = g_strconcat (name, "=", value, NULL);
    }
  return TRUE;
}

/* Before anything is announced or brought. */
static gboolean
check_sandbox (const TerraneFunctionArguments *self, const char *command, GError **error)
{
  gboolean run = strcmp (command, "run") == 0;
  return run || self->kind == TERRANE_SANDBOX_BUBBLEWRAP
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: --sandbox %s has no way in for the Runtime API; %s needs bubblewrap",
                       command, terrane_sandbox_kind_name (self->kind), command);
}

gboolean
terrane_function_arguments_check (TerraneFunctionArguments *self, const TerraneGlobal *global,
                                  const char *command, GError **error)
{
  TerraneRemoteOptions unused = { 0 };
  if (self->memory < MIN_MEMORY || self->memory > MAX_MEMORY)
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --memory must be between %d and %d, as Lambda's",
                      command, MIN_MEMORY, MAX_MEMORY);
  if (self->tmp < MIN_TMP || self->tmp > MAX_TMP)
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --tmp must be between %d and %d, as Lambda's",
                      command, MIN_TMP, MAX_TMP);
  if (self->timeout != NULL && !parse_timeout (self->timeout, &self->timeout_ms))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: --timeout: expected seconds, at most %d, as Lambda's", command,
                      MAX_TIMEOUT_SECONDS);
  if (self->cmd != NULL && self->handler != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --handler goes without --cmd", command);
  if (self->handler != NULL && self->handler[0] == '\0')
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --handler is empty", command);
  self->env_words = g_strdupv (self->env);
  return terrane_sandbox_option (self->sandbox, command, &self->kind, error)
         && check_sandbox (self, command, error) && complete_env (self->env, command, error)
         && terrane_remote_arguments_parse (&self->remote, global, command, &unused, error);
}

void
terrane_function_clear (TerraneFunction *self)
{
  terrane_rootfs_clear (&self->rootfs);
  terrane_emulator_clear (&self->emulator);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->env, g_strfreev);
}

/* Says so when the image is for another processor. */
static gboolean
prepare_emulator (TerraneFunction *self, const TerraneFunctionArguments *arguments,
                  const TerraneGlobal *global, GError **error)
{
  const char *os = oci_image_config_os (self->rootfs.config);
  const char *architecture = oci_image_config_architecture (self->rootfs.config);
  if (g_strcmp0 (os, "linux") != 0)
    {
      g_autofree char *quoted = oci_quote (os != NULL ? os : "");
      return oci_throw (error, OCI_ERROR_UNSUPPORTED, "the image is for %s, this machine is linux",
                        quoted);
    }
  terrane_emulator_find_here (architecture, &self->emulator);
  if (!terrane_emulator_require (&self->emulator, architecture, error))
    return FALSE;
  if (self->emulator.kind == TERRANE_EMULATION_PROGRAM
      && arguments->kind != TERRANE_SANDBOX_BUBBLEWRAP)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the image is for %s, and %s is not registered with the kernel "
                      "(binfmt_misc), which only the sandbox bubblewrap can do without",
                      architecture, self->emulator.name);
  self->timeout_ms = arguments->timeout_ms * terrane_emulator_slowdown (&self->emulator);
  g_autofree char *words = terrane_emulator_describe (&self->emulator);
  if (words != NULL && !global->output.quiet)
    fprintf (stderr, "terrane: the image is for %s: %s\n", architecture, words);
  return TRUE;
}

char *
terrane_function_name (const char *image)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (image, NULL);
  const char *name = transport != NULL && transport->name != NULL ? transport->name : "function";
  g_autofree char *base = g_path_get_basename (name);
  base[strcspn (base, ":@")] = '\0';
  g_strcanon (base, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_", '-');
  return g_strdup (base[0] != '\0' ? base : "function");
}

static TerraneOpenImage *
fetch (TerraneGlobal *global, TerraneStore *store, const char *image,
       const TerraneFunctionArguments *arguments, const TerraneProgress *progress, GError **error)
{
  TerraneRemoteOptions options = { .jobs = TERRANE_REMOTE_JOBS, .progress = progress };
  if (!terrane_remote_arguments_parse (&arguments->remote, global, "", &options, error))
    return NULL;
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &options);
  return terrane_transfer_open_image (remote, image, arguments->platform, TERRANE_IMAGE_LAYERS,
                                      error);
}

gboolean
terrane_function_fetch (TerraneGlobal *global, const char *image,
                        const TerraneFunctionArguments *arguments, TerraneStore **out_store,
                        TerraneOpenImage **out_image, GError **error)
{
  g_autoptr (TerraneStore) store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  *out_image = fetch (global, store, image, arguments, terrane_terminal_progress (terminal), error);
  if (*out_image == NULL)
    return FALSE;
  *out_store = g_steal_pointer (&store);
  return TRUE;
}

gboolean
terrane_function_open (TerraneGlobal *global, const char *image,
                       const TerraneFunctionArguments *arguments, TerraneFunction *out_function,
                       GError **error)
{
  g_autoptr (TerraneStore) store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const TerraneProgress *progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneOpenImage) opened = fetch (global, store, image, arguments, progress, error);
  if (opened == NULL
      || !terrane_rootfs_prepare (store, opened, terrane_command_default_jobs (), progress,
                                  &out_function->rootfs, error)
      || !prepare_emulator (out_function, arguments, global, error))
    return FALSE;
  g_auto (GStrv) cmd = oci_image_config_cmd (out_function->rootfs.config);
  g_auto (GStrv) env = oci_image_config_env (out_function->rootfs.config);
  out_function->name = terrane_function_name (image);
  const char *handler = arguments->handler != NULL ? arguments->handler
                        : arguments->cmd != NULL   ? arguments->cmd[0]
                                                   : cmd[0];
  out_function->argv = oci_image_config_argv_with (
      out_function->rootfs.config, (const char *const *) arguments->cmd, arguments->handler);
  out_function->env =
      terrane_lambda_env (out_function->name, (const char *const *) env, handler,
                          (unsigned) arguments->memory, (const char *const *) arguments->env);
  return TRUE;
}

gboolean
terrane_function_check_argv (const TerraneFunction *self, GError **error)
{
  return self->argv[0] != NULL
         || oci_throw (error, OCI_ERROR_NOT_FOUND, "the image has neither entrypoint nor command");
}

void
terrane_function_to_lambda (const TerraneFunction *self, const TerraneFunctionArguments *arguments,
                            TerraneLambdaOptions *out_options)
{
  *out_options = (TerraneLambdaOptions){
    .name = self->name,
    .root = self->rootfs.path,
    .argv = (const char *const *) self->argv,
    .env = (const char *const *) self->env,
    .working_dir = oci_image_config_working_dir (self->rootfs.config),
    .tmp_bytes = (uint64_t) arguments->tmp << 20,
    .memory_mib = (unsigned) arguments->memory,
    .sandbox = arguments->kind,
    .timeout_ms = self->timeout_ms,
    .emulator = &self->emulator,
  };
}

void
terrane_function_on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  const TerraneFunctionRun *run = data;
  terrane_function_log_give_up (run->log);
  terrane_lambda_cancel (run->lambda);
}
