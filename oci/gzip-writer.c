#include "oci/gzip-writer.h"

#include "oci/base/error.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

enum
{
  /* An empty stored block at any bit position: up to 7 bits of padding, header, LEN and NLEN. */
  SYNC_BYTES = 5,
};

typedef struct
{
  uint8_t *input;
  size_t input_len;
  uint8_t *output;
  size_t output_len; /* 0 with an error: libdeflate or the scan failed */
  gboolean done;     /* under the writer's mutex */
} Block;

struct _OciGzipWriter
{
  OciSink sink;
  gpointer sink_data;
  GThreadPool *pool;
  GAsyncQueue *compressors; /* idle ones, one a thread */
  GMutex mutex;
  GCond done;
  Block *ring; /* the blocks under way, oldest at @first */
  size_t ring_size;
  size_t first;
  size_t in_flight;
  Block *filling; /* the block that collects input, or NULL */
  size_t output_capacity;
  uint32_t crc;
  uint32_t total; /* modulo 2^32, as ISIZE */
  gboolean header_written;
};

/* Where the block with BFINAL starts and where it ends, in bits from the start of @stream. zlib
 * stops at every block boundary when asked with Z_BLOCK (zlib's examples/gzjoin.c). */
static gboolean
find_last_block (const uint8_t *stream, size_t size, uint64_t *out_start, uint64_t *out_end)
{
  enum
  {
    SCRATCH_BYTES = 65536,
    UNUSED_BITS = 7,
    AT_BOUNDARY = 128,
    IN_LAST_BLOCK = 64
  };
  g_autofree uint8_t *scratch = g_malloc (SCRATCH_BYTES);
  z_stream z = { .next_in = (uint8_t *) stream, .avail_in = (uInt) size };
  if (inflateInit2 (&z, -MAX_WBITS) != Z_OK)
    return FALSE;
  uint64_t boundary = 0, start = 0;
  int result = Z_OK;
  while (result == Z_OK)
    {
      z.next_out = scratch;
      z.avail_out = SCRATCH_BYTES;
      result = inflate (&z, Z_BLOCK);
      if (result != Z_OK || !(z.data_type & AT_BOUNDARY))
        continue;
      start = boundary;
      boundary = (uint64_t) z.total_in * 8 - (uint64_t) (z.data_type & UNUSED_BITS);
      if (z.data_type & IN_LAST_BLOCK)
        break;
    }
  gboolean ok = (z.data_type & AT_BOUNDARY) && (z.data_type & IN_LAST_BLOCK);
  (void) inflateEnd (&z);
  *out_start = start;
  *out_end = boundary;
  return ok;
}

static void
compress_block (struct libdeflate_compressor *compressor, Block *block, size_t capacity)
{
  uint64_t start, end;
  size_t size = libdeflate_deflate_compress (compressor, block->input, block->input_len,
                                             block->output, capacity - SYNC_BYTES);
  block->output_len = 0;
  if (size == 0 || !find_last_block (block->output, size, &start, &end))
    return;
  block->output[start >> 3] &= (uint8_t) ~(1U << (start & 7));

  /* Three zero bits for the header of a stored block, zeros up to the byte boundary, LEN, NLEN. */
  size_t aligned = (size_t) ((end + 3 + 7) >> 3);
  memset (block->output + size, 0, SYNC_BYTES);
  memcpy (block->output + aligned, "\x00\x00\xff\xff", 4);
  block->output_len = aligned + 4;
}

static void
compress_in_thread (gpointer item, gpointer data)
{
  Block *block = item;
  OciGzipWriter *self = data;
  struct libdeflate_compressor *compressor = g_async_queue_pop (self->compressors);
  compress_block (compressor, block, self->output_capacity);
  g_async_queue_push (self->compressors, compressor);

  g_mutex_lock (&self->mutex);
  block->done = TRUE;
  g_cond_broadcast (&self->done);
  g_mutex_unlock (&self->mutex);
}

OciGzipWriter *
oci_gzip_writer_new (int level, unsigned jobs, OciSink sink, gpointer sink_data)
{
  OciGzipWriter *self = g_new0 (OciGzipWriter, 1);
  self->sink = sink;
  self->sink_data = sink_data;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->done);
  self->compressors = g_async_queue_new_full ((GDestroyNotify) libdeflate_free_compressor);
  for (unsigned i = 0; i < jobs; i++)
    {
      struct libdeflate_compressor *compressor = libdeflate_alloc_compressor (level);
      g_assert (compressor != NULL);
      g_async_queue_push (self->compressors, compressor);
    }
  self->output_capacity =
      libdeflate_deflate_compress_bound (NULL, OCI_GZIP_BLOCK_BYTES) + SYNC_BYTES + SYNC_BYTES;
  /* One block in each thread, one ready for it, one being filled. */
  self->ring_size = 2 * (size_t) jobs + 1;
  self->ring = g_new0 (Block, self->ring_size);
  self->pool = g_thread_pool_new (compress_in_thread, self, (int) jobs, FALSE, NULL);
  return self;
}

void
oci_gzip_writer_free (OciGzipWriter *self)
{
  if (self == NULL)
    return;
  g_thread_pool_free (self->pool, TRUE, TRUE);
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

/* Waits for the oldest block under way and hands it on: blocks leave in the order they came. */
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
  g_thread_pool_push (self->pool, block, NULL);
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
  return self->sink (self->sink_data, trailer, sizeof trailer, error);
}

char *
oci_gzip_writer_identity (int level)
{
  return g_strdup_printf ("libdeflate-%s/%d/%d", LIBDEFLATE_VERSION_STRING, level,
                          OCI_GZIP_BLOCK_BYTES);
}
