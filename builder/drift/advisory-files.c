#include "builder/drift/advisory-files.h"

#include "oci/archive-reader.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_DEPTH = 8, /* of directories */
  MAX_FILES = 1000000,
};

/* PyPI's export has some 20000 records with 100 MB, Debian's four times as many. */
static const OciUnpackLimits zip_limits = {
  .bytes = G_GUINT64_CONSTANT (8) << 30,
  .entries = 1000000,
  .ratio = 100,
};

typedef struct
{
  TerraneAdvisories *advisories;
  TerraneAdvisoryFiles *files;
  guint seen; /* files and members */
} Reading;

void
terrane_advisory_files_clear (TerraneAdvisoryFiles *self)
{
  g_clear_pointer (&self->first, g_free);
}

/* @failure: (transfer full) */
static void
note_broken (Reading *self, GError *failure)
{
  if (self->files->broken++ == 0)
    self->files->first = g_strdup (failure->message);
  g_error_free (failure);
}

static void
take (Reading *self, const char *name, GBytes *data)
{
  GError *local = NULL;
  g_autoptr (TerraneOsvRecord) record = terrane_osv_record_parse (name, data, &local);
  if (record == NULL)
    {
      note_broken (self, local);
      return;
    }
  self->files->records++;
  terrane_advisories_take (self->advisories, record);
}

static gboolean
count (Reading *self, GError **error)
{
  return ++self->seen <= MAX_FILES
         || oci_throw (error, OCI_ERROR_LIMIT, "there are more than %d advisories", MAX_FILES);
}

static gboolean
read_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Reading *self = data;
  if (entry->type != OCI_ENTRY_FILE || !g_str_has_suffix (entry->path, ".json"))
    return TRUE;
  g_autofree char *quoted = oci_quote (entry->path);
  if (!count (self, error))
    return FALSE;
  if (entry->size > TERRANE_OSV_MAX_BYTES)
    {
      note_broken (self, g_error_new (OCI_ERROR, OCI_ERROR_LIMIT, "%s has more than %d bytes",
                                      quoted, TERRANE_OSV_MAX_BYTES));
      return TRUE;
    }
  size_t size = entry->size, done = 0, got = 1;
  g_autofree char *content = g_malloc (size + 1);
  while (done < size && got > 0)
    {
      if (!oci_archive_reader_read (reader, content + done, size - done, &got, error))
        return FALSE;
      done += got;
    }
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&content), done);
  take (self, quoted, bytes);
  return TRUE;
}

static gboolean
read_zip (Reading *self, int dfd, const char *path, GError **error)
{
  g_auto (OciFd) fd = -1;
  struct stat st;
  OciUnpackBudget budget = { .limits = zip_limits };
  if (!oci_open_file (dfd, path, TRUE, &fd, &st, error))
    return FALSE;
  budget.packed = (uint64_t) st.st_size;
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new (path, fd, &budget, NULL, error);
  return reader != NULL && oci_archive_reader_foreach (reader, read_member, self, error);
}

static gboolean
read_record (Reading *self, int dfd, const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  if (oci_read_file (dfd, path, TERRANE_OSV_MAX_BYTES, &data, &local))
    {
      take (self, path, data);
      return TRUE;
    }
  if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  note_broken (self, g_steal_pointer (&local));
  return TRUE;
}

/* Ignores files other than .json and .zip. */
static gboolean
read_file (Reading *self, int dfd, const char *name, GError **error)
{
  if (g_str_has_suffix (name, ".zip"))
    return count (self, error) && read_zip (self, dfd, name, error);
  return !g_str_has_suffix (name, ".json")
         || (count (self, error) && read_record (self, dfd, name, error));
}

static gboolean
is_directory (int dfd, const char *name)
{
  struct stat st;
  return fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode);
}

/* One list per level: the depth is limited. */
static gboolean
read_directory (Reading *self, int dfd, const char *path, unsigned depth, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *quoted = oci_quote (path);
  OCI_PREFIX (error, "%s", quoted);
  if (!oci_open_dir (dfd, path, &directory, error)
      || !oci_list_names (directory, ".", FALSE, &names, error))
    return FALSE;
  if (depth == MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_LIMIT, "directories are nested more than %d deep",
                      MAX_DEPTH);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      gboolean ok = is_directory (directory, name)
                        ? read_directory (self, directory, name, depth + 1, error)
                        : read_file (self, directory, name, error);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_advisory_files_read (const char *path, TerraneAdvisories *advisories,
                             TerraneAdvisoryFiles *out_files, GError **error)
{
  Reading self = { .advisories = advisories, .files = out_files };
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return read_directory (&self, AT_FDCWD, path, 0, error);
  return g_str_has_suffix (path, ".zip") ? read_zip (&self, AT_FDCWD, path, error)
                                         : read_record (&self, AT_FDCWD, path, error);
}
