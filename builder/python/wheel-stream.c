#include "builder/python/wheel-stream.h"

#include "oci/digest.h"

#include <string.h>

#define PYTHON "#!python"

enum
{
  PYTHON_LEN = sizeof PYTHON - 1,
};

typedef enum
{
  STATE_READING,
  STATE_END, /* and compared */
  STATE_FAILED,
} State;

struct _TerraneWheelStream
{
  OciArchiveReader *reader;
  const TerraneRecordRow *want; /* (nullable) */
  char *path;
  TerraneRecordAlgorithm algorithm;          /* of the digest in RECORD; SHA-256 if there is none */
  uint8_t digest[TERRANE_RECORD_DIGEST_MAX]; /* of the content, once it was read */
  const char *difference;                    /* (nullable): from RECORD */
  uint64_t declared;
  State state;
  OciDigester *sha256;
  GChecksum *checksum; /* (nullable): instead of @sha256, for the longer digests */
  uint64_t got;

  /* For scripts. */
  const char *shebang; /* (nullable) */
  gboolean started;    /* the first bytes were examined */
  gboolean skipping;   /* inside the first line, which was replaced */
  GString *pending;    /* read before the rest of the reader */
  OciDigester *new_sha256;
  uint64_t new_size;
};

TerraneWheelStream *
terrane_wheel_stream_new (OciArchiveReader *reader, const OciEntry *entry,
                          const TerraneRecordRow *want, const char *shebang)
{
  TerraneWheelStream *self = g_new0 (TerraneWheelStream, 1);
  self->reader = reader;
  self->want = want;
  self->path = g_strdup (entry->path);
  self->algorithm = want != NULL && want->algorithm != TERRANE_RECORD_NONE ? want->algorithm
                                                                           : TERRANE_RECORD_SHA256;
  self->declared = entry->size;
  self->shebang = shebang;
  self->sha256 = oci_digester_new ();
  if (self->algorithm == TERRANE_RECORD_SHA384)
    self->checksum = g_checksum_new (G_CHECKSUM_SHA384);
  if (self->algorithm == TERRANE_RECORD_SHA512)
    self->checksum = g_checksum_new (G_CHECKSUM_SHA512);
  self->pending = g_string_new (NULL);
  self->new_sha256 = oci_digester_new ();
  return self;
}

void
terrane_wheel_stream_free (TerraneWheelStream *self)
{
  if (self == NULL)
    return;
  oci_digester_free (self->sha256);
  oci_digester_free (self->new_sha256);
  g_clear_pointer (&self->checksum, g_checksum_free);
  g_string_free (self->pending, TRUE);
  g_free (self->path);
  g_free (self);
}

static void
update (TerraneWheelStream *self, const void *data, size_t len)
{
  if (self->checksum != NULL)
    g_checksum_update (self->checksum, data, (gssize) len);
  else
    oci_digester_update (self->sha256, data, len);
}

static void
compare (TerraneWheelStream *self)
{
  const TerraneRecordRow *want = self->want;
  gsize len = sizeof self->digest;
  if (self->checksum != NULL)
    g_checksum_get_digest (self->checksum, self->digest, &len);
  else
    {
      OciDigest sha256 = oci_digester_finish (self->sha256);
      memcpy (self->digest, sha256.bytes, sizeof sha256.bytes);
    }
  if (want == NULL)
    return;
  if (want->algorithm != TERRANE_RECORD_NONE
      && memcmp (self->digest, want->digest, terrane_record_digest_size (want->algorithm)) != 0)
    self->difference = "has another digest";
  else if (want->has_size && want->size != self->got)
    self->difference = "has another size";
}

/* Reads the member as stored in the wheel. */
static gboolean
read_member (TerraneWheelStream *self, void *buffer, size_t len, size_t *out_read, GError **error)
{
  size_t n = 0;
  *out_read = 0;
  if (self->state == STATE_END)
    return TRUE;
  if (self->state == STATE_FAILED)
    return oci_throw (error, OCI_ERROR_CORRUPT, "a member was read further after an error");
  self->state = STATE_FAILED; /* until the result is known */
  if (!oci_archive_reader_read (self->reader, buffer, len, &n, error))
    return FALSE;
  if (n > self->declared - self->got)
    {
      g_autofree char *quoted = oci_quote (self->path);
      return oci_throw (error, OCI_ERROR_FORMAT, "%s is larger than the zip says", quoted);
    }
  self->got += n;
  update (self, buffer, n);
  if (n == 0)
    compare (self);
  self->state = n == 0 ? STATE_END : STATE_READING;
  *out_read = n;
  return TRUE;
}

/* Checks whether it is a Python script, and replaces its interpreter. */
static gboolean
start_script (TerraneWheelStream *self, GError **error)
{
  char head[PYTHON_LEN] = { 0 };
  size_t have = 0, got = 1;
  for (; have < sizeof head && got > 0; have += got)
    if (!read_member (self, head + have, sizeof head - have, &got, error))
      return FALSE;
  self->started = TRUE;
  self->skipping = have == sizeof head && memcmp (head, PYTHON, sizeof head) == 0;
  if (self->skipping)
    g_string_append (self->pending, self->shebang);
  else
    g_string_append_len (self->pending, head, (gssize) have);
  return TRUE;
}

/* Removes the rest of the first line from @buffer. */
static void
skip_line (TerraneWheelStream *self, char *buffer, size_t *len)
{
  const char *newline = memchr (buffer, '\n', *len);
  if (newline == NULL)
    {
      *len = 0;
      return;
    }
  self->skipping = FALSE;
  *len -= (size_t) (newline + 1 - buffer);
  memmove (buffer, newline + 1, *len);
}

static gboolean
read_script (TerraneWheelStream *self, void *buffer, size_t len, size_t *out_read, GError **error)
{
  if (!self->started && !start_script (self, error))
    return FALSE;
  if (self->pending->len > 0)
    {
      size_t n = MIN (len, self->pending->len);
      memcpy (buffer, self->pending->str, n);
      g_string_erase (self->pending, 0, (gssize) n);
      *out_read = n;
      return TRUE;
    }
  for (;;)
    {
      if (!read_member (self, buffer, len, out_read, error))
        return FALSE;
      if (*out_read == 0 || !self->skipping)
        return TRUE;
      skip_line (self, buffer, out_read);
      if (*out_read > 0)
        return TRUE;
    }
}

gboolean
terrane_wheel_stream_read (gpointer stream, void *buffer, size_t len, size_t *out_read,
                           GError **error)
{
  TerraneWheelStream *self = stream;
  if (self->shebang == NULL)
    return read_member (self, buffer, len, out_read, error);
  if (!read_script (self, buffer, len, out_read, error))
    return FALSE;
  oci_digester_update (self->new_sha256, buffer, *out_read);
  self->new_size += *out_read;
  return TRUE;
}

gboolean
terrane_wheel_stream_finish (TerraneWheelStream *self, TerraneRecordRow *row, GError **error)
{
  uint8_t buffer[16384];
  size_t got = 1;
  while (got > 0)
    if (!terrane_wheel_stream_read (self, buffer, sizeof buffer, &got, error))
      return FALSE;
  row->has_size = TRUE;
  if (self->shebang == NULL)
    {
      row->algorithm = self->algorithm;
      memcpy (row->digest, self->digest, sizeof row->digest);
      row->size = self->got;
      return TRUE;
    }
  OciDigest sha256 = oci_digester_finish (self->new_sha256);
  row->algorithm = TERRANE_RECORD_SHA256;
  memcpy (row->digest, sha256.bytes, sizeof sha256.bytes);
  row->size = self->new_size;
  return TRUE;
}

const char *
terrane_wheel_stream_difference (const TerraneWheelStream *self)
{
  return self->difference;
}
