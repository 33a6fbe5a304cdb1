/* Untrusted archives: every member is read to its end, up to a limit. */
#include "fuzz.h"

#include "oci/archive-reader.h"
#include "oci/base/path.h"

#include <sys/mman.h>
#include <unistd.h>

enum
{
  MAX_MEMBERS = 1000,
  MAX_CONTENT = 4 * 1024 * 1024, /* of all members: compressed input can be a bomb */
};

static gboolean
read_member (OciArchiveReader *reader, size_t *budget, GError **error)
{
  static char buffer[64 * 1024];
  size_t got = 1;
  while (got > 0 && *budget > 0)
    {
      if (!oci_archive_reader_read (reader, buffer, sizeof buffer, &got, error))
        return FALSE;
      g_assert_cmpuint (got, <=, sizeof buffer);
      *budget -= MIN (got, *budget);
    }
  return TRUE;
}

static void
check_entry (const OciEntry *entry)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_assert_true (oci_path_normalise (entry->path, &path, &error));
  g_assert_cmpstr (path, ==, entry->path);
  g_assert_cmpuint (entry->mode, <=, 07777);
  g_assert_true (entry->xattrs == NULL
                 || g_variant_is_of_type (entry->xattrs, G_VARIANT_TYPE ("a(ayay)")));
  if (entry->type == OCI_ENTRY_SYMLINK || entry->type == OCI_ENTRY_HARDLINK)
    g_assert_nonnull (entry->target);
}

static void
walk (OciArchiveReader *reader)
{
  size_t budget = MAX_CONTENT;
  for (unsigned n = 0; n < MAX_MEMBERS && budget > 0; n++)
    {
      OciEntry entry;
      gboolean end = FALSE;
      g_autoptr (GError) error = NULL;
      gboolean ok = oci_archive_reader_next (reader, &entry, &end, &error);
      FUZZ_CHECK (ok, error);
      if (!ok || end)
        return;
      check_entry (&entry);
      ok = entry.type != OCI_ENTRY_FILE || read_member (reader, &budget, &error);
      FUZZ_CHECK (ok, error);
      if (!ok)
        return;
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_auto (OciFd) fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_assert_true (fd >= 0 && oci_write_all (fd, data, size, &error));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new ("input", fd, NULL, NULL, &error);
  FUZZ_CHECK (reader != NULL, error);
  if (reader != NULL)
    walk (reader);
  return 0;
}
