#include "builder/cli/podman.h"

#include "builder/sandbox/podman.h"

#include "oci/base/fd.h"
#include "oci/image.h"
#include "oci/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNTIME_API "AWS_LAMBDA_RUNTIME_API="

/* podman parses the path of a layout like the name of a repository: lower case, digits, and ".",
 * "_", "-" inside words. The path of the default store, below ~/.local, is different. */
static gboolean
podman_takes (const char *path)
{
  return g_regex_match_simple ("^(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$", path,
                               G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Makes a directory for links that only this user can write to. Other users may have created names
 * in /tmp. */
static gboolean
make_link_directory (char **out_path, OciFd *out_fd, GError **error)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  if (runtime != NULL && podman_takes (runtime) && access (runtime, W_OK | X_OK) == 0)
    path = g_build_filename (runtime, "terrane", NULL);
  else
    path = g_strdup_printf ("/tmp/terrane-%u", (unsigned) geteuid ());
  if (mkdir (path, 0700) != 0 && errno != EEXIST)
    return oci_throw_errno (error, "%s", path);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat (fd, &st) != 0)
    return oci_throw_errno (error, "%s", path);
  if (st.st_uid != geteuid () || (st.st_mode & 077) != 0)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "%s belongs to another user, or others may write to it; remove it", path);
  *out_path = g_steal_pointer (&path);
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

/* Returns a path of the store that podman accepts: a symbolic link if the store's own path is not
 * valid. The link stays, since podman reads through it after terrane has ended; each store has
 * one. */
static char *
find_podman_path (const char *store, GError **error)
{
  OCI_PREFIX (error, "a path of the store that podman takes");
  g_auto (OciFd) fd = -1;
  g_autofree char *directory = NULL;
  if (podman_takes (store))
    return g_strdup (store);
  if (!make_link_directory (&directory, &fd, error))
    return NULL;
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, store, -1);
  hash[12] = '\0';
  g_autofree char *name = g_strconcat ("store-", hash, NULL);
  if (symlinkat (store, fd, name) != 0 && errno != EEXIST)
    {
      oci_throw_errno (error, "%s/%s", directory, name);
      return NULL;
    }
  return g_build_filename (directory, name, NULL);
}

/* Finds podman's name for the image, and the first word of its command. */
static gboolean
find_in_store (TerraneGlobal *global, const OciTransport *transport,
               const TerraneFunctionArguments *arguments, char **out_name, char **out_handler,
               GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (!terrane_workbench_open (global, &arguments->remote, 0, &bench, error))
    return FALSE;
  g_autoptr (TerraneOpenImage) image =
      terrane_function_fetch (&bench, transport->name, arguments, error);
  if (image == NULL)
    return FALSE;
  g_autofree char *path = g_canonicalize_filename (terrane_store_path (bench.store), NULL);
  g_autofree char *shown = find_podman_path (path, error);
  if (shown == NULL)
    return FALSE;
  g_auto (GStrv) command = oci_image_config_cmd (image->config);
  *out_handler = g_strdup (command[0]);
  *out_name = g_strconcat ("oci:", shown, "/images:", transport->name, NULL);
  return TRUE;
}

/* Without the Runtime API, which has no server in there: entrypoints of AWS then start their own
 * emulator. A variable that the user passes by its name alone is not shown. */
static void
add_env (TerraneArgv *words, const char *image, const char *handler,
         const TerraneFunctionArguments *arguments)
{
  g_autofree char *name = terrane_function_name (image);
  g_auto (GStrv) env =
      terrane_lambda_env (name, NULL, handler, (unsigned) (arguments->memory >> 20), NULL);
  for (char **variable = env; *variable != NULL; variable++)
    if (!g_str_has_prefix (*variable, RUNTIME_API))
      terrane_argv_add_format (words, "--env=%s", *variable);
  for (char **word = arguments->env; word != NULL && *word != NULL; word++)
    terrane_argv_add_format (words, "--env=%s", *word);
}

static void
add_program (TerraneArgv *words, const char *podman_image, char **command)
{
  if (command != NULL)
    terrane_argv_add_format (words, "--entrypoint=%s", command[0]);
  terrane_argv_add (words, podman_image);
  if (command != NULL)
    terrane_argv_add_all (words, (const char *const *) command + 1);
  (void) terrane_argv_end (words);
}

/* In shell syntax, so that it can be copied. */
static void
print_words (const GPtrArray *words)
{
  static const char *const plain = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_=+:,./@%";
  for (guint i = 0; i + 1 < words->len; i++)
    {
      const char *word = words->pdata[i];
      gboolean simple = word[0] != '\0' && word[strspn (word, plain)] == '\0';
      g_autofree char *quoted = simple ? g_strdup (word) : g_shell_quote (word);
      g_autofree char *harmless = terrane_harmless_text (quoted);
      fprintf (stderr, "%s%s", i > 0 ? " " : "", harmless);
    }
  fputc ('\n', stderr);
}

gboolean
terrane_podman_exec (TerraneGlobal *global, const char *image, char **command,
                     const TerraneFunctionArguments *arguments, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (image, error);
  if (transport == NULL)
    return FALSE;
  g_autofree char *name = NULL;
  g_autofree char *handler = NULL;
  if (transport->kind != OCI_TRANSPORT_STORE)
    name = g_strdup (image); /* podman has these transports, too */
  else if (!find_in_store (global, transport, arguments, &name, &handler, error))
    return FALSE;
  g_autoptr (GPtrArray) mounts = terrane_function_mounts (arguments, NULL, error);
  if (mounts == NULL || !terrane_podman_check_mounts (mounts, error))
    return FALSE;
  const TerranePodmanOptions options = { .tmp_bytes = arguments->tmp,
                                         .memory_bytes = arguments->memory,
                                         .interactive = TRUE,
                                         .terminal = isatty (STDIN_FILENO),
                                         .mounts = mounts,
                                         .network = terrane_network_of_name (arguments->network) };
  g_auto (TerraneArgv) words;
  terrane_argv_init (&words);
  terrane_podman_add_run (&words, &options);
  if (arguments->platform != NULL)
    terrane_argv_add_format (&words, "--platform=%s", arguments->platform);
  if (arguments->remote.tls_verify != TERRANE_CHOICE_MISSING)
    terrane_argv_add_format (&words, "--tls-verify=%s",
                             arguments->remote.tls_verify == TERRANE_CHOICE_TRUE ? "true"
                                                                                 : "false");
  if (arguments->timeout_ms > 0)
    terrane_argv_add_format (&words, "--timeout=%" G_GUINT64_FORMAT,
                             (arguments->timeout_ms + 999) / 1000);
  add_env (&words, image, handler, arguments);
  add_program (&words, name, command);
  print_words (words.words);
  (void) signal (SIGPIPE, SIG_DFL); /* terrane's own setting does not apply to podman */
  (void) execvp (words.words->pdata[0], (char *const *) words.words->pdata);
  return oci_throw_errno (error, "podman%s", errno == ENOENT ? " is not installed" : "");
}
