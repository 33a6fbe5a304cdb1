#include "builder/image/flatten.h"

#include "builder/store/ingest.h"

#include "oci/archive-reader.h"
#include "oci/base/path.h"

#include <string.h>

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_WHITEOUT ".wh..wh..opq"

typedef struct
{
  TerraneIngest *ingest;
  int layer; /* index; nodes carry it as their origin */
  gboolean skip_special;
  TerraneFlattenFunc func; /* (nullable) */
  gpointer data;
} Flattener;

/* Removes what lower layers put below @directory; entries of this layer stay, whatever their order.
 */
static void
make_opaque (TerraneTree *tree, TerraneNode *directory, int layer)
{
  for (guint i = directory->children->len; i-- > 0;)
    {
      TerraneNode *child = directory->children->pdata[i];
      if (child->type == OCI_ENTRY_DIRECTORY)
        make_opaque (tree, child, layer);
      if (child->origin != layer && (child->children == NULL || child->children->len == 0))
        {
          g_autofree char *path = terrane_node_path (child);
          terrane_tree_remove (tree, path);
        }
    }
}

static gboolean
apply_whiteout (const Flattener *self, const char *parent, const char *name, GError **error)
{
  TerraneTree *tree = terrane_ingest_tree (self->ingest);
  TerraneNode *directory = terrane_tree_lookup (tree, parent);
  if (directory == NULL || directory->type != OCI_ENTRY_DIRECTORY)
    return TRUE; /* nothing there to hide */
  if (strcmp (name, OPAQUE_WHITEOUT) == 0)
    {
      make_opaque (tree, directory, self->layer);
      return TRUE;
    }
  const char *hidden = name + strlen (WHITEOUT_PREFIX);
  if (hidden[0] == '\0' || strcmp (hidden, ".") == 0 || strcmp (hidden, "..") == 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "%s/%s is no valid whiteout", parent, name);
  TerraneNode *node = terrane_node_child (directory, hidden, strlen (hidden));
  if (node != NULL && node->origin != self->layer)
    {
      g_autofree char *path = oci_path_join (parent, hidden);
      terrane_tree_remove (tree, path);
    }
  return TRUE;
}

/* Parents of layer entries may be symbolic links that a lower layer made; runtimes follow them. */
static char *
resolve_parent (TerraneTree *tree, const char *path, const char **out_name)
{
  const char *slash = strrchr (path, '/');
  *out_name = slash != NULL ? slash + 1 : path;
  if (slash == NULL)
    return g_strdup ("");
  g_autofree char *parent = g_strndup (path, (gsize) (slash - path));
  TerraneNode *node = terrane_tree_resolve (tree, parent);
  return node != NULL && node->type == OCI_ENTRY_DIRECTORY ? terrane_node_path (node)
                                                           : g_steal_pointer (&parent);
}

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

static gboolean
take_entry (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  const Flattener *self = data;
  TerraneTree *tree = terrane_ingest_tree (self->ingest);
  const char *name = NULL;
  if (self->func != NULL)
    self->func ((guint) self->layer - 1, entry, self->data);
  g_autofree char *parent = resolve_parent (tree, entry->path, &name);
  if (g_str_has_prefix (name, WHITEOUT_PREFIX))
    return apply_whiteout (self, parent, name, error);
  if (entry->type == OCI_ENTRY_SPECIAL && self->skip_special)
    return TRUE;
  if (entry->type == OCI_ENTRY_SPECIAL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "/%s is a device, fifo or socket, which the store cannot hold; leave such "
                      "entries out with \"special\": \"skip\"",
                      entry->path);

  OciEntry placed = *entry;
  g_autofree char *path = oci_path_join (parent, name);
  placed.path = path;
  TerraneNode *old = terrane_tree_lookup (tree, path);
  if (old != NULL && old->parent != NULL && old->type == OCI_ENTRY_DIRECTORY
      && entry->type != OCI_ENTRY_DIRECTORY)
    terrane_tree_remove (tree, path); /* layer.md: an entry replaces what lower layers had there */
  if (!terrane_ingest_add (self->ingest, &placed, read_member, reader, error))
    return FALSE;
  TerraneNode *node = terrane_tree_lookup (tree, path);
  if (node != NULL)
    node->origin = self->layer;
  return TRUE;
}

static gboolean
apply_layer (Flattener *self, OciLayout *layout, const OciDescriptor *layer, GError **error)
{
  g_auto (OciFd) fd = -1;
  OciDigestHex hex;
  g_autofree char *name =
      g_strdup_printf ("layer sha256:%.12s…", oci_digest_hex (&layer->digest, hex));
  if (!oci_layout_open_blob (layout, layer, &fd, error))
    return FALSE;
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new (name, fd, error);
  if (reader == NULL)
    return FALSE;
  OCI_PREFIX (error, "%s", name);
  return oci_archive_reader_foreach (reader, take_entry, self, error);
}

static void
advance (gpointer data, uint64_t bytes)
{
  terrane_progress_advance (data, bytes);
}

/* Which layer an entry is from matters only here; for what comes on top all are of the base. */
static gboolean
forget_layer (TerraneNode *node, G_GNUC_UNUSED const char *path, G_GNUC_UNUSED gpointer data,
              G_GNUC_UNUSED GError **error)
{
  node->origin = 0;
  return TRUE;
}

static gboolean
apply_layers (Flattener *self, TerraneStore *store, const OciManifest *manifest, unsigned jobs,
              const TerraneProgress *progress, TerraneStoredTree *out_tree, GError **error)
{
  g_autoptr (TerraneIngest) ingest =
      terrane_ingest_new (store, jobs, advance, (gpointer) progress, error);
  if (ingest == NULL)
    return FALSE;
  self->ingest = ingest;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      self->layer = (int) i + 1; /* origin 0 is what nobody set */
      terrane_progress_phase (progress, 0, "reading layer %u of %u", i + 1, manifest->layers->len);
      if (!apply_layer (self, terrane_store_layout (store), manifest->layers->pdata[i], error))
        return FALSE;
    }
  return terrane_ingest_finish (ingest, &out_tree->commit, &out_tree->tree, error);
}

gboolean
terrane_flatten (TerraneStore *store, const OciManifest *manifest, gboolean skip_special,
                 unsigned jobs, const TerraneProgress *progress, TerraneStoredTree *out_tree,
                 GError **error)
{
  Flattener self = { .skip_special = skip_special };
  return apply_layers (&self, store, manifest, jobs, progress, out_tree, error)
         && terrane_tree_foreach (out_tree->tree, forget_layer, NULL, error);
}

gboolean
terrane_flatten_layers (TerraneStore *store, const OciManifest *manifest, unsigned jobs,
                        const TerraneProgress *progress, TerraneFlattenFunc func, gpointer data,
                        TerraneStoredTree *out_tree, GError **error)
{
  Flattener self = { .skip_special = TRUE, .func = func, .data = data };
  return apply_layers (&self, store, manifest, jobs, progress, out_tree, error);
}
