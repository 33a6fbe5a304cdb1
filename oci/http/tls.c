#include "oci/http/tls.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum
{
  CERTIFICATES_MAX_BYTES = 8 * 1024 * 1024,
};

void
oci_tls_config_free (OciTlsConfig *self)
{
  if (self == NULL)
    return;
  g_free (self->ca_file);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->directory);
  oci_fd_close (self->ca_fd);
  g_free (self);
}

static gboolean
append_file (GByteArray *all, const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  if (!oci_read_file (AT_FDCWD, path, CERTIFICATES_MAX_BYTES, &data, error))
    return FALSE;
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  g_byte_array_append (all, bytes, (guint) size);
  g_byte_array_append (all, (const guint8 *) "\n", 1);
  return TRUE;
}

/* libcurl reads one file, so all authorities are combined in one in memory. */
static gboolean
publish (OciTlsConfig *self, const GByteArray *all, GError **error)
{
  self->ca_fd = memfd_create ("terrane-certificates", MFD_CLOEXEC);
  if (self->ca_fd < 0)
    return oci_throw_errno (error, "memfd_create");
  if (!oci_write_all (self->ca_fd, all->data, all->len, error))
    return FALSE;
  g_free (self->ca_file);
  self->ca_file = g_strdup_printf ("/proc/self/fd/%d", self->ca_fd);
  return TRUE;
}

static gboolean
take_client_certificate (OciTlsConfig *self, const char *path, GError **error)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (".cert"));
  g_autofree char *key = g_strconcat (stem, ".key", NULL);
  if (!g_file_test (key, G_FILE_TEST_EXISTS))
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "the client certificate %s has no key %s beside it", path, key);
  if (self->certificate != NULL)
    return TRUE; /* the first by name, since there is only one connection */
  self->certificate = g_strdup (path);
  self->key = g_steal_pointer (&key);
  return TRUE;
}

static gboolean
read_directory (OciTlsConfig *self, const char *trusted_file, GError **error)
{
  OCI_PREFIX (error, "registry certificates");
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GByteArray) all = g_byte_array_new ();
  if (!oci_list_names (AT_FDCWD, self->directory, TRUE, &names, error)
      || (trusted_file != NULL && !append_file (all, trusted_file, error)))
    return FALSE;
  gboolean more = FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (self->directory, names->pdata[i], NULL);
      gboolean authority = g_str_has_suffix (path, ".crt");
      if (!authority && !g_str_has_suffix (path, ".cert"))
        continue;
      if (authority ? !append_file (all, path, error)
                    : !take_client_certificate (self, path, error))
        return FALSE;
      more = more || authority;
    }
  return !more || publish (self, all, error);
}

static char *
find_directory (const char *host)
{
  const char *config = g_getenv ("XDG_CONFIG_HOME");
  const char *home = g_getenv ("HOME");
  g_autofree char *own = config != NULL && config[0] != '\0'
                             ? g_build_filename (config, "containers", "certs.d", NULL)
                             : g_build_filename (home != NULL ? home : g_get_home_dir (), ".config",
                                                 "containers", "certs.d", NULL);
  const char *const parents[] = { own, "/etc/containers/certs.d", "/etc/docker/certs.d" };
  for (size_t i = 0; i < G_N_ELEMENTS (parents); i++)
    {
      g_autofree char *path = g_build_filename (parents[i], host, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

OciTlsConfig *
oci_tls_config_load (const char *host, const char *trusted_file, GError **error)
{
  g_autoptr (OciTlsConfig) self = g_new0 (OciTlsConfig, 1);
  self->ca_fd = -1;
  if (strchr (host, '/') != NULL || host[0] == '.') /* never a path out of the directory */
    return g_steal_pointer (&self);
  self->directory = find_directory (host);
  if (self->directory != NULL && !read_directory (self, trusted_file, error))
    return NULL;
  return g_steal_pointer (&self);
}
