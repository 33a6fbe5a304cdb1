/* terrane logout */
#include "builder/cli/command.h"

#include "oci/base/json.h"
#include "oci/registry/auth-key.h"
#include "oci/registry/auth-lookup.h"
#include "oci/registry/auth-store.h"

#include <string.h>

static void
report (const TerraneGlobal *global, const char *key, const char *file, const char *helper)
{
  g_autofree char *program =
      helper != NULL ? g_strconcat ("docker-credential-", helper, NULL) : NULL;
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      oci_json_set (object, "host", key != NULL ? oci_json_text (key) : json_null ());
      oci_json_set (object, helper != NULL ? "helper" : "file",
                    oci_json_text (helper != NULL ? helper : file));
      terrane_print_json (object);
    }
  else if (key == NULL)
    terrane_print ("Removed all credentials from %s\n", file);
  else
    terrane_print ("Removed the credentials of %s from %s\n", key,
                   program != NULL ? program : file);
}

/* If there were no credentials to remove, names those that stay in use. */
static void
mention_others (const char *key, GError **error)
{
  g_autofree char *host = oci_auth_key_parse (key, NULL);
  const char *namespace =
      host != NULL && key[strlen (host)] == '/' ? key + strlen (host) + 1 : NULL;
  g_autoptr (OciAuthLookup) lookup =
      host != NULL ? oci_auth_lookup (host, namespace, NULL, NULL) : NULL;
  if (lookup == NULL || lookup->credentials == NULL || error == NULL || *error == NULL)
    return;
  g_autofree char *before = g_strdup ((*error)->message);
  g_clear_error (error);
  oci_throw (error, OCI_ERROR_NOT_FOUND, "%s; those of %s are used, see --authfile", before,
             lookup->credentials->source);
}

static gboolean
log_out (const TerraneGlobal *global, const char *key, const char *authfile, GError **error)
{
  g_autofree char *helper = NULL;
  g_autofree char *file = authfile != NULL ? g_strdup (authfile) : oci_auth_lookup_login_path ();
  g_autoptr (GError) local = NULL;
  if (oci_auth_file_erase (file, key, NULL, &helper, &local))
    {
      report (global, key, file, helper);
      return TRUE;
    }
  if (authfile == NULL && g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    mention_others (key, &local);
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "logout: ");
  return FALSE;
}

static gboolean
log_out_everywhere (const TerraneGlobal *global, const char *authfile, GError **error)
{
  gboolean any = FALSE;
  g_autofree char *file = authfile != NULL ? g_strdup (authfile) : oci_auth_lookup_login_path ();
  OCI_PREFIX (error, "logout");
  if (!oci_auth_file_erase_all (file, NULL, &any, error))
    return FALSE;
  if (!any)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "no credentials in %s", file);
  report (global, NULL, file, NULL);
  return TRUE;
}

typedef struct
{
  char *authfile; /* (nullable) */
  gboolean all;
} LogoutOptions;

static gboolean
run_logout (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const LogoutOptions *options = data;
  if (options->all == (arguments[0] != NULL))
    return oci_throw (error, OCI_ERROR_USAGE, "logout: expected either HOST[/NAMESPACE] or --all");
  return options->all ? log_out_everywhere (global, options->authfile, error)
                      : log_out (global, arguments[0], options->authfile, error);
}

static const TerraneOption logout_options[] = {
  { .name = "authfile",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (LogoutOptions, authfile),
    .metavar = "FILE",
    .help = "The file to change" },
  { .name = "all",
    .letter = 'a',
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (LogoutOptions, all),
    .help = "Remove all credentials from the file" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_logout = {
  .name = "logout",
  .arguments = "HOST[/NAMESPACE]\n--all",
  .summary = "Remove the credentials of a registry",
  .description = "Edits the file that login writes. If the file names a credential helper for the "
                 "host, the helper erases the credentials.",
  .examples = "logout registry.example.org",
  .max = 1,
  .operands = { TERRANE_OPERAND_TEXT },
  .options = (const TerraneOptionGroup[]){ { .rows = logout_options }, { .rows = NULL } },
  .size = sizeof (LogoutOptions),
  .run = run_logout,
};
