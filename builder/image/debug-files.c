#include "builder/image/debug-files.h"

#include "builder/store/commit.h"
#include "builder/store/object.h"

#include "oci/base/temp-file.h"

#include <fcntl.h>

enum
{
  COPY_BYTES = 1024 * 1024,
};

typedef struct
{
  TerraneStore *store;
  int directory;
} Output;

static gboolean
copy (int from, int to, GError **error)
{
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    if (!oci_read_full (from, buffer, COPY_BYTES, &got, error)
        || !oci_write_all (to, buffer, got, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_file (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  const Output *self = data;
  g_auto (OciFd) content = -1, parent = -1;
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  if (node->type == OCI_ENTRY_DIRECTORY)
    return oci_make_dirs (self->directory, path, 0755, error);
  g_autofree char *directory = g_path_get_dirname (path);
  return oci_open_dir (self->directory, directory, &parent, error)
         && terrane_object_open_verified (self->store, node, &content, error)
         && oci_temp_file_open (&file, parent, error) && copy (content, file.fd, error)
         && oci_temp_file_publish (&file, parent, node->name, 0644, error);
}

gboolean
terrane_debug_files_write (TerraneStore *store, const GArray *commits, const char *path,
                           GError **error)
{
  g_auto (OciFd) directory = -1;
  OCI_PREFIX (error, "--debug-output %s", path);
  if (!oci_make_dirs (AT_FDCWD, path, 0755, error)
      || !oci_open_dir (AT_FDCWD, path, &directory, error))
    return FALSE;
  Output output = { .store = store, .directory = directory };
  for (guint i = 0; i < commits->len; i++)
    {
      g_autoptr (TerraneTree) tree =
          terrane_commit_load (store, &g_array_index (commits, OciDigest, i), error);
      if (tree == NULL || !terrane_tree_foreach (tree, write_file, &output, error))
        return FALSE;
    }
  return TRUE;
}
