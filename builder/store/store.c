#include "builder/store/store.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STORE_VERSION "1\n"

struct _TerraneStore
{
  char *path;
  OciFd dfd;
  OciFd lock;
  OciFd roots;
  OstreeRepo *repo;
  OciLayout *layout;
};

char *
terrane_store_default_path (const char *option)
{
  if (option != NULL)
    return g_strdup (option);
  const char *environment = g_getenv ("TERRANE_STORE");
  if (environment != NULL && environment[0] != '\0')
    return g_strdup (environment);
  return g_build_filename (g_get_user_data_dir (), "terrane", NULL);
}

static gboolean
take_lock (TerraneStore *self, int operation, GError **error)
{
  while (flock (self->lock, operation) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "locking");
  return TRUE;
}

static gboolean
check_version (TerraneStore *self, GError **error)
{
  g_autoptr (GBytes) version = NULL;
  g_autoptr (GError) local = NULL;
  if (!oci_read_file (self->dfd, "version", 64, &version, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return oci_replace_file (self->dfd, "version", 0644, STORE_VERSION, strlen (STORE_VERSION),
                                 error);
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  gsize size = 0;
  const char *text = g_bytes_get_data (version, &size);
  if (size == strlen (STORE_VERSION) && memcmp (text, STORE_VERSION, size) == 0)
    return TRUE;
  g_autofree char *got = g_strndup (text, size);
  g_autofree char *quoted = oci_quote (g_strstrip (got));
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "has the format %s, this build knows 1; use the terrane that made it, or "
                    "another --store",
                    quoted);
}

static gboolean
open_parts (TerraneStore *self, GError **error)
{
  if (!check_version (self, error) || !oci_make_dirs (self->dfd, "roots", 0755, error)
      || !oci_make_dirs (self->dfd, "cache", 0755, error)
      || !oci_open_dir (self->dfd, "roots", &self->roots, error))
    return FALSE;
  self->layout = oci_layout_open (self->dfd, "images", TRUE, error);
  if (self->layout == NULL)
    return FALSE;
  self->repo =
      ostree_repo_create_at (self->dfd, "repo", OSTREE_REPO_MODE_BARE_USER, NULL, NULL, error);
  if (self->repo == NULL)
    {
      g_prefix_error (error, "the ostree repository (its file system must support user extended "
                             "attributes): ");
      return FALSE;
    }
  /* One syncfs() when a name is set replaces thousands of fsync() calls. */
  ostree_repo_set_disable_fsync (self->repo, TRUE);
  return TRUE;
}

TerraneStore *
terrane_store_open (const char *path, TerraneStoreAccess access, GError **error)
{
  OCI_PREFIX (error, "the store %s", path);
  g_autoptr (TerraneStore) self = g_new0 (TerraneStore, 1);
  self->path = g_strdup (path);
  self->dfd = self->lock = self->roots = -1;
  if (!oci_make_dirs (AT_FDCWD, path, 0755, error)
      || !oci_open_dir (AT_FDCWD, path, &self->dfd, error))
    return NULL;
  self->lock = openat (self->dfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (self->lock < 0)
    {
      oci_throw_errno (error, "opening its lock");
      return NULL;
    }
  /* Creation is not atomic, so a store without its repository is finished by one process alone. */
  gboolean fresh = faccessat (self->dfd, "repo/config", F_OK, 0) < 0;
  if (!take_lock (self, fresh || access == TERRANE_STORE_EXCLUSIVE ? LOCK_EX : LOCK_SH, error)
      || !open_parts (self, error)
      || (access == TERRANE_STORE_SHARED && !take_lock (self, LOCK_SH, error)))
    return NULL;
  return g_steal_pointer (&self);
}

void
terrane_store_free (TerraneStore *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->repo);
  oci_layout_free (self->layout);
  oci_fd_close (self->roots);
  oci_fd_close (self->lock);
  oci_fd_close (self->dfd);
  g_free (self->path);
  g_free (self);
}

const char *
terrane_store_path (TerraneStore *self)
{
  return self->path;
}

int
terrane_store_dfd (TerraneStore *self)
{
  return self->dfd;
}

int
terrane_store_roots_dfd (TerraneStore *self)
{
  return self->roots;
}

OstreeRepo *
terrane_store_repo (TerraneStore *self)
{
  return self->repo;
}

OciLayout *
terrane_store_layout (TerraneStore *self)
{
  return self->layout;
}

gboolean
terrane_store_sync (TerraneStore *self, GError **error)
{
  return syncfs (self->dfd) == 0 || oci_throw_errno (error, "the store %s: syncing", self->path);
}
