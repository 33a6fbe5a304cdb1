#include "oci/zip-reader.h"

#include "oci/base/error.h"
#include "oci/base/path.h"
#include "oci/decompressor.h"

#include <errno.h>
#include <libdeflate.h>
#include <string.h>
#include <unistd.h>

enum
{
  READ_BLOCK = 256 * 1024,
  HOST_FAT = 0,
  HOST_UNIX = 3,
  DOS_READ_ONLY = 0x01,
  DOS_DIRECTORY = 0x10,
  UNIX_MODE_SHIFT = 16,
};

struct _OciZipReader
{
  int fd;
  GPtrArray *members; /* of OciZipMember */
  guint index;        /* of the next one */
  const OciZipMember *member;

  char *buffer;
  uint64_t at, packed_left; /* part of the file still to be read */
  OciByteReader *packed;
  OciDecompressor *decompressor; /* (nullable): NULL if it is not compressed */
  OciByteReader *content;
  uint64_t left;
  uint32_t crc;
  gboolean verified;
};

OciZipReader *
oci_zip_reader_new (int fd, GError **error)
{
  g_autoptr (OciZipReader) self = g_new0 (OciZipReader, 1);
  self->fd = fd;
  self->buffer = g_malloc (READ_BLOCK);
  self->members = oci_zip_directory_read (fd, error);
  return self->members != NULL ? g_steal_pointer (&self) : NULL;
}

static void
close_member (OciZipReader *self)
{
  g_clear_pointer (&self->content, oci_byte_reader_free);
  g_clear_pointer (&self->decompressor, oci_decompressor_free);
  g_clear_pointer (&self->packed, oci_byte_reader_free);
}

void
oci_zip_reader_free (OciZipReader *self)
{
  if (self == NULL)
    return;
  close_member (self);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  g_free (self->buffer);
  g_free (self);
}

static gboolean
read_packed (gpointer data, const void **out_bytes, size_t *out_len, GError **error)
{
  OciZipReader *self = data;
  size_t want = (size_t) MIN (self->packed_left, (uint64_t) READ_BLOCK);
  ssize_t n = 0;
  *out_bytes = self->buffer;
  *out_len = 0;
  if (want == 0)
    return TRUE;
  do
    n = pread (self->fd, self->buffer, want, (off_t) self->at);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return oci_throw_errno (error, "reading");
  if (n == 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "truncated zip file");
  self->at += (uint64_t) n;
  self->packed_left -= (uint64_t) n;
  *out_len = (size_t) n;
  return TRUE;
}

static gboolean
open_member (OciZipReader *self, GError **error)
{
  const OciZipMember *member = self->member;
  close_member (self);
  self->at = member->data_at;
  self->packed_left = member->packed_size;
  self->left = member->size;
  self->crc = 0;
  self->verified = FALSE;
  self->packed = oci_byte_reader_new (read_packed, self);
  if (member->method == OCI_ZIP_STORED)
    return TRUE;
  self->decompressor = member->method == OCI_ZIP_DEFLATED
                           ? oci_decompressor_new_deflate (self->packed)
                           : oci_decompressor_new (self->packed, error);
  if (self->decompressor == NULL)
    return FALSE;
  self->content = oci_byte_reader_new (oci_decompressor_read, self->decompressor);
  return TRUE;
}

/* Nothing may follow the content, which must have the checksum of the directory. */
static gboolean
verify (OciZipReader *self, GError **error)
{
  const uint8_t *bytes = NULL;
  size_t more = 0;
  OciByteReader *from = self->content != NULL ? self->content : self->packed;
  if (self->verified)
    return TRUE;
  if (!oci_byte_reader_peek (from, 1, &bytes, &more, error))
    return FALSE;
  if (more > 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "it is larger than the zip says");
  if (self->crc != self->member->crc)
    return oci_throw (error, OCI_ERROR_CORRUPT, "its checksum (CRC-32) is wrong");
  self->verified = TRUE;
  return TRUE;
}

gboolean
oci_zip_reader_read (OciZipReader *self, void *buffer, size_t len, size_t *out_read, GError **error)
{
  g_autofree char *quoted = oci_quote (self->member->name);
  OCI_PREFIX (error, "%s", quoted);
  size_t want = (size_t) MIN (self->left, (uint64_t) len);
  OciByteReader *from = self->content != NULL ? self->content : self->packed;
  if (!oci_byte_reader_copy (from, buffer, want, out_read, error))
    return FALSE;
  if (*out_read < want)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "it is %" G_GUINT64_FORMAT " bytes shorter than the zip says",
                      self->left - *out_read);
  self->crc = libdeflate_crc32 (self->crc, buffer, *out_read);
  self->left -= *out_read;
  return self->left > 0 || verify (self, error);
}

/* Info-ZIP's convention: Unix has its mode in the upper half, DOS its own bits. */
static uint32_t
mode_of (const OciZipMember *member)
{
  gboolean slash = g_str_has_suffix (member->name, "/");
  uint32_t mode = 0;
  if (member->host == HOST_UNIX)
    mode = member->attributes >> UNIX_MODE_SHIFT;
  else if (member->host == HOST_FAT)
    {
      mode = (member->attributes & DOS_DIRECTORY) != 0 ? S_IFDIR | 0775 : S_IFREG | 0664;
      if ((member->attributes & DOS_READ_ONLY) != 0)
        mode &= S_IFMT | 0555;
    }
  if ((mode & S_IFMT) == S_IFDIR)
    return mode;
  if (slash)
    return (mode & ~(uint32_t) S_IFMT) | S_IFDIR | 0111;
  return (mode & S_IFMT) == 0 ? mode | S_IFREG : mode;
}

static gboolean
read_target (OciZipReader *self, OciRawMember *out, GError **error)
{
  size_t got = 0;
  if (self->member->size > OCI_PATH_MAX)
    return oci_throw (error, OCI_ERROR_LIMIT, "a symbolic link of %" G_GUINT64_FORMAT " bytes",
                      self->member->size);
  out->target = g_malloc0 (self->member->size + 1);
  if (!oci_zip_reader_read (self, out->target, self->member->size, &got, error))
    return FALSE;
  return strlen (out->target) == got
         || oci_throw (error, OCI_ERROR_FORMAT, "a symbolic link with a NUL");
}

gboolean
oci_zip_reader_next (OciZipReader *self, OciRawMember *out, gboolean *out_end, GError **error)
{
  *out_end = self->index >= self->members->len;
  if (*out_end)
    return TRUE;
  self->member = self->members->pdata[self->index++];
  uint32_t mode = mode_of (self->member);
  out->path = g_strdup (self->member->name);
  out->mode = mode & 07777;
  out->uid = self->member->uid;
  out->gid = self->member->gid;
  out->mtime = self->member->mtime;
  if (!open_member (self, error))
    return FALSE;
  switch (mode & S_IFMT)
    {
    case S_IFREG:
      out->type = OCI_ENTRY_FILE;
      out->size = self->member->size;
      return TRUE;
    case S_IFDIR:
      out->type = OCI_ENTRY_DIRECTORY;
      return self->member->size == 0
             || oci_throw (error, OCI_ERROR_FORMAT, "a directory with content");
    case S_IFLNK:
      out->type = OCI_ENTRY_SYMLINK;
      return read_target (self, out, error);
    default:
      out->type = OCI_ENTRY_SPECIAL;
      return TRUE;
    }
}

const char *
oci_zip_reader_ambiguous_name (const OciZipReader *self)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      const OciZipMember *member = self->members->pdata[i];
      if (!member->utf8 && !g_str_is_ascii (member->name))
        return member->name;
    }
  return NULL;
}
