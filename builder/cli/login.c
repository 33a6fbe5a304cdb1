/* terrane login */
#include "builder/cli/command.h"
#include "builder/cli/prompt.h"
#include "builder/remote/interrupt.h"
#include "builder/remote/remote.h"
#include "builder/version.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/registry/auth-key.h"
#include "oci/registry/auth-lookup.h"
#include "oci/registry/auth-store.h"
#include "oci/registry/registry.h"

#include <string.h>
#include <unistd.h>

enum
{
  MAX_PASSWORD_BYTES = 64 * 1024, /* identity tokens have some thousand */
};

typedef struct
{
  char *user; /* (nullable) */
  gboolean password_stdin;
  char *authfile; /* (nullable) */
  TerraneChoice tls_verify;
} LoginOptions;

static gboolean
check_user (const char *user, GError **error)
{
  return (user[0] != '\0' && strchr (user, ':') == NULL)
         || oci_throw (error, OCI_ERROR_USAGE, "a user name is not empty, and has no ‘:’ in it");
}

/* Reads to the end of the input; a newline there is not part of the password. */
static char *
read_password (GError **error)
{
  g_autofree char *buffer = g_malloc0 (MAX_PASSWORD_BYTES + 1);
  size_t size = 0;
  char *password = NULL;
  gboolean ok = oci_read_full (STDIN_FILENO, buffer, MAX_PASSWORD_BYTES + 1, &size, error);
  if (ok && size > MAX_PASSWORD_BYTES)
    ok = oci_throw (error, OCI_ERROR_LIMIT,
                    "login: more than the %d bytes that a password may have", MAX_PASSWORD_BYTES);
  if (ok && size > 0 && buffer[size - 1] == '\n')
    size--;
  if (ok && size > 0 && buffer[size - 1] == '\r')
    size--;
  if (ok && memchr (buffer, '\0', size) != NULL)
    ok = oci_throw (error, OCI_ERROR_USAGE, "login: the password has a NUL byte in it");
  if (ok)
    password = g_strndup (buffer, size);
  explicit_bzero (buffer, MAX_PASSWORD_BYTES + 1);
  return password;
}

static char *
ask (const char *question, gboolean hidden, GError **error)
{
  g_autoptr (GError) local = NULL;
  char *answer = terrane_prompt (question, hidden, &local);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_USAGE))
    oci_throw (error, OCI_ERROR_USAGE,
               "login: %s; give --username, and the password to --password-stdin", local->message);
  else if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return answer;
}

static OciCredentials *
get_credentials (const LoginOptions *options, GError **error)
{
  g_autoptr (OciCredentials) self = g_new0 (OciCredentials, 1);
  self->source = g_strdup ("this login");
  self->user = options->user != NULL ? g_strdup (options->user) : ask ("Username: ", FALSE, error);
  if (self->user == NULL)
    return NULL;
  self->password =
      options->password_stdin ? read_password (error) : ask ("Password: ", TRUE, error);
  if (self->password == NULL)
    return NULL;
  OCI_PREFIX (error, "login");
  if (!check_user (self->user, error))
    return NULL;
  if (self->password[0] != '\0')
    return g_steal_pointer (&self);
  oci_throw (error, OCI_ERROR_USAGE, "the password is empty");
  return NULL;
}

static void
report (const TerraneGlobal *global, const char *key, const char *file, const char *helper)
{
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      oci_json_set (object, "host", oci_json_text (key));
      oci_json_set (object, helper != NULL ? "helper" : "file",
                    oci_json_text (helper != NULL ? helper : file));
      terrane_print_json (object);
    }
  else if (helper != NULL)
    terrane_print ("Login succeeded: %s, stored in docker-credential-%s\n", key, helper);
  else
    terrane_print ("Login succeeded: %s, stored in %s\n", key, file);
}

static void
on_notice (gpointer data, const char *message)
{
  const TerraneProgress *progress = terrane_terminal_progress (data);
  terrane_progress_warn (progress, "%s", message);
}

static gboolean
log_in (const TerraneGlobal *global, const LoginOptions *options, const char *key, GError **error)
{
  terrane_remote_protect ();
  g_autofree char *host = oci_auth_key_parse (key, error);
  g_autoptr (OciCredentials) credentials = host != NULL ? get_credentials (options, error) : NULL;
  if (credentials == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const OciHttpOptions http = {
    .user_agent = "terrane/" TERRANE_VERSION,
    .insecure = options->tls_verify == TERRANE_CHOICE_FALSE,
    .notice = on_notice,
    .notice_data = terminal,
  };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&http);
  g_autofree char *helper = NULL;
  g_autofree char *file =
      options->authfile != NULL ? g_strdup (options->authfile) : oci_auth_lookup_login_path ();
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  GCancellable *cancellable = terrane_interrupt_cancellable (interrupt);
  if (!oci_registry_check_login (client, host, credentials, cancellable, error)
      || !oci_auth_file_store (file, key, credentials, cancellable, &helper, error))
    return FALSE;
  report (global, key, file, helper);
  return TRUE;
}

static gboolean
run_login (TerraneGlobal *global, const void *options, char **arguments, GError **error)
{
  if (global->offline)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "login: the credentials are tried at the registry, which --offline forbids");
  return log_in (global, options, arguments[0], error);
}

static const TerraneOption login_options[] = {
  { .name = "username",
    .letter = 'u',
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (LoginOptions, user),
    .metavar = "USER",
    .check = check_user,
    .help = "The user (asked for by default)" },
  { .name = "password-stdin",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (LoginOptions, password_stdin),
    .needs = "username",
    .help = "Read the password from standard input" },
  { .name = "authfile",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (LoginOptions, authfile),
    .metavar = "FILE",
    .help = "The file to write" },
  { .name = "tls-verify",
    .kind = TERRANE_OPTION_BOOLEAN,
    .target = offsetof (LoginOptions, tls_verify),
    .metavar = "BOOL",
    .help = "false: any certificate, and plain HTTP" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_login = {
  .name = "login",
  .arguments = "HOST[/NAMESPACE]",
  .summary = "Check and store credentials of a registry",
  .description = "The credentials are tried first. They are stored where podman login stores them: "
                 "$REGISTRY_AUTH_FILE, else $XDG_RUNTIME_DIR/containers/auth.json, else "
                 "/run/containers/UID/auth.json; or in the credential helper that this file names. "
                 "terrane asks for the password on the terminal; it is never an argument.",
  .examples = "login registry.example.org",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_PROGRESS,
  .operands = { TERRANE_OPERAND_TEXT },
  .options = (const TerraneOptionGroup[]){ { .rows = login_options }, { .rows = NULL } },
  .size = sizeof (LoginOptions),
  .run = run_login,
};
