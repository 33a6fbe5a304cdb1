#include "oci/archive-reader.h"

#include "oci/base/error.h"
#include "oci/base/path.h"
#include "oci/cpio-reader.h"
#include "oci/decompressor.h"
#include "oci/read-ahead.h"
#include "oci/tar-reader.h"
#include "oci/zip-reader.h"

#include <string.h>

enum
{
  BLOCK = 512,
  MAX_XATTRS = 64,
  MAX_XATTR_BYTES = 64 * 1024, /* XATTR_SIZE_MAX of Linux */
  AR_MAGIC_BYTES = 8,
  AR_HEADER_BYTES = 60,
  AR_NAME_BYTES = 16,
  AR_SIZE_AT = 48,
  AR_SIZE_BYTES = 10,
};

struct _OciArchiveReader
{
  char *name;
  gboolean is_layer;
  gboolean allow_absolute;
  OciUnpackBudget *budget;
  OciUnpackBudget own_budget;

  /* One of the formats. */
  OciTarReader *tar;
  OciCpioReader *cpio;
  OciZipReader *zip;

  /* Readers of its bytes, beginning with the file. */
  OciByteReader *file; /* (nullable): unmodified bytes of the file */
  OciDecompressor *decompressor;
  OciByteReader *decompressed; /* (nullable): for @ahead */
  OciReadAhead *ahead;         /* (nullable): decompresses, while this thread unpacks */
  OciArchiveSource source;
  gpointer source_data;
  OciByteReader *bytes; /* counted */
  uint64_t deb_left;    /* of data.tar.* */
  OciByteReader *deb;
  OciDecompressor *deb_decompressor;
  OciByteReader *deb_bytes; /* counted */

  OciRawMember current;
  char *path; /* of it, normalised */
  char *target;
  GVariant *xattrs;
};

/* For @ahead. */
static gboolean
decompress (gpointer data, void *buffer, size_t *out_len, GError **error)
{
  OciArchiveReader *self = data;
  return oci_byte_reader_copy (self->decompressed, buffer, OCI_READ_AHEAD_PIECE_BYTES, out_len,
                               error);
}

/* Counts what comes out of a decompressor. */
static gboolean
read_counted (gpointer data, const void **out_bytes, size_t *out_len, GError **error)
{
  OciArchiveReader *self = data;
  return self->source (self->source_data, out_bytes, out_len, error)
         && oci_unpack_budget_stream (self->budget, *out_len, error);
}

/* Reads the bytes of data.tar.*, which end as the ar header says. A piece stays valid until the
 * next one is requested. */
static gboolean
read_deb_member (gpointer data, const void **out_bytes, size_t *out_len, GError **error)
{
  OciArchiveReader *self = data;
  const uint8_t *bytes = NULL;
  *out_len = 0;
  if (self->deb_left == 0)
    return TRUE;
  if (!oci_byte_reader_peek (self->bytes, 1, &bytes, out_len, error))
    return FALSE;
  if (*out_len == 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "truncated Debian package");
  *out_len = (size_t) MIN ((uint64_t) *out_len, self->deb_left);
  *out_bytes = bytes;
  self->deb_left -= *out_len;
  oci_byte_reader_consume (self->bytes, *out_len);
  return TRUE;
}

static gboolean
read_deb_counted (gpointer data, const void **out_bytes, size_t *out_len, GError **error)
{
  OciArchiveReader *self = data;
  return oci_decompressor_read (self->deb_decompressor, out_bytes, out_len, error)
         && oci_unpack_budget_stream (self->budget, *out_len, error);
}

/* Finds the format from the bytes. */
static gboolean
open_format (OciArchiveReader *self, OciByteReader *bytes, GError **error)
{
  const uint8_t *start = NULL;
  size_t len = 0;
  if (!oci_byte_reader_peek (bytes, BLOCK, &start, &len, error))
    return FALSE;
  if (oci_cpio_reader_knows (start, len))
    self->cpio = oci_cpio_reader_new (bytes);
  else if (len == 0 || oci_tar_reader_knows (start, len))
    self->tar = oci_tar_reader_new (bytes, self->is_layer);
  else if (len >= 4 && memcmp (start, "PK\3\4", 4) == 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "a zip file that is compressed or comes through a pipe");
  else
    return oci_throw (error, OCI_ERROR_FORMAT, "unrecognized archive format%s",
                      len < BLOCK ? ", or a truncated one" : "");
  return TRUE;
}

/* A deb is an ar archive whose member data.tar.* holds the files (deb(5)). */
static gboolean
open_deb (OciArchiveReader *self, GError **error)
{
  uint64_t missing = 0;
  char header[AR_HEADER_BYTES];
  oci_byte_reader_consume (self->bytes, AR_MAGIC_BYTES);
  for (;;)
    {
      size_t got = 0;
      if (!oci_byte_reader_copy (self->bytes, header, sizeof header, &got, error))
        return FALSE;
      if (got == 0)
        return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                          "an ar archive without data.tar: only Debian packages are read");
      g_autofree char *digits = g_strndup (header + AR_SIZE_AT, AR_SIZE_BYTES);
      char *end = NULL;
      uint64_t size = g_ascii_strtoull (g_strchomp (digits), &end, 10);
      if (got < sizeof header || memcmp (header + sizeof header - 2, "`\n", 2) != 0
          || !g_ascii_isdigit (digits[0]) || *end != '\0')
        return oci_throw (error, OCI_ERROR_FORMAT, "damaged or truncated Debian package");
      self->deb_left = size;
      if (strncmp (header, "data.tar", strlen ("data.tar")) == 0)
        break;
      if (!oci_byte_reader_skip (self->bytes, size + size % 2, &missing, error))
        return FALSE;
      if (missing > 1)
        return oci_throw (error, OCI_ERROR_FORMAT, "truncated Debian package");
    }
  self->deb = oci_byte_reader_new (read_deb_member, self);
  self->deb_decompressor = oci_decompressor_new (self->deb, error);
  if (self->deb_decompressor == NULL)
    return FALSE;
  self->deb_bytes = oci_byte_reader_new (read_deb_counted, self);
  return open_format (self, self->deb_bytes, error);
}

static gboolean
open_stream (OciArchiveReader *self, gboolean may_block, GError **error)
{
  const uint8_t *start = NULL;
  size_t len = 0;
  self->decompressor = oci_decompressor_new (self->file, error);
  if (self->decompressor == NULL)
    return FALSE;
  self->source = oci_decompressor_read;
  self->source_data = self->decompressor;
  if (!may_block && strcmp (oci_decompressor_compression (self->decompressor), "none") != 0)
    {
      self->decompressed = oci_byte_reader_new (oci_decompressor_read, self->decompressor);
      self->ahead = oci_read_ahead_new (decompress, self, FALSE);
      self->source = oci_read_ahead_next;
      self->source_data = self->ahead;
    }
  self->bytes = oci_byte_reader_new (read_counted, self);
  if (!oci_byte_reader_peek (self->bytes, AR_MAGIC_BYTES, &start, &len, error))
    return FALSE;
  if (len >= AR_MAGIC_BYTES && memcmp (start, "!<arch>\n", AR_MAGIC_BYTES) == 0)
    return open_deb (self, error);
  return open_format (self, self->bytes, error);
}

static OciArchiveReader *
new_reader (const char *name, OciUnpackBudget *budget)
{
  OciArchiveReader *self = g_new0 (OciArchiveReader, 1);
  self->name = g_strdup (name);
  self->own_budget.limits = OCI_UNPACK_LIMITS_DEFAULT;
  self->budget = budget != NULL ? budget : &self->own_budget;
  return self;
}

static void
count_file (OciArchiveReader *self, int fd)
{
  struct stat status;
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    self->budget->packed += (uint64_t) status.st_size;
}

gboolean
oci_archive_reader_needs_seek (int fd)
{
  return oci_zip_directory_knows (fd);
}

OciArchiveReader *
oci_archive_reader_new (const char *name, int fd, OciUnpackBudget *budget, OciDigester *digester,
                        GError **error)
{
  OCI_PREFIX (error, "%s", name);
  if (oci_zip_directory_knows (fd))
    {
      if (digester == NULL)
        {
          g_autoptr (OciArchiveReader) zip = new_reader (name, budget);
          count_file (zip, fd);
          zip->zip = oci_zip_reader_new (fd, error);
          return zip->zip != NULL ? g_steal_pointer (&zip) : NULL;
        }
      oci_throw (error, OCI_ERROR_UNSUPPORTED, "a zip file is not read in the order of its bytes");
      return NULL;
    }
  g_autoptr (OciArchiveReader) self = new_reader (name, budget);
  count_file (self, fd);
  self->file = oci_byte_reader_new_fd (fd, digester);
  return open_stream (self, !oci_fd_is_regular (fd), error) ? g_steal_pointer (&self) : NULL;
}

OciArchiveReader *
oci_archive_reader_new_wheel (const char *name, int fd, OciUnpackBudget *budget, GError **error)
{
  OCI_PREFIX (error, "%s", name);
  g_autoptr (OciArchiveReader) self = new_reader (name, budget);
  count_file (self, fd);
  self->zip = oci_zip_reader_new (fd, error);
  if (self->zip == NULL)
    return NULL;
  const char *ambiguous = oci_zip_reader_ambiguous_name (self->zip);
  if (ambiguous == NULL)
    return g_steal_pointer (&self);
  g_autofree char *quoted = oci_quote (ambiguous);
  oci_throw (error, OCI_ERROR_FORMAT,
             "the name %s is neither ASCII nor marked as UTF-8: pip takes it for code page 437",
             quoted);
  return NULL;
}

OciArchiveReader *
oci_archive_reader_new_layer (const char *name, OciArchiveSource source, gpointer data,
                              OciUnpackBudget *budget, GError **error)
{
  OCI_PREFIX (error, "%s", name);
  g_autoptr (OciArchiveReader) self = new_reader (name, budget);
  self->is_layer = TRUE;
  self->source = source;
  self->source_data = data;
  self->bytes = oci_byte_reader_new (read_counted, self);
  const uint8_t *start = NULL;
  size_t len = 0;
  if (!oci_byte_reader_peek (self->bytes, BLOCK, &start, &len, error))
    return NULL;
  if (len > 0 && !oci_tar_reader_knows (start, len))
    {
      oci_throw (error, OCI_ERROR_FORMAT, "unrecognized archive format: a layer is a tar");
      return NULL;
    }
  self->tar = oci_tar_reader_new (self->bytes, TRUE);
  return g_steal_pointer (&self);
}

static void
clear_current (OciArchiveReader *self)
{
  oci_raw_member_clear (&self->current);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->target, g_free);
  g_clear_pointer (&self->xattrs, g_variant_unref);
}

void
oci_archive_reader_free (OciArchiveReader *self)
{
  if (self == NULL)
    return;
  clear_current (self);
  oci_tar_reader_free (self->tar);
  oci_cpio_reader_free (self->cpio);
  oci_zip_reader_free (self->zip);
  oci_byte_reader_free (self->deb_bytes);
  oci_decompressor_free (self->deb_decompressor);
  oci_byte_reader_free (self->deb);
  oci_byte_reader_free (self->bytes);
  oci_read_ahead_free (self->ahead);
  oci_byte_reader_free (self->decompressed);
  oci_decompressor_free (self->decompressor);
  oci_byte_reader_free (self->file);
  g_free (self->name);
  g_free (self);
}

void
oci_archive_reader_allow_absolute (OciArchiveReader *self)
{
  self->allow_absolute = TRUE;
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
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name, value;
  if (self->current.xattrs == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, self->current.xattrs);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      if (!keep_xattr (name))
        continue;
      if (names->len >= MAX_XATTRS || g_variant_get_size (value) > MAX_XATTR_BYTES)
        return oci_throw (error, OCI_ERROR_LIMIT, "too many or too large extended attributes");
      g_ptr_array_add (names, name);
    }
  if (names->len == 0)
    return TRUE;

  g_ptr_array_sort (names, compare_names);
  g_autoptr (GVariantBuilder) builder = g_variant_builder_new (G_VARIANT_TYPE ("a(ayay)"));
  for (guint i = 0; i < names->len; i++)
    g_variant_builder_add (
        builder, "(@ay@ay)", g_variant_new_bytestring (names->pdata[i]),
        (GVariant *) g_hash_table_lookup (self->current.xattrs, names->pdata[i]));
  self->xattrs = g_variant_ref_sink (g_variant_builder_end (builder));
  return TRUE;
}

/* Normalises a member's name or the target of a hard link. */
static gboolean
normalise (const OciArchiveReader *self, const char *raw, char **out_path, GError **error)
{
  return self->is_layer ? oci_path_normalise_bytes (raw, out_path, error)
                        : oci_path_normalise (raw, out_path, error);
}

static gboolean
read_target (OciArchiveReader *self, GError **error)
{
  const char *target = self->current.target != NULL ? self->current.target : "";
  if (self->current.type == OCI_ENTRY_HARDLINK)
    return normalise (self, target, &self->target, error);
  if (self->current.type != OCI_ENTRY_SYMLINK)
    return TRUE;
  if (target[0] == '\0' || strlen (target) > OCI_PATH_MAX
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
  const OciRawMember *raw = &self->current;
  const char *name = self->allow_absolute ? raw->path + strspn (raw->path, "/") : raw->path;
  if (!normalise (self, name, &self->path, error))
    return FALSE;
  OCI_PREFIX (error, "%s", self->path);
  if (raw->uid < 0 || raw->uid >= UINT32_MAX || raw->gid < 0 || raw->gid >= UINT32_MAX)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "owner %" G_GINT64_FORMAT ":%" G_GINT64_FORMAT " is not a uid and gid",
                      raw->uid, raw->gid);
  if (!oci_unpack_budget_entry (self->budget, raw->size, error) || !read_target (self, error)
      || !read_xattrs (self, error))
    return FALSE;
  *out = (OciEntry){
    .path = self->path,
    .type = raw->type,
    .target = self->target,
    .mode = raw->mode,
    .uid = (uint32_t) raw->uid,
    .gid = (uint32_t) raw->gid,
    .size = raw->size,
    .mtime = raw->mtime,
    .xattrs = self->xattrs,
  };
  return TRUE;
}

/* Also reads what follows the archive in the file: for its digest, and to verify that there is
 * nothing. */
static gboolean
read_to_end (OciArchiveReader *self, GError **error)
{
  uint64_t missing = 0;
  return (self->deb_bytes == NULL
          || oci_byte_reader_skip (self->deb_bytes, UINT64_MAX, &missing, error))
         && (self->bytes == NULL || oci_byte_reader_skip (self->bytes, UINT64_MAX, &missing, error))
         && (self->file == NULL || oci_byte_reader_skip (self->file, UINT64_MAX, &missing, error));
}

gboolean
oci_archive_reader_next (OciArchiveReader *self, OciEntry *out_entry, gboolean *out_end,
                         GError **error)
{
  OCI_PREFIX (error, "%s", self->name);
  clear_current (self);
  *out_end = FALSE;
  gboolean ok = self->tar != NULL ? oci_tar_reader_next (self->tar, &self->current, out_end, error)
                : self->cpio != NULL
                    ? oci_cpio_reader_next (self->cpio, &self->current, out_end, error)
                    : oci_zip_reader_next (self->zip, &self->current, out_end, error);
  if (!ok)
    return FALSE;
  return *out_end ? read_to_end (self, error) : read_entry (self, out_entry, error);
}

uint64_t
oci_archive_reader_header_position (const OciArchiveReader *self)
{
  return self->tar != NULL ? oci_tar_reader_header_position (self->tar) : 0;
}

gboolean
oci_archive_reader_read (OciArchiveReader *self, void *buffer, size_t len, size_t *out_read,
                         GError **error)
{
  OCI_PREFIX (error, "%s", self->name);
  *out_read = 0;
  if (self->current.type != OCI_ENTRY_FILE)
    return TRUE;
  if (self->tar != NULL)
    return oci_tar_reader_read (self->tar, buffer, len, out_read, error);
  if (self->cpio != NULL)
    return oci_cpio_reader_read (self->cpio, buffer, len, out_read, error);
  return oci_zip_reader_read (self->zip, buffer, len, out_read, error);
}

GBytes *
oci_archive_reader_read_all (OciArchiveReader *self, const OciEntry *entry, uint64_t max,
                             GError **error)
{
  if (entry->type != OCI_ENTRY_FILE || entry->size > max)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "is not a file of at most %" G_GUINT64_FORMAT " bytes",
                 max);
      return NULL;
    }
  g_autofree char *data = g_malloc (entry->size + 1);
  size_t total = 0;
  for (size_t got = 1; got > 0 && total < entry->size; total += got)
    if (!oci_archive_reader_read (self, data + total, entry->size - total, &got, error))
      return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), total);
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
