#include "builder/image/shared-contents.h"

#include "builder/store/ingest.h"

#include <string.h>

typedef struct
{
  TerraneIngest *ingest;
  GHashTable *contents;
} Contents;

typedef struct
{
  GBytes *bytes;
  size_t done;
} Reading;

static gboolean
read_bytes (gpointer data, void *buffer, size_t len, size_t *out_read, G_GNUC_UNUSED GError **error)
{
  Reading *self = data;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (self->bytes, &size);
  *out_read = MIN (len, size - self->done);
  if (*out_read > 0)
    memcpy (buffer, bytes + self->done, *out_read);
  self->done += *out_read;
  return TRUE;
}

static gboolean
add_content (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  const Contents *self = data;
  OciDigestHex hex;
  Reading reading = { 0 };
  if (node->type != OCI_ENTRY_FILE)
    return TRUE;
  reading.bytes = g_hash_table_lookup (self->contents, oci_digest_hex (&node->object, hex));
  const OciEntry entry = terrane_node_entry (node, path);
  return reading.bytes == NULL
         || terrane_ingest_add (self->ingest, &entry, read_bytes, &reading, error);
}

gboolean
terrane_shared_contents_add (const TerraneSourceContext *context, GHashTable *contents,
                             TerraneTree *tree, GError **error)
{
  if (g_hash_table_size (contents) == 0)
    return TRUE;
  g_autoptr (TerraneIngest) ingest =
      terrane_ingest_new (context->store, context->jobs, NULL, NULL, error);
  Contents self = { .ingest = ingest, .contents = contents };
  return ingest != NULL && terrane_tree_foreach (tree, add_content, &self, error)
         && terrane_ingest_finish_objects (ingest, error);
}
