#include "oci/layer-stream.h"

#include <archive.h>
#include <archive_entry.h>

enum
{
  READ_BLOCK = 256 * 1024,
};

struct _OciLayerStream
{
  struct archive *archive;
  OciDigester *digester;
  const char *compression;
  gboolean ended;
};

static gboolean
throw_archive (OciLayerStream *self, GError **error)
{
  const char *reason = archive_error_string (self->archive);
  g_autofree char *valid = reason != NULL ? g_utf8_make_valid (reason, -1) : NULL;
  return oci_throw (error, OCI_ERROR_FORMAT, "decompressing: %s",
                    valid != NULL ? valid : "libarchive could not read it");
}

/* The filter nearest to the tar is 0; where there are two, a layer was compressed twice. */
static const char *
compression_of (struct archive *archive)
{
  switch (archive_filter_code (archive, 0))
    {
    case ARCHIVE_FILTER_NONE:
      return "none";
    case ARCHIVE_FILTER_GZIP:
      return "gzip";
    case ARCHIVE_FILTER_ZSTD:
      return "zstd";
    default:
      return archive_filter_name (archive, 0);
    }
}

OciLayerStream *
oci_layer_stream_new (int fd, GError **error)
{
  g_autoptr (OciLayerStream) self = g_new0 (OciLayerStream, 1);
  struct archive_entry *entry = NULL;
  self->digester = oci_digester_new ();
  self->archive = archive_read_new ();
  g_assert (self->archive != NULL);
  archive_read_support_filter_gzip (self->archive);
  archive_read_support_filter_zstd (self->archive);
  archive_read_support_filter_bzip2 (self->archive); /* docker takes these two as well */
  archive_read_support_filter_xz (self->archive);
  archive_read_support_format_raw (self->archive);
  archive_read_support_format_empty (self->archive);
  int result = archive_read_open_fd (self->archive, fd, READ_BLOCK);
  if (result == ARCHIVE_OK)
    result = archive_read_next_header (self->archive, &entry);
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
    {
      throw_archive (self, error);
      return NULL;
    }
  self->ended = result == ARCHIVE_EOF;
  self->compression = compression_of (self->archive);
  return g_steal_pointer (&self);
}

void
oci_layer_stream_free (OciLayerStream *self)
{
  if (self == NULL)
    return;
  (void) archive_read_free (self->archive);
  oci_digester_free (self->digester);
  g_free (self);
}

const char *
oci_layer_stream_compression (const OciLayerStream *self)
{
  return self->compression;
}

gboolean
oci_layer_stream_read (gpointer stream, const void **out_bytes, size_t *out_len, GError **error)
{
  OciLayerStream *self = stream;
  la_int64_t offset = 0;
  *out_len = 0;
  while (!self->ended && *out_len == 0)
    {
      int result = archive_read_data_block (self->archive, out_bytes, out_len, &offset);
      if (result != ARCHIVE_OK && result != ARCHIVE_EOF)
        return throw_archive (self, error);
      self->ended = result == ARCHIVE_EOF;
    }
  if (*out_len > 0)
    oci_digester_update (self->digester, *out_bytes, *out_len);
  return TRUE;
}

gboolean
oci_layer_stream_finish (OciLayerStream *self, OciDigest *out_diff_id, GError **error)
{
  const void *bytes = NULL;
  size_t len = 1;
  while (len > 0)
    if (!oci_layer_stream_read (self, &bytes, &len, error))
      return FALSE;
  *out_diff_id = oci_digester_finish (self->digester);
  return TRUE;
}
