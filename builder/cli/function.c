#include "builder/cli/function.h"

#include "oci/base/number.h"
#include "oci/transport.h"

#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C (1) << 20)
#define OPTION(member) offsetof (TerraneFunctionArguments, member)

static gboolean
check_env (const char *word, GError **error)
{
  size_t len = strcspn (word, "=");
  g_autofree char *quoted = oci_quote (word);
  g_autofree char *name = g_strndup (word, len);
  if (len == 0 || !g_utf8_validate (word, -1, NULL))
    return oci_throw (error, OCI_ERROR_USAGE, "expected NAME[=VALUE], got %s", quoted);
  return word[len] == '=' || g_getenv (name) != NULL
         || oci_throw (error, OCI_ERROR_USAGE, "there is no variable %s here", quoted);
}

/* Lambda gives memory as a number of MiB. */
static gboolean
check_memory (const char *text, GError **error)
{
  uint64_t bytes = 0;
  g_autofree char *quoted = oci_quote (text);
  return oci_parse_size (text, &bytes, error)
         && (bytes % MIB == 0
             || oci_throw (error, OCI_ERROR_USAGE, "expected whole MiB, as Lambda has them, got %s",
                           quoted));
}

static gboolean
check_handler (const char *text, GError **error)
{
  return text[0] != '\0' || oci_throw (error, OCI_ERROR_USAGE, "the handler is empty");
}

/* Limits are Lambda's. The memory limit of the RIE is its default: a function here has only the
 * limits that were asked for. */
const TerraneOption terrane_function_options[] = {
  { .name = "env",
    .letter = 'e',
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (env),
    .metavar = "NAME[=VALUE]",
    .check = check_env,
    .help = "Set a variable, or pass on that of NAME" },
  { .name = "memory",
    .kind = TERRANE_OPTION_SIZE,
    .target = OPTION (memory),
    .metavar = "SIZE",
    .initial = 3008 * MIB,
    .min = 128 * MIB,
    .max = 10240 * MIB,
    .check = check_memory,
    .help = "Memory of the function (default 3008MiB)" },
  { .name = "tmp",
    .kind = TERRANE_OPTION_SIZE,
    .target = OPTION (tmp),
    .metavar = "SIZE",
    .initial = 512 * MIB,
    .min = 512 * MIB,
    .max = 10240 * MIB,
    .help = "Size of /tmp (default 512MiB)" },
  TERRANE_OPTION_END,
};

static gboolean
check_mount (const char *text, GError **error)
{
  TerraneHostMount *mount = terrane_host_mount_parse (text, error);
  if (mount == NULL)
    return FALSE;
  terrane_host_mount_free (mount);
  return TRUE;
}

const TerraneOption terrane_function_host_options[] = {
  { .name = "mount",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (mounts),
    .metavar = "HOST:PATH[:rw]",
    .check = check_mount,
    .help = "A file or directory of this machine, read-only unless rw" },
  { .name = "network",
    .kind = TERRANE_OPTION_WORD,
    .target = OPTION (network),
    .metavar = "NAME",
    .words = terrane_network_names,
    .help = "none (default): only its own loopback; host: the network of this machine" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_function_command_options[] = {
  { .name = "handler",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (handler),
    .metavar = "HANDLER",
    .check = check_handler,
    .excludes = "cmd",
    .help = "Another handler than the image's, such as app.main" },
  { .name = "cmd",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (cmd),
    .metavar = "WORD",
    .excludes = "handler",
    .help = "A word of the command that replaces the image's" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_function_timeout_options[] = {
  { .name = "timeout",
    .kind = TERRANE_OPTION_DURATION,
    .target = OPTION (timeout_ms),
    .metavar = "TIME",
    .initial = UINT64_C (300) * 1000,
    .max = UINT64_C (900) * 1000,
    .help = "Time for each event (default 300s)" },
  TERRANE_OPTION_END,
};

/* A name alone takes the value from this environment, so that a secret need not be in an
 * argument. */
static char **
complete_env (char **words)
{
  GPtrArray *env = g_ptr_array_new ();
  for (; words != NULL && *words != NULL; words++)
    g_ptr_array_add (env, strchr (*words, '=') != NULL
                              ? g_strdup (*words)
                              : g_strconcat (*words, "=", g_getenv (*words), NULL));
  g_ptr_array_add (env, NULL);
  return (char **) g_ptr_array_free (env, FALSE);
}

void
terrane_function_clear (TerraneFunction *self)
{
  terrane_rootfs_clear (&self->rootfs);
  terrane_emulator_clear (&self->emulator);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->env, g_strfreev);
  g_clear_pointer (&self->mounts, g_ptr_array_unref);
}

/* Prints a notice if the image is for another processor. */
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
      && arguments->sandbox != TERRANE_SANDBOX_BUBBLEWRAP)
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

TerraneOpenImage *
terrane_function_fetch (const TerraneWorkbench *bench, const char *image,
                        const TerraneFunctionArguments *arguments, GError **error)
{
  return terrane_workbench_open_image (bench, image, arguments->platform, TERRANE_IMAGE_LAYERS,
                                       error);
}

/* For "run -v /tmp:/data IMAGE", where -v is --verbose: image names do not start with a slash. */
static gboolean
check_image (const char *image, GError **error)
{
  if (strchr ("/.~", image[0]) == NULL || strstr (image, ":/") == NULL)
    return TRUE;
  g_autofree char *quoted = oci_quote (image);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s is not an image; a directory of this machine is given by --mount %s (-v is "
                    "--verbose)",
                    quoted, quoted);
}

GPtrArray *
terrane_function_mounts (const TerraneFunctionArguments *arguments, const char *store,
                         GError **error)
{
  g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func (terrane_host_mount_free);
  for (char **text = arguments->mounts; text != NULL && *text != NULL; text++)
    {
      TerraneHostMount *mount = terrane_host_mount_parse (*text, error);
      if (mount == NULL)
        return NULL;
      g_ptr_array_add (mounts, mount);
    }
  return terrane_host_mounts_check (mounts, store, error) ? g_steal_pointer (&mounts) : NULL;
}

void
terrane_function_add_host (const TerraneFunction *self, json_t *document)
{
  if (self->network == TERRANE_NETWORK_HOST)
    oci_json_set (document, "network", oci_json_text ("host"));
  if (self->mounts->len == 0)
    return;
  json_t *list = json_array ();
  for (guint i = 0; i < self->mounts->len; i++)
    {
      const TerraneHostMount *mount = self->mounts->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "host", oci_json_text (mount->host));
      oci_json_set (object, "path", oci_json_text (mount->path));
      oci_json_set (object, "writable", json_boolean (mount->writable));
      oci_json_append (list, object);
    }
  oci_json_set (document, "mounts", list);
}

gboolean
terrane_function_open (const TerraneGlobal *global, const char *image,
                       const TerraneFunctionArguments *arguments, TerraneFunction *out_function,
                       GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (!check_image (image, error)
      || !terrane_workbench_open (global, &arguments->remote, 0, &bench, error))
    return FALSE;
  out_function->network = terrane_network_of_name (arguments->network);
  out_function->mounts =
      terrane_function_mounts (arguments, terrane_store_path (bench.store), error);
  if (out_function->mounts == NULL)
    return FALSE;
  g_autoptr (TerraneOpenImage) opened = terrane_function_fetch (&bench, image, arguments, error);
  if (opened == NULL
      || !terrane_rootfs_prepare (bench.store, opened, bench.jobs, bench.progress,
                                  &out_function->rootfs, error)
      || !prepare_emulator (out_function, arguments, global, error))
    return FALSE;
  g_auto (GStrv) cmd = oci_image_config_cmd (out_function->rootfs.config);
  g_auto (GStrv) env = oci_image_config_env (out_function->rootfs.config);
  g_auto (GStrv) own = complete_env (arguments->env);
  out_function->name = terrane_function_name (image);
  const char *handler = arguments->handler != NULL ? arguments->handler
                        : arguments->cmd != NULL   ? arguments->cmd[0]
                                                   : cmd[0];
  out_function->argv = oci_image_config_argv_with (
      out_function->rootfs.config, (const char *const *) arguments->cmd, arguments->handler);
  out_function->env =
      terrane_lambda_env (out_function->name, (const char *const *) env, handler,
                          (unsigned) (arguments->memory / MIB), (const char *const *) own);
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
    .tmp_bytes = arguments->tmp,
    .memory_mib = (unsigned) (arguments->memory / MIB),
    .sandbox = arguments->sandbox,
    .timeout_ms = (unsigned) self->timeout_ms,
    .emulator = &self->emulator,
    .mounts = self->mounts,
    .network = self->network,
  };
}

void
terrane_function_on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  const TerraneFunctionRun *run = data;
  terrane_function_log_give_up (run->log);
  terrane_lambda_cancel (run->lambda);
}
