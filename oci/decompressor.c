#include "oci/decompressor.h"

#include "oci/base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

enum
{
  OUTPUT_BYTES = 256 * 1024,
  GZIP_WINDOW = 15 + 16, /* zlib: the largest window, and gzip's header and trailer */
  DEFLATE_WINDOW = -15,
  MAGIC_BYTES = 8,
};

struct _OciDecompressor
{
  OciByteReader *input;
  gboolean ended;

  /* For gzip and deflate. */
  gboolean has_zlib;
  gboolean gzip;
  z_stream zlib;
  uint8_t *output;

  /* For all other formats. */
  struct archive *archive;
  GError *failure; /* (nullable): of @input, inside of libarchive */

  /* For an rpm: one skips its header, the other decompresses its payload. */
  OciDecompressor *outer;
  OciByteReader *payload;
  OciDecompressor *inner;
};

static la_ssize_t
read_input (struct archive *archive, void *data, const void **out_bytes)
{
  OciDecompressor *self = data;
  size_t len = 0;
  if (self->failure == NULL
      && oci_byte_reader_source (self->input, out_bytes, &len, &self->failure))
    return (la_ssize_t) len;
  archive_set_error (archive, EIO, "unreadable");
  return -1;
}

static gboolean
throw_archive (OciDecompressor *self, GError **error)
{
  if (self->failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->failure));
      return FALSE;
    }
  const char *reason = archive_error_string (self->archive);
  g_autofree char *valid = reason != NULL ? g_utf8_make_valid (reason, -1) : NULL;
  const char *detail = valid != NULL ? strstr (valid, ": ") : NULL; /* after the library's name */
  return oci_throw (error, OCI_ERROR_FORMAT, "the compressed data is damaged%s%s",
                    valid != NULL ? ": " : "",
                    detail != NULL  ? detail + strlen (": ")
                    : valid != NULL ? valid
                                    : "");
}

/* Adds filters by name: "all" would include those that run external programs. */
static gboolean
open_filters (OciDecompressor *self, gboolean rpm, GError **error)
{
  struct archive_entry *entry = NULL;
  self->archive = archive_read_new ();
  g_assert (self->archive != NULL);
  if (rpm)
    archive_read_support_filter_rpm (self->archive);
  else
    {
      archive_read_support_filter_bzip2 (self->archive);
      archive_read_support_filter_xz (self->archive);
      archive_read_support_filter_lzma (self->archive);
      archive_read_support_filter_lzip (self->archive);
      archive_read_support_filter_lz4 (self->archive);
      archive_read_support_filter_zstd (self->archive);
      archive_read_support_filter_compress (self->archive);
    }
  archive_read_support_format_raw (self->archive);
  archive_read_support_format_empty (self->archive);
  int result = archive_read_open (self->archive, self, NULL, read_input, NULL);
  if (result == ARCHIVE_OK)
    result = archive_read_next_header (self->archive, &entry);
  self->ended = result == ARCHIVE_EOF;
  return result == ARCHIVE_OK || result == ARCHIVE_EOF || throw_archive (self, error);
}

static void
open_zlib (OciDecompressor *self, int window)
{
  self->has_zlib = inflateInit2 (&self->zlib, window) == Z_OK;
  g_assert (self->has_zlib); /* only fails if out of memory, like g_malloc() */
  self->gzip = window == GZIP_WINDOW;
  self->output = g_malloc (OUTPUT_BYTES);
}

static gboolean
open_gzip_or_filters (OciDecompressor *self, const uint8_t *start, size_t len, GError **error)
{
  static const uint8_t gzip[] = { 0x1f, 0x8b };
  if (len < sizeof gzip || memcmp (start, gzip, sizeof gzip) != 0)
    return open_filters (self, FALSE, error);
  open_zlib (self, GZIP_WINDOW);
  return TRUE;
}

static gboolean
is_rpm (const uint8_t *start, size_t len)
{
  static const uint8_t lead[] = { 0xed, 0xab, 0xee, 0xdb };
  return len >= sizeof lead && memcmp (start, lead, sizeof lead) == 0;
}

/* The payload of an rpm is an archive, never another rpm, so nothing nests. */
static gboolean
open_rpm (OciDecompressor *self, GError **error)
{
  const uint8_t *start = NULL;
  size_t len = 0;
  self->outer = g_new0 (OciDecompressor, 1);
  self->outer->input = self->input;
  if (!open_filters (self->outer, TRUE, error))
    return FALSE;
  self->payload = oci_byte_reader_new (oci_decompressor_read, self->outer);
  self->inner = g_new0 (OciDecompressor, 1);
  self->inner->input = self->payload;
  if (!oci_byte_reader_peek (self->payload, MAGIC_BYTES, &start, &len, error))
    return FALSE;
  if (is_rpm (start, len))
    return oci_throw (error, OCI_ERROR_FORMAT, "the header of the rpm is damaged");
  return open_gzip_or_filters (self->inner, start, len, error);
}

OciDecompressor *
oci_decompressor_new (OciByteReader *input, GError **error)
{
  g_autoptr (OciDecompressor) self = g_new0 (OciDecompressor, 1);
  const uint8_t *start = NULL;
  size_t len = 0;
  self->input = input;
  if (!oci_byte_reader_peek (input, MAGIC_BYTES, &start, &len, error))
    return NULL;
  gboolean ok =
      is_rpm (start, len) ? open_rpm (self, error) : open_gzip_or_filters (self, start, len, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

OciDecompressor *
oci_decompressor_new_deflate (OciByteReader *input)
{
  OciDecompressor *self = g_new0 (OciDecompressor, 1);
  self->input = input;
  open_zlib (self, DEFLATE_WINDOW);
  return self;
}

void
oci_decompressor_free (OciDecompressor *self)
{
  if (self == NULL)
    return;
  oci_decompressor_free (self->inner);
  oci_byte_reader_free (self->payload);
  oci_decompressor_free (self->outer);
  if (self->has_zlib)
    inflateEnd (&self->zlib);
  if (self->archive != NULL)
    (void) archive_read_free (self->archive);
  g_clear_error (&self->failure);
  g_free (self->output);
  g_free (self);
}

const char *
oci_decompressor_compression (const OciDecompressor *self)
{
  if (self->has_zlib)
    return self->gzip ? "gzip" : "deflate";
  if (self->outer != NULL)
    return "rpm";
  switch (archive_filter_code (self->archive, 0))
    {
    case ARCHIVE_FILTER_NONE:
      return "none";
    case ARCHIVE_FILTER_ZSTD:
      return "zstd";
    default:
      return archive_filter_name (self->archive, 0);
    }
}

/* After the compressed data: the next member of gzip, zeros (of a tape), or nothing. */
static gboolean
after_end (OciDecompressor *self, GError **error)
{
  const uint8_t *bytes = NULL;
  size_t len = 0;
  if (!oci_byte_reader_peek (self->input, 1, &bytes, &len, error))
    return FALSE;
  if (len > 0 && self->gzip && bytes[0] != 0)
    return inflateReset (&self->zlib) == Z_OK
           || oci_throw (error, OCI_ERROR_FORMAT, "decompressing failed");
  self->ended = TRUE;
  while (len > 0)
    {
      for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0 || !self->gzip)
          return oci_throw (error, OCI_ERROR_FORMAT, "other bytes follow the compressed data");
      oci_byte_reader_consume (self->input, len);
      if (!oci_byte_reader_peek (self->input, 1, &bytes, &len, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
inflate_some (OciDecompressor *self, size_t *out_len, GError **error)
{
  const uint8_t *bytes = NULL;
  size_t len = 0;
  if (!oci_byte_reader_peek (self->input, 1, &bytes, &len, error))
    return FALSE;
  if (len == 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "the compressed data is truncated");
  uInt have = (uInt) MIN (len, (size_t) UINT32_MAX);
  self->zlib.next_in = (Bytef *) bytes;
  self->zlib.avail_in = have;
  self->zlib.next_out = self->output;
  self->zlib.avail_out = OUTPUT_BYTES;
  int result = inflate (&self->zlib, Z_NO_FLUSH);
  oci_byte_reader_consume (self->input, have - self->zlib.avail_in);
  *out_len = OUTPUT_BYTES - self->zlib.avail_out;
  if (result == Z_STREAM_END)
    return after_end (self, error);
  if (result == Z_OK)
    return TRUE;
  return oci_throw (error, OCI_ERROR_FORMAT, "the compressed data is damaged: %s",
                    self->zlib.msg != NULL ? self->zlib.msg : "zlib could not read it");
}

static gboolean
read_filters (OciDecompressor *self, const void **out_bytes, size_t *out_len, GError **error)
{
  la_int64_t offset = 0;
  int result = archive_read_data_block (self->archive, out_bytes, out_len, &offset);
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
    return throw_archive (self, error);
  self->ended = result == ARCHIVE_EOF;
  return TRUE;
}

gboolean
oci_decompressor_read (gpointer decompressor, const void **out_bytes, size_t *out_len,
                       GError **error)
{
  OciDecompressor *self = decompressor;
  if (self->inner != NULL)
    return oci_decompressor_read (self->inner, out_bytes, out_len, error);
  *out_len = 0;
  while (!self->ended && *out_len == 0)
    {
      *out_bytes = self->output;
      if (self->has_zlib ? !inflate_some (self, out_len, error)
                         : !read_filters (self, out_bytes, out_len, error))
        return FALSE;
    }
  return TRUE;
}
