#include "builder/compile/log.h"

#include "oci/base/error.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  START_BYTES = 32 * 1024 * 1024,
  END_BYTES = 1024 * 1024,
};

gboolean
terrane_compile_log_open (TerraneCompileLog *self, const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  self->path = g_strdup (path);
  oci_capture_init (&self->after, 0, END_BYTES);
  if (!oci_make_dirs (AT_FDCWD, directory, 0700, error)
      || !oci_open_dir (AT_FDCWD, directory, &self->directory, error))
    return FALSE;
  self->partial = g_strdup_printf (".%s-%08x", name, g_random_int ());
  self->fd = openat (self->directory, self->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return self->fd >= 0 || oci_throw_errno (error, "creating %s", path);
}

gboolean
terrane_compile_log_add (TerraneCompileLog *self, const char *text, size_t len, GError **error)
{
  size_t now = (size_t) MIN ((uint64_t) len, START_BYTES - self->size);
  OCI_PREFIX (error, "%s", self->path);
  if (now > 0 && !oci_write_all (self->fd, text, now, error))
    return FALSE;
  self->size += now;
  if (len > now)
    oci_capture_take (&self->after, text + now, len - now);
  return TRUE;
}

static gboolean
write_end (TerraneCompileLog *self, GError **error)
{
  g_autofree char *note =
      self->after.dropped > 0
          ? g_strdup_printf ("\n… %" G_GUINT64_FORMAT " bytes left out …\n", self->after.dropped)
          : g_strdup ("");
  return oci_write_all (self->fd, note, strlen (note), error)
         && oci_write_all (self->fd, self->after.tail->str, self->after.tail->len, error);
}

gboolean
terrane_compile_log_finish (TerraneCompileLog *self, GError **error)
{
  OCI_PREFIX (error, "%s", self->path);
  g_autofree char *name = g_path_get_basename (self->path);
  if (!write_end (self, error))
    return FALSE;
  if (renameat (self->directory, self->partial, self->directory, name) < 0)
    return oci_throw_errno (error, "renaming");
  g_clear_pointer (&self->partial, g_free);
  return TRUE;
}

void
terrane_compile_log_clear (TerraneCompileLog *self)
{
  if (self->partial != NULL && self->fd >= 0)
    (void) unlinkat (self->directory, self->partial, 0); /* gc removes the rest */
  oci_fd_close (oci_fd_steal (&self->fd));
  oci_fd_close (oci_fd_steal (&self->directory));
  oci_capture_clear (&self->after);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->partial, g_free);
}
