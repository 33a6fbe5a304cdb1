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
  char *user;
  gboolean password_stdin;
  char *authfile;
  char *tls_verify;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->user);
  g_free (self->authfile);
  g_free (self->tls_verify);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
check_options (const Options *options, GError **error)
{
  if (options->tls_verify != NULL && strcmp (options->tls_verify, "true") != 0
      && strcmp (options->tls_verify, "false") != 0)
    return oci_throw (error, OCI_ERROR_USAGE, "login: --tls-verify must be true or false");
  if (options->password_stdin && options->user == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "login: --password-stdin needs --username");
  if (options->user != NULL && (options->user[0] == '\0' || strchr (options->user, ':') != NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "login: a user name is not empty, and has no ‘:’ in it");
  return TRUE;
}

/* Until the end; a newline there is not part of it. */
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
get_credentials (const Options *options, GError **error)
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
  gboolean ok = self->user[0] != '\0' && strchr (self->user, ':') == NULL;
  if (ok && self->password[0] != '\0')
    return g_steal_pointer (&self);
  oci_throw (error, OCI_ERROR_USAGE, "login: %s",
             ok ? "the password is empty" : "a user name is not empty, and has no ‘:’ in it");
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
log_in (const TerraneGlobal *global, const Options *options, const char *key, GError **error)
{
  terrane_remote_protect ();
  g_autofree char *host = oci_auth_key_parse (key, error);
  g_autoptr (OciCredentials) credentials = host != NULL ? get_credentials (options, error) : NULL;
  if (credentials == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const OciHttpOptions http = {
    .user_agent = "terrane/" TERRANE_VERSION,
    .insecure = g_strcmp0 (options->tls_verify, "false") == 0,
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

gboolean
terrane_command_login (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  g_auto (Options) options = { 0 };
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "username", 'u', 0, G_OPTION_ARG_STRING, &options.user, "The user (default: asked)", "USER" },
    { "password-stdin", 0, 0, G_OPTION_ARG_NONE, &options.password_stdin,
      "Read the password from standard input", NULL },
    { "authfile", 0, 0, G_OPTION_ARG_FILENAME, &options.authfile, "The file to write", "FILE" },
    { "tls-verify", 0, 0, G_OPTION_ARG_STRING, &options.tls_verify,
      "false: any certificate, and plain HTTP", "BOOL" },
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "login",
    .entries = entries,
    .description =
        "The credentials are tried first. They are stored where podman login stores them:\n"
        "$REGISTRY_AUTH_FILE, else $XDG_RUNTIME_DIR/containers/auth.json, else\n"
        "/run/containers/UID/auth.json; or with the credential helper that this file names.\n"
        "The password is asked for on the terminal, and is never an argument.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  return check_options (&options, error) && log_in (global, &options, arguments[0], error);
}
