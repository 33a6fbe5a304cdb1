#include "builder/image/layer-check.h"

#include "builder/store/object.h"

#include "oci/archive-reader.h"
#include "oci/layer-stream.h"
#include "oci/tar-writer.h"

#include <string.h>

enum
{
  READ_BYTES = 256 * 1024,
};

typedef struct
{
  TerraneTree *assembled;
  const GPtrArray *paths;
  guint next; /* index of the path that comes next */
  OciTarWriter *tar;
  char *buffer;
} Checker;

static gboolean
digest_tar (gpointer digester, const void *data, size_t len, G_GNUC_UNUSED GError **error)
{
  oci_digester_update (digester, data, len);
  return TRUE;
}

static gboolean
fail (GError **error)
{
  return oci_throw (error, OCI_ERROR_CORRUPT, "it has other files than its layer key says");
}

static gboolean
copy_content (const Checker *self, OciArchiveReader *reader, uint64_t size,
              TerraneObjectHasher *hasher, GError **error)
{
  uint64_t left = size;
  for (size_t got = 1; got > 0;)
    {
      if (!oci_archive_reader_read (reader, self->buffer, READ_BYTES, &got, error))
        return FALSE;
      if (got > left)
        return fail (error);
      terrane_object_hasher_update (hasher, self->buffer, got);
      if (got > 0 && !oci_tar_writer_data (self->tar, self->buffer, got, error))
        return FALSE;
      left -= got;
    }
  return left == 0 || fail (error);
}

/* The writer gets the attributes of the tree, so the digest of its tar shows other attributes of a
 * directory; those of a file or link are part of its object. */
static gboolean
check_entry (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Checker *self = data;
  const char *path = self->next < self->paths->len ? self->paths->pdata[self->next++] : NULL;
  const TerraneNode *node = path != NULL && strcmp (path, entry->path) == 0
                                ? terrane_tree_lookup (self->assembled, path)
                                : NULL;
  if (node == NULL || node->type != entry->type)
    return fail (error);
  const OciEntry expected = terrane_node_entry (node, path);
  if (!oci_tar_writer_add (self->tar, &expected, error))
    return FALSE;
  if (node->type == OCI_ENTRY_DIRECTORY)
    return TRUE;
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (entry);
  if (node->type == OCI_ENTRY_FILE && !copy_content (self, reader, expected.size, hasher, error))
    return FALSE;
  const OciDigest object = terrane_object_hasher_finish (hasher);
  return oci_digest_equal (&object, &node->object) || fail (error);
}

/* @out_diff_id: (out): of the blob. @out_own: (out): of the same entries as terrane writes them */
static gboolean
read_blob (Checker *self, OciLayout *layout, const OciDescriptor *layer, OciDigest *out_diff_id,
           OciDigest *out_own, GError **error)
{
  OciUnpackBudget budget = oci_layout_unpack_budget (layout);
  g_auto (OciFd) fd = -1;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  budget.packed = layer->size;
  g_autoptr (OciLayerStream) stream = oci_layout_open_verified (layout, layer, &fd, error)
                                          ? oci_layer_stream_new (fd, error)
                                          : NULL;
  g_autoptr (OciArchiveReader) reader =
      stream != NULL
          ? oci_archive_reader_new_layer ("its tar", oci_layer_stream_read, stream, &budget, error)
          : NULL;
  if (reader == NULL)
    return FALSE;
  self->tar = oci_tar_writer_new (digest_tar, digester);
  gboolean ok = oci_archive_reader_foreach (reader, check_entry, self, error)
                && oci_layer_stream_finish (stream, out_diff_id, error)
                && oci_tar_writer_finish (self->tar, error);
  oci_tar_writer_free (self->tar);
  if (ok)
    *out_own = oci_digester_finish (digester);
  return ok;
}

gboolean
terrane_layer_check_blob (TerraneStore *store, const OciDescriptor *layer, const OciDigest *diff_id,
                          TerraneTree *assembled, const GPtrArray *paths, GError **error)
{
  OciDigest actual, own;
  OciDigestText text;
  g_autofree char *buffer = g_malloc (READ_BYTES);
  Checker self = { .assembled = assembled, .paths = paths, .buffer = buffer };
  OCI_PREFIX (error, "the layer %s", oci_digest_text (&layer->digest, text));
  if (!read_blob (&self, terrane_store_layout (store), layer, &actual, &own, error))
    return FALSE;
  if (!oci_digest_equal (&actual, diff_id))
    return oci_throw (error, OCI_ERROR_CORRUPT, "it unpacks to another diffID than it says");
  if (self.next < paths->len)
    return fail (error);
  return oci_digest_equal (&own, diff_id)
         || oci_throw (error, OCI_ERROR_CORRUPT, "its tar is another one than would be made here");
}
