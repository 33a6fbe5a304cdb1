#include "oci/registry/auth-lookup.h"

#include "oci/base/fd.h"
#include "oci/registry/auth-file.h"
#include "oci/registry/credential-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define RUN_CONTAINERS "/run/containers/"

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *
home_path (const char *variable, const char *below_home, const char *file)
{
  const char *directory = environment (variable);
  if (directory != NULL)
    return g_build_filename (directory, file, NULL);
  const char *home = environment ("HOME");
  return g_build_filename (home != NULL ? home : g_get_home_dir (), below_home, file, NULL);
}

char *
oci_auth_lookup_login_path (void)
{
  const char *only = environment ("REGISTRY_AUTH_FILE");
  const char *runtime = environment ("XDG_RUNTIME_DIR");
  if (only != NULL)
    return g_strdup (only);
  return runtime != NULL ? g_build_filename (runtime, "containers", "auth.json", NULL)
                         : g_strdup_printf (RUN_CONTAINERS "%u/auth.json", getuid ());
}

static GPtrArray *
search_path (void)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (paths, oci_auth_lookup_login_path ());
  if (environment ("REGISTRY_AUTH_FILE") == NULL)
    {
      g_ptr_array_add (paths, home_path ("XDG_CONFIG_HOME", ".config", "containers/auth.json"));
      g_ptr_array_add (paths, home_path ("DOCKER_CONFIG", ".docker", "config.json"));
    }
  return paths;
}

char **
oci_auth_lookup_paths (void)
{
  g_autoptr (GPtrArray) paths = search_path ();
  g_ptr_array_add (paths, NULL);
  return (char **) g_ptr_array_steal (paths, NULL);
}

/* If root uses podman, /run/containers is root's and inaccessible to others: a user without a
 * runtime directory cannot have anything there. */
static gboolean
is_out_of_reach (const char *path)
{
  return environment ("XDG_RUNTIME_DIR") == NULL && g_str_has_prefix (path, RUN_CONTAINERS)
         && access (RUN_CONTAINERS, X_OK) < 0 && errno == EACCES;
}

gboolean
oci_auth_lookup_read (const char *path, GBytes **out_data, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean chosen = environment ("REGISTRY_AUTH_FILE") != NULL;
  OCI_PREFIX (error, "registry credentials%s", chosen ? " of $REGISTRY_AUTH_FILE" : "");
  *out_data = NULL;
  if (oci_read_file (AT_FDCWD, path, OCI_AUTH_FILE_MAX_BYTES, out_data, &local)
      || (!chosen
          && (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND) || is_out_of_reach (path))))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* A missing file has no credentials. */
static gboolean
read_file (const char *path, const char *host, const char *repository, OciAuthEntry *out_entry,
           GError **error)
{
  g_autoptr (GBytes) data = NULL;
  gboolean chosen = environment ("REGISTRY_AUTH_FILE") != NULL;
  if (!oci_auth_lookup_read (path, &data, error))
    return FALSE;
  OCI_PREFIX (error, "registry credentials%s", chosen ? " of $REGISTRY_AUTH_FILE" : "");
  return data == NULL || oci_auth_file_parse (path, data, host, repository, out_entry, error);
}

static gboolean
ask_helper (const OciAuthEntry *entry, const char *path, GCancellable *cancellable,
            OciCredentials **out_credentials, GError **error)
{
  const OciCredentialHelper helper = { .name = entry->helper,
                                       .server = entry->server,
                                       .origin = path };
  OCI_PREFIX (error, "registry credentials");
  return oci_credential_helper_get (&helper, cancellable, out_credentials, error);
}

static gboolean
search_file (const char *path, const char *host, const char *repository, GCancellable *cancellable,
             GPtrArray *searched, OciCredentials **out_credentials, GError **error)
{
  g_auto (OciAuthEntry) entry = { 0 };
  if (!read_file (path, host, repository, &entry, error))
    return FALSE;
  g_ptr_array_add (searched, entry.helper == NULL
                                 ? g_strdup (path)
                                 : g_strdup_printf ("%s (" OCI_CREDENTIAL_HELPER_PREFIX "%s)", path,
                                                    entry.helper));
  if (entry.helper != NULL)
    return ask_helper (&entry, path, cancellable, out_credentials, error);
  *out_credentials = g_steal_pointer (&entry.credentials);
  return TRUE;
}

OciAuthLookup *
oci_auth_lookup (const char *host, const char *repository, GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GPtrArray) paths = search_path ();
  g_autoptr (OciAuthLookup) self = g_new0 (OciAuthLookup, 1);
  g_autoptr (GPtrArray) searched = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < paths->len && self->credentials == NULL; i++)
    if (!search_file (paths->pdata[i], host, repository, cancellable, searched, &self->credentials,
                      error))
      return NULL;
  g_ptr_array_add (searched, NULL);
  self->searched = (char **) g_ptr_array_steal (searched, NULL);
  return g_steal_pointer (&self);
}

void
oci_auth_lookup_free (OciAuthLookup *self)
{
  if (self == NULL)
    return;
  oci_credentials_free (self->credentials);
  g_strfreev (self->searched);
  g_free (self);
}
