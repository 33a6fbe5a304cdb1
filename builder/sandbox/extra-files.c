#include "builder/sandbox/extra-files.h"

#include "oci/base/error.h"

#include <glib/gstdio.h>

gboolean
terrane_extra_files_write (const char *directory, const TerraneSandboxFile *files, GError **error)
{
  for (; files != NULL && files->name != NULL; files++)
    {
      gsize len = 0;
      const char *bytes = g_bytes_get_data (files->content, &len);
      g_autofree char *path = g_build_filename (directory, files->name, NULL);
      if (!g_file_set_contents_full (path, bytes, (gssize) len, G_FILE_SET_CONTENTS_NONE,
                                     (int) files->mode, error))
        return FALSE;
      if (g_chmod (path, files->mode) < 0)
        return oci_throw_errno (error, "%s", path);
    }
  return TRUE;
}
