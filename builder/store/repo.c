/* The ostree repository of a store, opened when it is needed: commands that only look at images and
 * checkouts start without libostree. */
#include "builder/store/store-private.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FREE_SPACE "min-free-space-percent"

/* By default ostree refuses to write if less than 3 % of a disk are free: on a large disk those are
 * gigabytes, and a build that needs megabytes should not fail for them. */
static gboolean
allow_full_disk (TerraneStore *self, GError **error)
{
  if (g_key_file_has_key (ostree_repo_get_config (self->repo), "core", FREE_SPACE, NULL))
    return TRUE;
  g_autoptr (GKeyFile) config = ostree_repo_copy_config (self->repo);
  g_key_file_set_string (config, "core", FREE_SPACE, "0");
  return ostree_repo_write_config (self->repo, config, error)
         && ostree_repo_reload_config (self->repo, NULL, error);
}

/* Called with the mutex held. */
static gboolean
open_repo (TerraneStore *self, GError **error)
{
  self->repo =
      ostree_repo_create_at (self->dfd, "repo", OSTREE_REPO_MODE_BARE_USER, NULL, NULL, error);
  if (self->repo == NULL)
    {
      g_prefix_error (error, "the ostree repository (its file system must support user extended "
                             "attributes): ");
      return FALSE;
    }
  /* See terrane_store_begin_write(). */
  ostree_repo_set_disable_fsync (self->repo, TRUE);
  if (allow_full_disk (self, error))
    return TRUE;
  g_clear_object (&self->repo);
  return FALSE;
}

gboolean
terrane_store_open_repo (TerraneStore *self, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean ok = self->repo != NULL || open_repo (self, error);
  g_mutex_unlock (&self->mutex);
  return ok;
}

gboolean
terrane_store_repo_is_usual (TerraneStore *self)
{
  static const char usual[] = TERRANE_STORE_CONFIG FREE_SPACE "=0\n";
  gsize size = 0;
  g_autoptr (GBytes) config = NULL;
  g_auto (OciFd) objects = -1;
  if (!oci_read_file (self->dfd, "repo/config", sizeof usual, &config, NULL)
      || !oci_open_dir (self->dfd, "repo/objects", &objects, NULL))
    return FALSE; /* the error is reported where it is opened */
  const char *text = g_bytes_get_data (config, &size);
  return size == strlen (usual) && memcmp (text, usual, size) == 0
         && faccessat (objects, ".", W_OK, AT_EACCESS) == 0;
}

OstreeRepo *
terrane_store_repo (TerraneStore *self)
{
  g_autoptr (GError) local = NULL;
  if (!terrane_store_open_repo (self, &local))
    g_error ("the store %s: %s", self->path, local->message);
  return self->repo;
}
