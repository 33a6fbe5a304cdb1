#include "oci/byte-reader.h"

#include "oci/base/fd.h"
#include "oci/read-ahead.h"

#include <string.h>

struct _OciByteReader
{
  OciArchiveSource source;
  gpointer data;
  const uint8_t *bytes; /* of the current piece, or of @joined */
  size_t len;
  uint64_t position; /* number of bytes before @bytes */
  size_t lent;       /* of @bytes: given out by oci_byte_reader_source() */
  gboolean ended;
  uint8_t *joined; /* for a look-ahead that spans pieces */
  const uint8_t *rest;
  size_t rest_len; /* of the piece that @joined ends with */

  int fd;
  OciDigester *digester;
  OciReadAhead *ahead; /* (nullable): reads and digests @fd, while this thread unpacks */
};

OciByteReader *
oci_byte_reader_new (OciArchiveSource source, gpointer data)
{
  OciByteReader *self = g_new0 (OciByteReader, 1);
  self->source = source;
  self->data = data;
  self->joined = g_malloc (OCI_BYTE_READER_AHEAD);
  return self;
}

static gboolean
fill (gpointer data, void *buffer, size_t *out_len, GError **error)
{
  OciByteReader *self = data;
  if (!oci_read_full (self->fd, buffer, OCI_READ_AHEAD_PIECE_BYTES, out_len, error))
    return FALSE;
  if (self->digester != NULL)
    oci_digester_update (self->digester, buffer, *out_len);
  return TRUE;
}

OciByteReader *
oci_byte_reader_new_fd (int fd, OciDigester *digester)
{
  OciByteReader *self = oci_byte_reader_new (oci_read_ahead_next, NULL);
  self->fd = fd;
  self->digester = digester;
  self->ahead = oci_read_ahead_new (fill, self, !oci_fd_is_regular (fd));
  self->data = self->ahead;
  return self;
}

void
oci_byte_reader_free (OciByteReader *self)
{
  if (self == NULL)
    return;
  oci_read_ahead_free (self->ahead);
  g_free (self->joined);
  g_free (self);
}

static gboolean
next_piece (OciByteReader *self, const uint8_t **out_bytes, size_t *out_len, GError **error)
{
  const void *bytes = NULL;
  *out_len = 0;
  if (self->ended)
    return TRUE;
  if (!self->source (self->data, &bytes, out_len, error))
    return FALSE;
  self->ended = *out_len == 0;
  *out_bytes = bytes;
  return TRUE;
}

/* When the joined bytes are used up, continues with the rest of the piece that they end with. */
static void
advance (OciByteReader *self, size_t len)
{
  if (len > 0) /* there may be no bytes at all, and so no address */
    self->bytes += len;
  self->len -= len;
  self->position += len;
  if (self->len > 0 || self->rest_len == 0)
    return;
  self->bytes = self->rest;
  self->len = self->rest_len;
  self->rest_len = 0;
}

/* Joins the remaining bytes with the start of the following ones in one buffer. */
static gboolean
join (OciByteReader *self, size_t want, GError **error)
{
  memmove (self->joined, self->bytes, self->len);
  self->bytes = self->joined;
  while (self->len < want)
    {
      if (self->rest_len == 0)
        {
          if (!next_piece (self, &self->rest, &self->rest_len, error))
            return FALSE;
          if (self->rest_len == 0)
            return TRUE;
        }
      size_t take = MIN (want - self->len, self->rest_len);
      memcpy (self->joined + self->len, self->rest, take);
      self->len += take;
      self->rest += take;
      self->rest_len -= take;
    }
  return TRUE;
}

gboolean
oci_byte_reader_peek (OciByteReader *self, size_t want, const uint8_t **out_bytes, size_t *out_len,
                      GError **error)
{
  g_assert (want > 0 && want <= OCI_BYTE_READER_AHEAD);
  advance (self, self->lent);
  self->lent = 0;
  if (self->len == 0 && !next_piece (self, &self->bytes, &self->len, error))
    return FALSE;
  if (self->len > 0 && self->len < want && !join (self, want, error))
    return FALSE;
  *out_bytes = self->bytes;
  *out_len = self->len;
  return TRUE;
}

void
oci_byte_reader_consume (OciByteReader *self, size_t len)
{
  g_assert (len <= self->len && self->lent == 0);
  advance (self, len);
}

uint64_t
oci_byte_reader_position (const OciByteReader *self)
{
  return self->position;
}

gboolean
oci_byte_reader_copy (OciByteReader *self, void *buffer, size_t len, size_t *out_read,
                      GError **error)
{
  size_t got = 0;
  while (got < len)
    {
      const uint8_t *bytes = NULL;
      size_t have = 0;
      if (!oci_byte_reader_peek (self, 1, &bytes, &have, error))
        return FALSE;
      if (have == 0)
        break;
      size_t take = MIN (have, len - got);
      memcpy ((uint8_t *) buffer + got, bytes, take);
      oci_byte_reader_consume (self, take);
      got += take;
    }
  *out_read = got;
  return TRUE;
}

gboolean
oci_byte_reader_skip (OciByteReader *self, uint64_t len, uint64_t *out_missing, GError **error)
{
  while (len > 0)
    {
      const uint8_t *bytes = NULL;
      size_t have = 0;
      if (!oci_byte_reader_peek (self, 1, &bytes, &have, error))
        return FALSE;
      if (have == 0)
        break;
      size_t take = (size_t) MIN ((uint64_t) have, len);
      oci_byte_reader_consume (self, take);
      len -= take;
    }
  *out_missing = len;
  return TRUE;
}

gboolean
oci_byte_reader_source (gpointer reader, const void **out_bytes, size_t *out_len, GError **error)
{
  OciByteReader *self = reader;
  const uint8_t *bytes = NULL;
  if (!oci_byte_reader_peek (self, 1, &bytes, out_len, error))
    return FALSE;
  self->lent = *out_len;
  *out_bytes = bytes;
  return TRUE;
}
