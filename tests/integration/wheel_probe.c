/* Installs a wheel into a directory, for a comparison with pip: wheel-probe WHEEL DIR
 * INTERPRETER */
#include "builder/python/wheel.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

static gboolean
write_entry (gpointer data, const OciEntry *entry, TerraneWheelRead read, gpointer read_data,
             GError **error)
{
  g_autofree char *path = g_build_filename (data, entry->path, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  if (!oci_make_dirs (AT_FDCWD, parent, 0755, error))
    return FALSE;
  g_auto (OciFd) fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, entry->mode);
  if (fd < 0)
    return oci_throw_errno (error, "%s", path);
  static char buffer[65536];
  size_t got = 1;
  while (got > 0)
    if (!read (read_data, buffer, sizeof buffer, &got, error)
        || !oci_write_all (fd, buffer, got, error))
      return FALSE;
  return TRUE;
}

static gboolean
install (const char *file, const char *dir, const char *interpreter, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *name = g_path_get_basename (file);
  if (!oci_open_file (AT_FDCWD, file, TRUE, &fd, NULL, error))
    return FALSE;
  g_autoptr (TerraneWheel) wheel = terrane_wheel_open (name, fd, error);
  const TerraneWheelLayout layout = { .interpreter = interpreter, .installer = "terrane" };
  return wheel != NULL
         && terrane_wheel_install (wheel, &layout, write_entry, (gpointer) dir, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  (void) setlocale (LC_CTYPE, "C.UTF-8");
  (void) umask (022);
  if (argc == 4 && install (argv[1], argv[2], argv[3], &error))
    return 0;
  (void) fprintf (stderr, "%s\n", error != NULL ? error->message : "usage");
  return 1;
}
