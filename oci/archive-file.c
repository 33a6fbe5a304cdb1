#include "oci/archive-file.h"

#include "oci/base/temp-file.h"
#include "oci/base/text-hash.h"
#include "oci/tar-writer.h"

#include <fcntl.h>

enum
{
  COPY_BYTES = 256 * 1024,
};

struct _OciArchiveFile
{
  char *name;
  OciFd directory;
  OciTempFile file;
  OciTarWriter *tar;
  GHashTable *added; /* paths */
};

static gboolean
take_tar (gpointer data, const void *bytes, size_t len, GError **error)
{
  OciArchiveFile *self = data;
  return oci_write_all (self->file.fd, bytes, len, error);
}

OciArchiveFile *
oci_archive_file_new (const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autoptr (OciArchiveFile) self = g_new0 (OciArchiveFile, 1);
  self->name = g_path_get_basename (path);
  self->directory = -1;
  self->file = (OciTempFile) OCI_TEMP_FILE_INIT;
  self->tar = oci_tar_writer_new (take_tar, self);
  self->added = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  if (!oci_open_dir (AT_FDCWD, directory, &self->directory, error)
      || !oci_temp_file_open (&self->file, self->directory, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_archive_file_free (OciArchiveFile *self)
{
  if (self == NULL)
    return;
  oci_temp_file_clear (&self->file);
  oci_fd_close (self->directory);
  oci_tar_writer_free (self->tar);
  g_hash_table_unref (self->added);
  g_free (self->name);
  g_free (self);
}

gboolean
oci_archive_file_add (OciArchiveFile *self, const char *path, GBytes *content, GError **error)
{
  OciEntry entry = {
    .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = g_bytes_get_size (content)
  };
  return oci_tar_writer_add (self->tar, &entry, error)
         && oci_tar_writer_data (self->tar, g_bytes_get_data (content, NULL), entry.size, error);
}

gboolean
oci_archive_file_add_directory (OciArchiveFile *self, const char *path, GError **error)
{
  OciEntry entry = { .path = path, .type = OCI_ENTRY_DIRECTORY, .mode = 0755 };
  return oci_tar_writer_add (self->tar, &entry, error);
}

gboolean
oci_archive_file_add_blob (OciArchiveFile *self, const char *path, OciLayout *layout,
                           const OciDescriptor *blob, GError **error)
{
  g_auto (OciFd) fd = -1;
  OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = blob->size };
  if (!g_hash_table_add (self->added, g_strdup (path)))
    return TRUE;
  if (!oci_layout_open_verified (layout, blob, &fd, error)
      || !oci_tar_writer_add (self->tar, &entry, error))
    return FALSE;
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    if (!oci_read_full (fd, buffer, COPY_BYTES, &got, error)
        || !oci_tar_writer_data (self->tar, buffer, got, error))
      return FALSE;
  return TRUE;
}

gboolean
oci_archive_file_finish (OciArchiveFile *self, GError **error)
{
  return oci_tar_writer_finish (self->tar, error)
         && oci_check_replaceable (self->directory, self->name, error)
         && oci_temp_file_publish_synced (&self->file, self->directory, self->name, 0644, error);
}
