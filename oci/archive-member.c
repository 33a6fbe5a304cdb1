#include "oci/archive-member.h"

#include <fcntl.h>

enum
{
  COPY_BYTES = 256 * 1024,
  MAX_MEMBER_BYTES = 16 * 1024 * 1024,
};

/* Copies the current member into the layout. */
gboolean
oci_archive_import_member (OciArchiveReader *reader, OciLayout *layout, const OciDigest *expected,
                           OciDigest *out_digest, uint64_t *out_size, GError **error)
{
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (layout, error);
  if (writer == NULL)
    return FALSE;
  for (;;)
    {
      size_t got = 0;
      if (!oci_archive_reader_read (reader, buffer, COPY_BYTES, &got, error))
        return FALSE;
      if (got == 0)
        return oci_blob_writer_finish (writer, expected, out_digest, out_size, error);
      if (!oci_blob_writer_write (writer, buffer, got, error))
        return FALSE;
    }
}

GBytes *
oci_archive_read_member (OciArchiveReader *reader, uint64_t size, GError **error)
{
  if (size > MAX_MEMBER_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "a document of %" G_GUINT64_FORMAT " bytes", size);
      return NULL;
    }
  g_autofree char *data = g_malloc (size + 1);
  size_t total = 0;
  for (size_t got = 1; got > 0 && total < size; total += got)
    if (!oci_archive_reader_read (reader, data + total, size - total, &got, error))
      return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), total);
}

typedef struct
{
  const char *path;
  OciMemberFunc func;
  gpointer data;
} Members;

static gboolean
call_with_path (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  const Members *self = data;
  OCI_PREFIX (error, "%s", self->path);
  return self->func (reader, entry, self->data, error);
}

gboolean
oci_archive_foreach (const char *path, const OciDigest *expected, OciLayout *layout,
                     OciMemberFunc func, gpointer data, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  OciUnpackBudget budget = oci_layout_unpack_budget (layout);
  if (!oci_open_file (AT_FDCWD, path, TRUE, &fd, NULL, error))
    return FALSE;
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new (path, fd, &budget, digester, error);
  if (reader == NULL)
    return FALSE;
  oci_archive_reader_allow_absolute (reader); /* podman's pack writes names with a slash in front */
  Members members = { .path = path, .func = func, .data = data };
  if (!oci_archive_reader_foreach (reader, call_with_path, &members, error))
    return FALSE;
  OciDigest actual = oci_digester_finish (digester);
  return expected == NULL || oci_digest_equal (expected, &actual)
         || oci_throw (error, OCI_ERROR_CORRUPT, "%s changed while it was read", path);
}
