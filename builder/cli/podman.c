#include "builder/cli/podman.h"

#include "builder/sandbox/init/report.h"

#include "oci/image.h"
#include "oci/transport.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUNTIME_API "AWS_LAMBDA_RUNTIME_API="

G_GNUC_PRINTF (2, 3)
static void
add (GPtrArray *words, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (words, g_strdup_vprintf (format, args));
  va_end (args);
}

/* podman reads the path of a layout as if it were the name of a repository. */
static gboolean
check_path (const char *path, GError **error)
{
  if (g_regex_match_simple ("^(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)+$", path,
                            G_REGEX_DOLLAR_ENDONLY, 0))
    return TRUE;
  g_autofree char *quoted = oci_quote (path);
  return oci_throw (
      error, OCI_ERROR_UNSUPPORTED,
      "podman takes images only from paths that look like names of repositories: lower "
      "case, digits, and \".\", \"_\", \"-\" inside of words, which %s is not; use "
      "another --store, or reach this one by a symbolic link",
      quoted);
}

/* Returns: (transfer full) (nullable): what podman calls it */
static char *
image_of_store (TerraneGlobal *global, const OciTransport *transport,
                const TerraneFunctionArguments *arguments, GError **error)
{
  g_autoptr (TerraneStore) store = NULL;
  if (!terrane_function_fetch (global, transport->name, arguments, &store, error))
    return NULL;
  g_autofree char *path = g_canonicalize_filename (terrane_store_path (store), NULL);
  if (!check_path (path, error))
    return NULL;
  return g_strconcat ("oci:", path, "/images:", transport->name, NULL);
}

/* Without the Runtime API, which nobody serves in there: entrypoints of AWS start their own
 * emulator then. What the user passes on by its name alone is not shown. */
static void
add_env (GPtrArray *words, const char *image, const TerraneFunctionArguments *arguments)
{
  g_autofree char *name = terrane_function_name (image);
  g_auto (GStrv) env = terrane_lambda_env (name, NULL, NULL, (unsigned) arguments->memory, NULL);
  for (char **variable = env; *variable != NULL; variable++)
    if (!g_str_has_prefix (*variable, RUNTIME_API))
      add (words, "--env=%s", *variable);
  for (char **word = arguments->env_words; word != NULL && *word != NULL; word++)
    add (words, "--env=%s", *word);
}

static GPtrArray *
make_words (const char *podman_image, const char *image, char **command,
            const TerraneFunctionArguments *arguments)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  add (words, "podman");
  add (words, "run");
  add (words, "--rm");
  if (isatty (STDIN_FILENO))
    add (words, "--tty");
  add (words, "--interactive");
  add (words, "--read-only");
  add (words, "--user=%d:%d", TERRANE_SANDBOX_UID, TERRANE_SANDBOX_GID);
  add (words, "--tmpfs=/tmp:rw,size=%dm,mode=1777", arguments->tmp);
  add (words, "--network=none");
  add (words, "--ipc=none"); /* no /dev/shm */
  add (words, "--cap-drop=all");
  add (words, "--security-opt=no-new-privileges");
  add (words, "--memory=%dm", arguments->memory);
  add (words, "--pids-limit=%d", TERRANE_SESSION_MAX_PROCESSES);
  add (words, "--ulimit=nproc=%d:%d", TERRANE_SESSION_MAX_PROCESSES, TERRANE_SESSION_MAX_PROCESSES);
  add (words, "--ulimit=nofile=%d:%d", TERRANE_INIT_MAX_FILES, TERRANE_INIT_MAX_FILES);
  if (arguments->platform != NULL)
    add (words, "--platform=%s", arguments->platform);
  if (arguments->remote.tls_verify != NULL)
    add (words, "--tls-verify=%s", arguments->remote.tls_verify);
  add_env (words, image, arguments);
  if (command != NULL)
    add (words, "--entrypoint=%s", command[0]);
  add (words, "%s", podman_image);
  for (char **word = command != NULL ? command + 1 : NULL; word != NULL && *word != NULL; word++)
    add (words, "%s", *word);
  g_ptr_array_add (words, NULL);
  return words;
}

/* So that it can be copied into a shell. */
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
  g_autofree char *name = transport->kind != OCI_TRANSPORT_STORE
                              ? g_strdup (image) /* podman has these transports too */
                              : image_of_store (global, transport, arguments, error);
  if (name == NULL)
    return FALSE;
  g_autoptr (GPtrArray) words = make_words (name, image, command, arguments);
  print_words (words);
  (void) signal (SIGPIPE, SIG_DFL); /* terrane's own setting is not podman's */
  (void) execvp (words->pdata[0], (char *const *) words->pdata);
  return oci_throw_errno (error, "podman%s", errno == ENOENT ? " is not installed" : "");
}
