#include "oci/archive-reader.h"

#include "oci/base/error.h"
#include "oci/base/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

enum
{
  READ_BLOCK = 256 * 1024,
  MAX_XATTRS = 64,
  MAX_XATTR_BYTES = 64 * 1024, /* XATTR_SIZE_MAX of Linux */
};

struct _OciArchiveReader
{
  char *name;
  struct archive *outer;         /* the file: a tar, zip, cpio, or the ar of a deb */
  struct archive *inner;         /* (nullable): data.tar of a deb, read through @outer */
  struct archive_entry *current; /* borrowed from the archive that is read */
  char *path;                    /* of the current member */
  gboolean allow_absolute;
  char *target;
  GVariant *xattrs;
  char *buffer; /* of the inner archive's reads */
  gboolean is_layer;
  OciArchiveSource source; /* (nullable): of a layer */
  gpointer source_data;
  GError *failure; /* (nullable): of @source */
};

/* libarchive: OK 0, EOF 1, WARN -20, RETRY -10, FAILED -25, FATAL -30. WARN means that something
 * was lost, so only OK and EOF count as success. Its strings may be NULL. */
static gboolean
throw_archive (OciArchiveReader *self, struct archive *archive, GError **error)
{
  if (self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }
  const char *reason = archive_error_string (archive);
  g_autofree char *quoted = reason != NULL ? g_utf8_make_valid (reason, -1) : NULL;
  return oci_throw (error, OCI_ERROR_FORMAT, "%s: %s", self->name,
                    quoted != NULL ? quoted : "libarchive could not read it");
}

/* Formats and filters by name: "all" would add filters that run external programs. */
static struct archive *
new_archive (gboolean with_ar)
{
  struct archive *archive = archive_read_new ();
  g_assert (archive != NULL);
  archive_read_support_filter_gzip (archive);
  archive_read_support_filter_bzip2 (archive);
  archive_read_support_filter_xz (archive);
  archive_read_support_filter_lzma (archive);
  archive_read_support_filter_lzip (archive);
  archive_read_support_filter_lz4 (archive);
  archive_read_support_filter_zstd (archive);
  archive_read_support_filter_compress (archive);
  archive_read_support_filter_rpm (archive);
  archive_read_support_format_tar (archive);
  archive_read_support_format_empty (archive);
  if (with_ar)
    {
      archive_read_support_format_zip (archive);
      archive_read_support_format_cpio (archive);
      archive_read_support_format_ar (archive);
    }
  return archive;
}

static la_ssize_t
read_outer_member (struct archive *archive, void *data, const void **out_buffer)
{
  OciArchiveReader *self = data;
  la_ssize_t n = archive_read_data (self->outer, self->buffer, READ_BLOCK);
  *out_buffer = self->buffer;
  if (n < 0)
    archive_set_error (archive, archive_errno (self->outer), "%s",
                       archive_error_string (self->outer) != NULL
                           ? archive_error_string (self->outer)
                           : "unreadable member");
  return n;
}

/* A deb is an ar archive whose member data.tar.* holds the files (deb(5)). */
static gboolean
open_deb (OciArchiveReader *self, GError **error)
{
  for (;;)
    {
      struct archive_entry *entry = NULL;
      int result = archive_read_next_header (self->outer, &entry);
      if (result == ARCHIVE_EOF)
        return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                          "%s: an ar archive without data.tar: only Debian packages are read",
                          self->name);
      if (result != ARCHIVE_OK)
        return throw_archive (self, self->outer, error);
      const char *member = archive_entry_pathname (entry);
      if (member != NULL && g_str_has_prefix (member, "data.tar"))
        break;
    }
  self->inner = new_archive (FALSE);
  self->buffer = g_malloc (READ_BLOCK);
  if (archive_read_open (self->inner, self, NULL, read_outer_member, NULL) != ARCHIVE_OK)
    return throw_archive (self, self->inner, error);
  return TRUE;
}

OciArchiveReader *
oci_archive_reader_new (const char *name, int fd, GError **error)
{
  g_autoptr (OciArchiveReader) self = g_new0 (OciArchiveReader, 1);
  self->name = g_strdup (name);
  self->outer = new_archive (TRUE);
  if (archive_read_open_fd (self->outer, fd, READ_BLOCK) != ARCHIVE_OK)
    {
      throw_archive (self, self->outer, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static la_ssize_t
read_source (struct archive *archive, void *data, const void **out_buffer)
{
  OciArchiveReader *self = data;
  size_t len = 0;
  if (self->failure == NULL && self->source (self->source_data, out_buffer, &len, &self->failure))
    return (la_ssize_t) len;
  archive_set_error (archive, EIO, "the layer could not be read");
  return -1;
}

OciArchiveReader *
oci_archive_reader_new_layer (const char *name, OciArchiveSource source, gpointer data,
                              GError **error)
{
  g_autoptr (OciArchiveReader) self = g_new0 (OciArchiveReader, 1);
  self->name = g_strdup (name);
  self->is_layer = TRUE;
  self->source = source;
  self->source_data = data;
  self->outer = archive_read_new ();
  g_assert (self->outer != NULL);
  archive_read_support_format_tar (self->outer);
  archive_read_support_format_empty (self->outer);
  if (archive_read_open (self->outer, self, NULL, read_source, NULL) != ARCHIVE_OK)
    {
      throw_archive (self, self->outer, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static void
clear_current (OciArchiveReader *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->target, g_free);
  g_clear_pointer (&self->xattrs, g_variant_unref);
  self->current = NULL;
}

void
oci_archive_reader_free (OciArchiveReader *self)
{
  if (self == NULL)
    return;
  clear_current (self);
  if (self->inner != NULL)
    (void) archive_read_free (self->inner);
  (void) archive_read_free (self->outer);
  g_clear_error (&self->failure);
  g_free (self->buffer);
  g_free (self->name);
  g_free (self);
}

void
oci_archive_reader_allow_absolute (OciArchiveReader *self)
{
  self->allow_absolute = TRUE;
}

static const char *
member_name (const OciArchiveReader *self)
{
  const char *name = archive_entry_pathname (self->current);
  return name != NULL && self->allow_absolute ? name + strspn (name, "/") : name;
}

static gboolean
keep_xattr (const char *name)
{
  return strcmp (name, "security.capability") == 0 || g_str_has_prefix (name, "user.");
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
read_xattrs (OciArchiveReader *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) values =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
  const char *name;
  const void *value;
  size_t size;
  archive_entry_xattr_reset (self->current);
  while (archive_entry_xattr_next (self->current, &name, &value, &size) == ARCHIVE_OK)
    {
      if (name == NULL || !keep_xattr (name) || g_hash_table_contains (values, name))
        continue;
      if (names->len >= MAX_XATTRS || size > MAX_XATTR_BYTES)
        return oci_throw (error, OCI_ERROR_LIMIT, "too many or too large extended attributes");
      char *copy = g_strdup (name);
      g_ptr_array_add (names, copy);
      g_hash_table_insert (
          values, copy,
          g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, size, 1)));
    }
  if (names->len == 0)
    return TRUE;

  g_ptr_array_sort (names, compare_names);
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("a(ayay)"));
  for (guint i = 0; i < names->len; i++)
    g_variant_builder_add (builder, "(@ay@ay)", g_variant_new_bytestring (names->pdata[i]),
                           (GVariant *) g_hash_table_lookup (values, names->pdata[i]));
  self->xattrs = g_variant_ref_sink (g_variant_builder_end (builder));
  return TRUE;
}

static OciEntryType
entry_type (struct archive_entry *entry)
{
  if (archive_entry_hardlink (entry) != NULL)
    return OCI_ENTRY_HARDLINK;
  switch (archive_entry_filetype (entry))
    {
    case AE_IFREG:
      return OCI_ENTRY_FILE;
    case AE_IFDIR:
      return OCI_ENTRY_DIRECTORY;
    case AE_IFLNK:
      return OCI_ENTRY_SYMLINK;
    default:
      return OCI_ENTRY_SPECIAL;
    }
}

/* A member's name or that of a hard link's target. */
static gboolean
normalise (const OciArchiveReader *self, const char *raw, char **out_path, GError **error)
{
  return self->is_layer ? oci_path_normalise_bytes (raw, out_path, error)
                        : oci_path_normalise (raw, out_path, error);
}

static gboolean
read_target (OciArchiveReader *self, OciEntryType type, GError **error)
{
  if (type == OCI_ENTRY_HARDLINK)
    return normalise (self, archive_entry_hardlink (self->current), &self->target, error);
  if (type != OCI_ENTRY_SYMLINK)
    return TRUE;
  const char *target = archive_entry_symlink (self->current);
  if (target == NULL || target[0] == '\0' || strlen (target) > OCI_PATH_MAX
      || (!self->is_layer && !g_utf8_validate (target, -1, NULL)))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "symbolic link with an empty, overlong or non-UTF-8 "
                      "target");
  self->target = g_strdup (target);
  return TRUE;
}

static gboolean
read_entry (OciArchiveReader *self, OciEntry *out, GError **error)
{
  const char *raw = member_name (self);
  if (raw == NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "a member's name is not UTF-8");
  if (!normalise (self, raw, &self->path, error))
    return FALSE;
  OCI_PREFIX (error, "%s", self->path);

  OciEntryType type = entry_type (self->current);
  int64_t uid = archive_entry_uid (self->current), gid = archive_entry_gid (self->current);
  int64_t size = type == OCI_ENTRY_FILE ? archive_entry_size (self->current) : 0;
  if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "owner %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT " is not a uid and gid", uid,
                      gid);
  if (size < 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "negative size");
  if (!read_target (self, type, error) || !read_xattrs (self, error))
    return FALSE;
  *out = (OciEntry){
    .path = self->path,
    .type = type,
    .target = self->target,
    .mode = (uint32_t) archive_entry_perm (self->current) & 07777,
    .uid = (uint32_t) uid,
    .gid = (uint32_t) gid,
    .size = (uint64_t) size,
    .mtime = archive_entry_mtime (self->current),
    .xattrs = self->xattrs,
  };
  return TRUE;
}

gboolean
oci_archive_reader_next (OciArchiveReader *self, OciEntry *out_entry, gboolean *out_end,
                         GError **error)
{
  clear_current (self);
  struct archive *archive = self->inner != NULL ? self->inner : self->outer;
  int result = archive_read_next_header (archive, &self->current);
  if (result == ARCHIVE_OK && self->inner == NULL
      && (archive_format (archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_AR)
    return open_deb (self, error) && oci_archive_reader_next (self, out_entry, out_end, error);
  *out_end = result == ARCHIVE_EOF;
  if (result == ARCHIVE_EOF)
    return TRUE;
  if (result != ARCHIVE_OK)
    return throw_archive (self, archive, error);
  OCI_PREFIX (error, "%s", self->name);
  return read_entry (self, out_entry, error);
}

gboolean
oci_archive_reader_read (OciArchiveReader *self, void *buffer, size_t len, size_t *out_read,
                         GError **error)
{
  struct archive *archive = self->inner != NULL ? self->inner : self->outer;
  la_ssize_t n = archive_read_data (archive, buffer, len);
  if (n >= 0)
    {
      *out_read = (size_t) n;
      return TRUE;
    }
  OCI_PREFIX (error, "%s", self->path);
  return throw_archive (self, archive, error);
}

gboolean
oci_archive_reader_foreach (OciArchiveReader *self, OciMemberFunc func, gpointer data,
                            GError **error)
{
  for (;;)
    {
      OciEntry entry;
      gboolean end;
      if (!oci_archive_reader_next (self, &entry, &end, error))
        return FALSE;
      if (end)
        return TRUE;
      if (!func (self, &entry, data, error))
        return FALSE;
    }
}
