#include "oci/gzip-writer.h"

#include "oci/base/error.h"
#include "oci/base/parallel.h"
#include "oci/deflate-scan.h"

#include <libdeflate.h>
#include <string.h>

enum
{
  /* Levels of libdeflate. */
  TEXT_LEVEL = 2,
  BINARY_LEVEL = 1,
  SAMPLE_STRIDE = 16,
  TEXT_PERCENT = 45,
};

/* State of one thread. */
typedef struct
{
  struct libdeflate_compressor *text;
  struct libdeflate_compressor *binary;
} Compressor;

typedef struct
{
  uint8_t *input;
  size_t input_len;
  uint8_t *output;
  size_t output_len; /* 0 with an error: libdeflate or the scan failed */
  gboolean done;     /* guarded by the writer's mutex */
} Block;

struct _OciGzipWriter
{
  OciSink sink;
  gpointer sink_data;
  OciWorkers *workers;
  GAsyncQueue *compressors; /* idle ones, one per thread */
  GMutex mutex;
  GCond done;
  Block *ring; /* the blocks in progress, oldest at @first */
  size_t ring_size;
  size_t first;
  size_t in_flight;
  Block *filling; /* the block that collects input, or NULL */
  size_t output_capacity;
  uint32_t crc;
  uint32_t total; /* modulo 2^32, as ISIZE */
  gboolean header_written;
  gboolean raw;   /* no header, no trailer */
  gint abandoned; /* atomic: results of blocks in progress are not needed any more */
};

/* Text shrinks by several percent with libdeflate's level 2, machine code hardly by one, while the
 * level costs both the same time. Sampling every 16th byte is sufficiently reliable, and depends on
 * nothing else. */
static gboolean
is_texty (const uint8_t *data, size_t len)
{
  size_t sampled = 0, text = 0;
  for (size_t i = 0; i < len; i += SAMPLE_STRIDE, sampled++)
    text += data[i] >= '\t' && data[i] <= '~';
  return 100 * text > TEXT_PERCENT * sampled;
}

static void
compress_block (const Compressor *compressor, Block *block, size_t capacity)
{
  uint64_t start, end;
  struct libdeflate_compressor *level =
      is_texty (block->input, block->input_len) ? compressor->text : compressor->binary;
  size_t size = libdeflate_deflate_compress (level, block->input, block->input_len, block->output,
                                             capacity - OCI_DEFLATE_SCAN_SLACK);
  block->output_len = 0;
  if (size == 0)
    return;
  memset (block->output + size, 0, OCI_DEFLATE_SCAN_SLACK);
  if (!oci_deflate_scan (block->output, size, &start, &end))
    return;
  block->output[start >> 3] &= (uint8_t) ~(1U << (start & 7));

  /* Three zero bits for the header of a stored block, zeros up to the byte boundary, LEN, NLEN. */
  size_t aligned = (size_t) ((end + 3 + 7) >> 3);
  memcpy (block->output + aligned, "\x00\x00\xff\xff", 4);
  block->output_len = aligned + 4;
}

static void
compress_in_thread (gpointer item, gpointer data)
{
  Block *block = item;
  OciGzipWriter *self = data;
  Compressor *compressor = g_async_queue_pop (self->compressors);
  if (g_atomic_int_get (&self->abandoned) == 0)
    compress_block (compressor, block, self->output_capacity);
  g_async_queue_push (self->compressors, compressor);

  g_mutex_lock (&self->mutex);
  block->done = TRUE;
  g_cond_broadcast (&self->done);
  g_mutex_unlock (&self->mutex);
}

static Compressor *
compressor_new (int text, int binary)
{
  Compressor *self = g_new0 (Compressor, 1);
  self->text = libdeflate_alloc_compressor (text);
  self->binary = libdeflate_alloc_compressor (binary);
  g_assert (self->text != NULL && self->binary != NULL);
  return self;
}

static void
compressor_free (gpointer data)
{
  Compressor *self = data;
  libdeflate_free_compressor (self->text);
  libdeflate_free_compressor (self->binary);
  g_free (self);
}

static OciGzipWriter *
writer_new (unsigned jobs, int text, int binary, OciSink sink, gpointer sink_data)
{
  OciGzipWriter *self = g_new0 (OciGzipWriter, 1);
  self->sink = sink;
  self->sink_data = sink_data;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->done);
  self->compressors = g_async_queue_new_full (compressor_free);
  for (unsigned i = 0; i < jobs; i++)
    g_async_queue_push (self->compressors, compressor_new (text, binary));
  self->output_capacity =
      libdeflate_deflate_compress_bound (NULL, OCI_GZIP_BLOCK_BYTES) + OCI_DEFLATE_SCAN_SLACK;
  /* One block in each thread, one ready for it, one being filled. */
  self->ring_size = 2 * (size_t) jobs + 1;
  self->ring = g_new0 (Block, self->ring_size);
  self->workers = oci_workers_new (jobs, compress_in_thread, self);
  return self;
}

OciGzipWriter *
oci_gzip_writer_new (unsigned jobs, OciSink sink, gpointer sink_data)
{
  return writer_new (jobs, TEXT_LEVEL, BINARY_LEVEL, sink, sink_data);
}

OciGzipWriter *
oci_gzip_writer_new_raw (unsigned jobs, int level, OciSink sink, gpointer sink_data)
{
  OciGzipWriter *self = writer_new (jobs, level, level, sink, sink_data);
  self->raw = TRUE;
  self->header_written = TRUE;
  return self;
}

uint32_t
oci_gzip_writer_crc32 (const OciGzipWriter *self)
{
  return self->crc;
}

void
oci_gzip_writer_free (OciGzipWriter *self)
{
  if (self == NULL)
    return;
  g_atomic_int_set (&self->abandoned, 1);
  oci_workers_free (self->workers);
  for (size_t i = 0; i < self->ring_size; i++)
    {
      g_free (self->ring[i].input);
      g_free (self->ring[i].output);
    }
  g_free (self->ring);
  g_async_queue_unref (self->compressors);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->done);
  g_free (self);
}

static gboolean
write_header (OciGzipWriter *self, GError **error)
{
  /* RFC 1952 2.3: deflate, no flags, no time, XFL 0, OS unknown. */
  static const uint8_t header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
  self->header_written = TRUE;
  return self->sink (self->sink_data, header, sizeof header, error);
}

/* Waits for the oldest block in progress and passes it on, so that blocks leave in their original
 * order. */
static gboolean
drain_oldest (OciGzipWriter *self, GError **error)
{
  Block *block = &self->ring[self->first];
  g_mutex_lock (&self->mutex);
  while (!block->done)
    g_cond_wait (&self->done, &self->mutex);
  g_mutex_unlock (&self->mutex);

  self->first = (self->first + 1) % self->ring_size;
  self->in_flight--;
  if (block->output_len == 0)
    return oci_throw (error, OCI_ERROR_IO, "libdeflate could not compress a block");
  return self->sink (self->sink_data, block->output, block->output_len, error);
}

static gboolean
start_block (OciGzipWriter *self, GError **error)
{
  if (self->in_flight == self->ring_size && !drain_oldest (self, error))
    return FALSE;
  Block *block = &self->ring[(self->first + self->in_flight) % self->ring_size];
  if (block->input == NULL)
    {
      block->input = g_malloc (OCI_GZIP_BLOCK_BYTES);
      block->output = g_malloc (self->output_capacity);
    }
  block->input_len = 0;
  block->done = FALSE;
  self->filling = block;
  return TRUE;
}

static void
submit_block (OciGzipWriter *self)
{
  Block *block = g_steal_pointer (&self->filling);
  self->crc = libdeflate_crc32 (self->crc, block->input, block->input_len);
  self->total += (uint32_t) block->input_len;
  self->in_flight++;
  oci_workers_push (self->workers, block);
}

gboolean
oci_gzip_writer_write (gpointer writer, const void *data, size_t len, GError **error)
{
  OciGzipWriter *self = writer;
  if (!self->header_written && !write_header (self, error))
    return FALSE;
  for (const uint8_t *p = data; len > 0;)
    {
      if (self->filling == NULL && !start_block (self, error))
        return FALSE;
      Block *block = self->filling;
      size_t n = MIN (len, OCI_GZIP_BLOCK_BYTES - block->input_len);
      memcpy (block->input + block->input_len, p, n);
      block->input_len += n;
      p += n;
      len -= n;
      if (block->input_len == OCI_GZIP_BLOCK_BYTES)
        submit_block (self);
    }
  return TRUE;
}

gboolean
oci_gzip_writer_finish (OciGzipWriter *self, GError **error)
{
  if (!self->header_written && !write_header (self, error))
    return FALSE;
  if (self->filling != NULL)
    submit_block (self);
  while (self->in_flight > 0)
    if (!drain_oldest (self, error))
      return FALSE;

  /* An empty block with BFINAL and fixed codes, then CRC32 and ISIZE. */
  uint32_t crc = GUINT32_TO_LE (self->crc), total = GUINT32_TO_LE (self->total);
  uint8_t trailer[10] = { 0x03, 0x00 };
  memcpy (trailer + 2, &crc, sizeof crc);
  memcpy (trailer + 6, &total, sizeof total);
  return self->sink (self->sink_data, trailer, self->raw ? 2 : sizeof trailer, error);
}

char *
oci_gzip_writer_identity (void)
{
  return g_strdup_printf ("libdeflate-%s/text-%d/binary-%d/%d", LIBDEFLATE_VERSION_STRING,
                          TEXT_LEVEL, BINARY_LEVEL, OCI_GZIP_BLOCK_BYTES);
}
