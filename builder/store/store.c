#include "builder/store/store-private.h"

#include "oci/base/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Whether a part of the store exists; only ENOENT means that it does not. */
gboolean
terrane_store_find_part (TerraneStore *self, const char *name, struct stat *out_stat,
                         gboolean *out_there, GError **error)
{
  *out_there = fstatat (self->dfd, name, out_stat, AT_SYMLINK_NOFOLLOW) == 0;
  return *out_there || errno == ENOENT || oci_throw_errno (error, "looking for %s", name);
}

gboolean
terrane_store_read_boot_id (char **out_id, GError **error)
{
  char text[64] = "";
  size_t got = 0;
  g_auto (OciFd) fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return oci_throw_errno (error, "reading the id of this boot");
  *out_id = g_strdup (g_strchomp (text));
  return TRUE;
}

gboolean
terrane_store_begin_write (TerraneStore *self, GError **error)
{
  g_autofree char *boot = NULL;
  struct stat st;
  gboolean there = FALSE;
  if (!terrane_store_find_part (self, TERRANE_STORE_UNSYNCED, &st, &there, error))
    return FALSE;
  if (there)
    return TRUE;
  /* The mark must be on the disk before the objects that it covers. */
  return terrane_store_read_boot_id (&boot, error)
         && oci_replace_file_synced (self->dfd, TERRANE_STORE_UNSYNCED, 0644, boot, strlen (boot),
                                     error);
}

void
terrane_store_set_jobs (TerraneStore *self, unsigned jobs)
{
  self->jobs = jobs;
}

unsigned
terrane_store_jobs (const TerraneStore *self)
{
  return MAX (self->jobs, 1U);
}

void
terrane_store_free (TerraneStore *self)
{
  if (self == NULL)
    return;
  if (self->repo != NULL)
    g_object_unref (self->repo);
  g_mutex_clear (&self->mutex);
  oci_layout_free (self->layout);
  oci_layout_free (self->downloads);
  for (guint i = 0; self->kept != NULL && i < self->kept->len; i++)
    oci_fd_close (g_array_index (self->kept, OciFd, i));
  g_clear_pointer (&self->kept, g_array_unref);
  oci_fd_close (self->roots);
  oci_fd_close (self->lock);
  oci_fd_close (self->dfd);
  g_mutex_clear (&self->elsewhere_mutex);
  g_mutex_clear (&self->looked_mutex);
  g_clear_pointer (&self->looked, g_hash_table_unref);
  g_free (self->path);
  g_free (self);
}

const char *
terrane_store_path (TerraneStore *self)
{
  return self->path;
}

char *
terrane_store_root_path (TerraneStore *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->path, "roots", name, NULL);
  return g_canonicalize_filename (path, NULL);
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

OciLayout *
terrane_store_layout (TerraneStore *self)
{
  return self->layout;
}

OciLayout *
terrane_store_downloads (TerraneStore *self)
{
  return self->downloads;
}

void
terrane_store_keep_fd (TerraneStore *self, OciFd fd)
{
  if (self->kept == NULL)
    self->kept = g_array_new (FALSE, FALSE, sizeof fd);
  g_array_append_val (self->kept, fd);
}
