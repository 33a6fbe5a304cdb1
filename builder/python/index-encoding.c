#include "builder/python/index-encoding.h"

#include <gio/gio.h>
#include <string.h>

enum
{
  MAX_CODINGS = 3, /* applied one after the other */
  CHUNK_BYTES = 256 * 1024,
};

static gboolean
is_gzip (GBytes *data)
{
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  return size >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

/* Whether it can be a page of HTML or JSON without decoding. */
static gboolean
is_text (GBytes *data)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  gsize i = size >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  while (i < size && g_ascii_isspace (bytes[i]))
    i++;
  return i == size || bytes[i] == '<' || bytes[i] == '{';
}

/* The last bytes of a coding are its checksum: bytes after it are ignored. */
static GBytes *
inflate (GBytes *data, GZlibCompressorFormat format, gsize max_bytes, GError **error)
{
  gsize size = 0, done = 0, page_bytes = 0;
  const guint8 *bytes = g_bytes_get_data (data, &size);
  g_autoptr (GZlibDecompressor) decompressor = g_zlib_decompressor_new (format);
  g_autoptr (GByteArray) page = g_byte_array_new ();
  for (GConverterResult result = G_CONVERTER_CONVERTED; result != G_CONVERTER_FINISHED;)
    {
      gsize read = 0, written = 0;
      g_autoptr (GError) local = NULL;
      g_byte_array_set_size (page, (guint) (page_bytes + CHUNK_BYTES));
      result = g_converter_convert (G_CONVERTER (decompressor), bytes + done, size - done,
                                    page->data + page_bytes, CHUNK_BYTES, G_CONVERTER_INPUT_AT_END,
                                    &read, &written, &local);
      if (result == G_CONVERTER_ERROR)
        {
          oci_throw (error, OCI_ERROR_FORMAT, "the page is compressed, and cannot be expanded: %s",
                     local->message);
          return NULL;
        }
      done += read;
      page_bytes += written;
      if (page_bytes > max_bytes)
        {
          oci_throw (error, OCI_ERROR_LIMIT, "the page has more than %zu bytes", max_bytes);
          return NULL;
        }
    }
  g_byte_array_set_size (page, (guint) page_bytes);
  return g_byte_array_free_to_bytes (g_steal_pointer (&page));
}

/* "deflate" is the zlib format; some servers send the bare one. */
static GBytes *
inflate_either (GBytes *data, gsize max_bytes, GError **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *page = inflate (data, G_ZLIB_COMPRESSOR_FORMAT_ZLIB, max_bytes, &local);
  if (page != NULL || g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
    {
      if (page == NULL)
        g_propagate_error (error, g_steal_pointer (&local));
      return page;
    }
  return inflate (data, G_ZLIB_COMPRESSOR_FORMAT_RAW, max_bytes, error);
}

static GBytes *
undo (const char *coding, GBytes *data, gsize max_bytes, GError **error)
{
  if (is_gzip (data))
    return inflate (data, G_ZLIB_COMPRESSOR_FORMAT_GZIP, max_bytes, error);
  if (is_text (data) || coding == NULL || g_str_equal (coding, "identity")
      || g_str_equal (coding, ""))
    return g_bytes_ref (data); /* the header may be wrong about the compression */
  if (g_str_equal (coding, "deflate"))
    return inflate_either (data, max_bytes, error);
  g_autofree char *quoted = oci_quote (coding);
  oci_throw (error, OCI_ERROR_UNSUPPORTED,
             "the page is compressed as %s, which was not asked for; terrane reads gzip and "
             "deflate",
             quoted);
  return NULL;
}

GBytes *
terrane_index_decode (const char *encoding, GBytes *data, gsize max_bytes, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (encoding != NULL ? encoding : "identity", -1);
  g_auto (GStrv) codings = g_strsplit (lower, ",", -1);
  guint n = g_strv_length (codings);
  g_autoptr (GBytes) page = g_bytes_ref (data);
  if (n > MAX_CODINGS)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "the page is compressed %u times, at most %d are allowed",
                 n, MAX_CODINGS);
      return NULL;
    }
  for (guint i = n; i-- > 0;) /* the last one was applied last */
    {
      GBytes *plain = undo (g_strstrip (codings[i]), page, max_bytes, error);
      if (plain == NULL)
        return NULL;
      g_bytes_unref (page);
      page = plain;
    }
  return g_steal_pointer (&page);
}
