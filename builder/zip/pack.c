#include "builder/zip/pack.h"

#include "builder/store/object.h"

#include "oci/base/error.h"
#include "oci/base/parallel.h"
#include "oci/gzip-writer.h"

#include <unistd.h>

enum
{
  COPY_BYTES = 256 * 1024,
  SMALL_BYTES = 1024 * 1024, /* packed in memory, several at a time */
  BATCH_BYTES = 16 * 1024 * 1024,
};

static void
member_free (gpointer data)
{
  TerraneZipMember *self = data;
  g_free (self->path);
  g_free (self);
}

void
terrane_zip_pack_clear (TerraneZipPack *self)
{
  g_clear_pointer (&self->members, g_ptr_array_unref);
  oci_temp_file_clear (&self->spool);
}

typedef struct
{
  const TerraneZipPackOptions *options;
  TerraneZipPack *out;
  uint64_t spooled;
  GPtrArray *batch; /* of Small */
  uint64_t batch_bytes;
} Job;

/* A small file in progress. */
typedef struct
{
  TerraneZipMember *member;
  GBytes *packed;
} Small;

static void
small_free (gpointer data)
{
  Small *self = data;
  g_clear_pointer (&self->packed, g_bytes_unref);
  g_free (self);
}

static gboolean
spool (gpointer data, const void *bytes, size_t len, GError **error)
{
  Job *self = data;
  self->spooled += len;
  return oci_write_all (self->out->spool.fd, bytes, len, error);
}

/* Gives the content to @sink, and verifies it unless this process has written it. */
static gboolean
read_content (TerraneStore *store, const TerraneZipMember *member, OciSink sink, gpointer data,
              GError **error)
{
  const TerraneNode *node = member->node;
  OciEntry entry = terrane_node_entry (node, member->path);
  g_auto (OciFd) fd = -1;
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (TerraneObjectHasher) hasher = node->fresh ? NULL : terrane_object_hasher_new (&entry);
  if (!terrane_object_open (store, &node->object, &fd, error))
    return FALSE;
  uint64_t left = node->size;
  while (left > 0)
    {
      size_t got = 0;
      if (!oci_read_full (fd, buffer, (size_t) MIN (left, (uint64_t) COPY_BYTES), &got, error))
        return FALSE;
      if (got == 0)
        break;
      if (hasher != NULL)
        terrane_object_hasher_update (hasher, buffer, got);
      if (!sink (data, buffer, got, error))
        return FALSE;
      left -= got;
    }
  if (hasher != NULL && !terrane_object_check (hasher, &node->object, error))
    return FALSE;
  return left == 0
         || oci_throw (error, OCI_ERROR_CORRUPT, "is shorter than it was; " TERRANE_OBJECT_ADVICE);
}

static gboolean
append (gpointer data, const void *bytes, size_t len, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

static gboolean
pack_small (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  const Job *self = data;
  Small *small = item;
  TerraneZipMember *member = small->member;
  OCI_PREFIX (error, "%s", member->path);
  g_autoptr (GByteArray) content = g_byte_array_sized_new ((guint) member->node->size);
  return read_content (self->options->store, member, append, content, error)
         && oci_zip_pack (content->data, content->len, &member->content, &small->packed, error);
}

static gboolean
flush_batch (Job *self, GError **error)
{
  if (!oci_parallel_each (self->batch, self->options->jobs, pack_small, self, NULL, error))
    return FALSE;
  for (guint i = 0; i < self->batch->len; i++)
    {
      const Small *small = self->batch->pdata[i];
      small->member->at = self->spooled;
      if (!spool (self, g_bytes_get_data (small->packed, NULL), g_bytes_get_size (small->packed),
                  error))
        return FALSE;
      terrane_progress_advance (self->options->progress, small->member->node->size);
    }
  g_ptr_array_set_size (self->batch, 0);
  self->batch_bytes = 0;
  return TRUE;
}

typedef struct
{
  OciGzipWriter *writer;
  const TerraneProgress *progress;
} Large;

static gboolean
pack_piece (gpointer data, const void *bytes, size_t len, GError **error)
{
  const Large *self = data;
  terrane_progress_advance (self->progress, len);
  return oci_gzip_writer_write (self->writer, bytes, len, error);
}

static gboolean
pack_large (Job *self, TerraneZipMember *member, GError **error)
{
  OCI_PREFIX (error, "%s", member->path);
  if (!flush_batch (self, error))
    return FALSE;
  g_autoptr (OciGzipWriter) writer =
      oci_gzip_writer_new_raw (self->options->jobs, OCI_ZIP_LEVEL, spool, self);
  Large large = { .writer = writer, .progress = self->options->progress };
  member->at = self->spooled;
  if (!read_content (self->options->store, member, pack_piece, &large, error)
      || !oci_gzip_writer_finish (writer, error))
    return FALSE;
  member->content = (OciZipContent){ .size = member->node->size,
                                     .packed_size = self->spooled - member->at,
                                     .crc = oci_gzip_writer_crc32 (writer),
                                     .deflated = TRUE };
  return TRUE;
}

static gboolean
pack_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  Job *self = data;
  TerraneZipMember *member = g_new0 (TerraneZipMember, 1);
  member->path = g_strdup (path);
  member->node = node;
  g_ptr_array_add (self->out->members, member);
  if (node->type != OCI_ENTRY_FILE)
    return TRUE;
  if (node->size > SMALL_BYTES)
    return pack_large (self, member, error);
  Small *small = g_new0 (Small, 1);
  small->member = member;
  g_ptr_array_add (self->batch, small);
  self->batch_bytes += node->size;
  return self->batch_bytes < BATCH_BYTES || flush_batch (self, error);
}

gboolean
terrane_zip_pack_tree (TerraneTree *tree, const TerraneZipPackOptions *options, TerraneZipPack *out,
                       GError **error)
{
  g_autoptr (GPtrArray) batch = g_ptr_array_new_with_free_func (small_free);
  Job job = { .options = options, .out = out, .batch = batch };
  out->members = g_ptr_array_new_with_free_func (member_free);
  return oci_temp_file_open (&out->spool, options->directory, error)
         && terrane_tree_foreach (tree, pack_node, &job, error) && flush_batch (&job, error);
}

/* A file that is written and digested at the same time. */
typedef struct
{
  OciTempFile file;
  OciDigester *digester;
  uint64_t size;
} Output;

static gboolean
write_output (gpointer data, const void *bytes, size_t len, GError **error)
{
  Output *self = data;
  self->size += len;
  oci_digester_update (self->digester, bytes, len);
  return oci_write_all (self->file.fd, bytes, len, error);
}

static gboolean
copy_member (const TerraneZipPack *pack, const TerraneZipMember *member, OciZipWriter *zip,
             char *buffer, GError **error)
{
  OciEntry entry = terrane_node_entry (member->node, member->path);
  OCI_PREFIX (error, "%s", member->path);
  if (!oci_zip_writer_add (zip, &entry, &member->content, error))
    return FALSE;
  uint64_t left = entry.type == OCI_ENTRY_FILE ? member->content.packed_size : 0;
  for (uint64_t at = member->at; left > 0;)
    {
      ssize_t n =
          pread (pack->spool.fd, buffer, (size_t) MIN (left, (uint64_t) COPY_BYTES), (off_t) at);
      if (n <= 0)
        return n == 0 ? oci_throw (error, OCI_ERROR_IO, "the temporary file is too short")
                      : oci_throw_errno (error, "reading the temporary file");
      if (!oci_zip_writer_data (zip, buffer, (size_t) n, error))
        return FALSE;
      at += (uint64_t) n;
      left -= (uint64_t) n;
    }
  return TRUE;
}

static gboolean
write_members (const TerraneZipPack *pack, const GPtrArray *members, Output *output, GError **error)
{
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (OciZipWriter) zip = oci_zip_writer_new (write_output, output);
  for (guint i = 0; i < members->len; i++)
    if (!copy_member (pack, members->pdata[i], zip, buffer, error))
      return FALSE;
  return oci_zip_writer_finish (zip, error);
}

gboolean
terrane_zip_write (const TerraneZipPack *pack, const GPtrArray *members, int directory,
                   const char *name, TerraneZipFile *out, GError **error)
{
  Output output = { .file = OCI_TEMP_FILE_INIT, .digester = oci_digester_new () };
  gboolean ok = oci_temp_file_open (&output.file, directory, error)
                && write_members (pack, members, &output, error);
  out->sha256 = oci_digester_finish (output.digester);
  out->size = output.size;
  ok = ok && oci_check_replaceable (directory, name, error)
       && oci_temp_file_publish_synced (&output.file, directory, name, 0644, error);
  oci_digester_free (output.digester);
  oci_temp_file_clear (&output.file);
  return ok;
}
