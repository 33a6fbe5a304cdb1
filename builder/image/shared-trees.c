#include "builder/image/shared-trees.h"

#include "builder/facts/python-base.h"
#include "builder/image/compile-fit.h"
#include "builder/image/portable-key.h"
#include "builder/image/shared-contents.h"
#include "builder/store/cache.h"
#include "builder/store/elsewhere.h"
#include "builder/store/ingest.h"
#include "builder/store/tree-listing.h"

#include "oci/archive-reader.h"
#include "oci/base/text-hash.h"
#include "oci/layer-stream.h"

#include <string.h>

enum
{
  MAX_LISTING_BYTES = 128 * 1024 * 1024, /* a listing of 300,000 files has 45 MiB */
};

/* A tree that was taken. */
typedef struct
{
  TerraneSharedEntry *entry;
  GArray *objects; /* of OciDigest, sorted: the objects of its files */
  GBytes *listing;
  json_t *notes;        /* (nullable): what another machine has read of its files */
  GHashTable *contents; /* hex of an object -> GBytes: small files that were read */
  uint64_t left;        /* bytes that may still be added to @contents */
  gboolean here;        /* its files are in the store */
} Taken;

struct _TerraneSharedTrees
{
  TerraneSourceContext context;
  TerraneSharedCache *cache;
  TerraneRemoteLayers *layers;
  TerraneElsewhere elsewhere;
  GPtrArray *taken;     /* of Taken, the base first */
  TerranePin *base_pin; /* (nullable): if the base was taken and is an image */
  TerraneOpenImage *base_image;
  OciDigest python_key; /* of the base's Python, while the store has another machine's statement */
  gboolean has_python_key;
};

/* @entry: (transfer full) (nullable) */
static Taken *
taken_new (TerraneSharedEntry *entry)
{
  Taken *self = g_new0 (Taken, 1);
  self->entry = entry;
  self->objects = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  self->left = TERRANE_SHARED_CONTENT_BYTES;
  self->contents =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  return self;
}

static void
taken_free (gpointer data)
{
  Taken *self = data;
  terrane_shared_entry_free (self->entry);
  g_array_unref (self->objects);
  g_clear_pointer (&self->listing, g_bytes_unref);
  json_decref (self->notes);
  g_hash_table_unref (self->contents);
  g_free (self);
}

static const json_t *find_notes (gpointer data, const OciDigest *object);
static gboolean bring_object (gpointer data, const OciDigest *object, gboolean *out_brought,
                              GError **error);

TerraneSharedTrees *
terrane_shared_trees_new (const TerraneSourceContext *context, TerraneSharedCache *cache,
                          TerraneRemoteLayers *layers)
{
  TerraneSharedTrees *self = g_new0 (TerraneSharedTrees, 1);
  self->context = *context;
  self->cache = cache;
  self->layers = layers;
  self->taken = g_ptr_array_new_with_free_func (taken_free);
  self->elsewhere = (TerraneElsewhere){ .data = self, .bring = bring_object, .notes = find_notes };
  terrane_store_set_elsewhere (context->store, &self->elsewhere);
  return self;
}

void
terrane_shared_trees_free (TerraneSharedTrees *self)
{
  if (self == NULL)
    return;
  terrane_store_set_elsewhere (self->context.store, NULL);
  if (self->has_python_key)
    terrane_cache_forget (self->context.store, TERRANE_CACHE_PYTHONS, &self->python_key);
  g_ptr_array_unref (self->taken);
  terrane_open_image_free (self->base_image);
  g_free (self);
}

gboolean
terrane_shared_trees_any (const TerraneSharedTrees *self)
{
  return self->taken->len > 0;
}

/* Reading layers */

typedef gboolean (*LayerFunc) (OciArchiveReader *reader, gpointer data, GError **error);

/* Fetches a layer and reads it; if this fails, everything that @read made is discarded. */
static gboolean
read_layer (TerraneSharedTrees *self, const TerraneSharedEntry *entry, guint index, LayerFunc read,
            gpointer data, GError **error)
{
  const OciDescriptor *layer = entry->layers->pdata[index];
  OciLayout *layout = terrane_store_layout (self->context.store);
  OciUnpackBudget budget = oci_layout_unpack_budget (layout);
  OciDigest diff_id;
  OciDigestText text;
  g_auto (OciFd) fd = -1;
  if (!terrane_shared_cache_fetch_layer (self->cache, entry, index, error))
    return FALSE;
  OCI_PREFIX (error, "its layer %s", oci_digest_text (&layer->digest, text));
  budget.packed = layer->size;
  g_autoptr (OciLayerStream) stream = oci_layout_open_verified (layout, layer, &fd, error)
                                          ? oci_layer_stream_new (fd, error)
                                          : NULL;
  g_autoptr (OciArchiveReader) reader =
      stream != NULL
          ? oci_archive_reader_new_layer ("its tar", oci_layer_stream_read, stream, &budget, error)
          : NULL;
  if (reader == NULL || !read (reader, data, error)
      || !oci_layer_stream_finish (stream, &diff_id, error))
    return FALSE;
  return oci_digest_equal (&diff_id, &entry->diff_ids[index])
         || oci_throw (error, OCI_ERROR_CORRUPT, "unpacks to another diffID than it says");
}

static gboolean
take_notes (Taken *taken, GBytes *raw, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (raw, &size);
  json_decref (taken->notes);
  taken->notes = json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
  return json_is_object (taken->notes)
         || oci_throw (error, OCI_ERROR_CORRUPT, "is not a JSON object");
}

static gboolean
take_part (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Taken *taken = data;
  g_autofree char *quoted = oci_quote (entry->path);
  OCI_PREFIX (error, "%s", quoted);
  gboolean small = g_str_has_prefix (entry->path, TERRANE_SHARED_CONTENTS);
  g_autoptr (GBytes) content =
      oci_archive_reader_read_all (reader, entry, small ? taken->left : MAX_LISTING_BYTES, error);
  if (content == NULL)
    return FALSE;
  if (small)
    {
      taken->left -= g_bytes_get_size (content);
      g_hash_table_insert (taken->contents,
                           g_strdup (entry->path + strlen (TERRANE_SHARED_CONTENTS)),
                           g_steal_pointer (&content));
    }
  else if (strcmp (entry->path, TERRANE_SHARED_NOTES) == 0)
    return take_notes (taken, content, error);
  else if (strcmp (entry->path, TERRANE_SHARED_LISTING) == 0 && taken->listing == NULL)
    taken->listing = g_steal_pointer (&content);
  else
    return oci_throw (error, OCI_ERROR_CORRUPT, "is not a part of a tree");
  return TRUE;
}

static gboolean
read_parts (OciArchiveReader *reader, gpointer data, GError **error)
{
  return oci_archive_reader_foreach (reader, take_part, data, error);
}

/* Bringing contents of files */

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

static gboolean
take_object (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  return terrane_ingest_add (data, entry, read_member, reader, error);
}

static gboolean
read_objects (OciArchiveReader *reader, gpointer data, GError **error)
{
  return oci_archive_reader_foreach (reader, take_object, data, error);
}

/* The name of an object is its digest, whatever the listing says. */
static gboolean
bring (TerraneSharedTrees *self, Taken *taken, GError **error)
{
  const TerraneSourceContext *context = &self->context;
  OCI_PREFIX (error, "the cache %s", taken->entry->name);
  taken->here = TRUE; /* or tried */
  for (guint i = 1; i < taken->entry->layers->len; i++)
    {
      g_autoptr (TerraneIngest) ingest =
          terrane_ingest_new (context->store, context->jobs, NULL, NULL, error);
      if (ingest == NULL || !read_layer (self, taken->entry, i, read_objects, ingest, error)
          || !terrane_ingest_finish_objects (ingest, error))
        return FALSE;
    }
  return TRUE;
}

/* Its layers are in another registry, which the lock names. */
static gboolean
bring_base_image (TerraneSharedTrees *self, Taken *taken, GError **error)
{
  g_auto (TerraneImageFiles) files = { 0 };
  taken->here = TRUE;
  return terrane_source_image_files (&self->context, self->base_pin, self->base_image, FALSE,
                                     &files, error);
}

static gboolean
bring_any (TerraneSharedTrees *self, guint index, GError **error)
{
  Taken *taken = self->taken->pdata[index];
  return taken->here
         || (index == 0 && self->base_image != NULL ? bring_base_image (self, taken, error)
                                                    : bring (self, taken, error));
}

static int
compare_digests (const void *a, const void *b)
{
  return memcmp (((const OciDigest *) a)->bytes, ((const OciDigest *) b)->bytes, OCI_DIGEST_BYTES);
}

static gboolean
has_object (const Taken *taken, const OciDigest *object)
{
  return bsearch (object, taken->objects->data, taken->objects->len, sizeof *object,
                  compare_digests)
         != NULL;
}

static const json_t *
find_notes (gpointer data, const OciDigest *object)
{
  const TerraneSharedTrees *self = data;
  for (guint i = 0; i < self->taken->len; i++)
    {
      const Taken *taken = self->taken->pdata[i];
      if (taken->notes != NULL && has_object (taken, object))
        return taken->notes;
    }
  return NULL;
}

/* A file that several trees share is in the layer of the first of them. */
static gboolean
bring_object (gpointer data, const OciDigest *object, gboolean *out_brought, GError **error)
{
  TerraneSharedTrees *self = data;
  OciDigestHex hex;
  gboolean listed = FALSE;
  *out_brought = FALSE;
  for (guint i = 0; i < self->taken->len && !*out_brought; i++)
    {
      if (!has_object (self->taken->pdata[i], object))
        continue;
      listed = TRUE;
      if (!bring_any (self, i, error)
          || !ostree_repo_has_object (terrane_store_repo (self->context.store),
                                      OSTREE_OBJECT_TYPE_FILE, oci_digest_hex (object, hex),
                                      out_brought, NULL, error))
        return FALSE;
    }
  return !listed || *out_brought
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "the cache lists the file object %.12s…, which its layers do not have",
                       oci_digest_hex (object, hex));
}

static gboolean
write_commit (TerraneStore *store, GBytes *listing, GError **error)
{
  g_auto (TerraneTransaction) transaction = { 0 };
  OciDigest commit;
  g_autoptr (TerraneTree) tree = terrane_tree_listing_read ("its listing", listing, error);
  return tree != NULL && terrane_transaction_begin (&transaction, store, error)
         && terrane_commit_write (store, tree, &commit, error)
         && terrane_transaction_commit (&transaction, error);
}

static gboolean
check_all_here (TerraneStore *store, const Taken *taken, GError **error)
{
  for (guint i = 0; i < taken->objects->len; i++)
    {
      OciDigestHex hex;
      gboolean found = FALSE;
      if (!ostree_repo_has_object (
              terrane_store_repo (store), OSTREE_OBJECT_TYPE_FILE,
              oci_digest_hex (&g_array_index (taken->objects, OciDigest, i), hex), &found, NULL,
              error))
        return FALSE;
      if (!found)
        return oci_throw (error, OCI_ERROR_CORRUPT, "it lists files that its layers do not have");
    }
  return TRUE;
}

gboolean
terrane_shared_trees_bring_base (TerraneSharedTrees *self, const TerraneBase *base, GError **error)
{
  gboolean found = FALSE;
  if (!terrane_commit_find (self->context.store, &base->root.commit, &found, error))
    return FALSE;
  if (found || self->taken->len == 0)
    return TRUE;
  const Taken *taken = self->taken->pdata[0];
  if (!bring_any (self, 0, error))
    return FALSE;
  OCI_PREFIX (error, "the cache %s", taken->entry->name);
  return check_all_here (self->context.store, taken, error)
         && write_commit (self->context.store, taken->listing, error);
}

/* Taking */

static gboolean
add_object (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  if (node->type != OCI_ENTRY_DIRECTORY)
    g_array_append_val (data, node->object);
  return TRUE;
}

/* The layers after the listing, by their keys. */
static gboolean
add_layers (TerraneSharedTrees *self, const TerraneSharedEntry *entry, GError **error)
{
  const json_t *keys = json_object_get (entry->content, "layerKeys");
  OciDigest digest;
  if (json_array_size (keys) + 1 != entry->layers->len)
    return oci_throw (error, OCI_ERROR_CORRUPT, "it does not name its layers");
  for (guint i = 1; i < entry->layers->len; i++)
    {
      const char *key = json_string_value (json_array_get (keys, i - 1));
      if (key == NULL || !oci_digest_parse (key, &digest, NULL))
        return oci_throw (error, OCI_ERROR_CORRUPT, "it does not name its layers");
      terrane_remote_layers_add_one (self->layers, key, entry->layers->pdata[i],
                                     &entry->diff_ids[i], entry->repository);
    }
  return TRUE;
}

/* Reads the listing, which must be the one of the claimed commit. */
static gboolean
read_listing (TerraneSharedTrees *self, const TerraneSharedEntry *entry, Taken *taken,
              TerraneTree **out_tree, OciDigest *out_commit, GError **error)
{
  const char *commit = json_string_value (json_object_get (entry->content, "commit"));
  if (entry->layers->len == 0 || commit == NULL || !oci_digest_parse_hex (commit, out_commit, NULL))
    return oci_throw (error, OCI_ERROR_CORRUPT, "it does not say which tree it is");
  if (!read_layer (self, entry, 0, read_parts, taken, error))
    return FALSE;
  if (taken->listing == NULL)
    return oci_throw (error, OCI_ERROR_CORRUPT, "it has no listing");
  g_autoptr (TerraneTree) tree = terrane_tree_listing_read ("its listing", taken->listing, error);
  if (tree == NULL)
    return FALSE;
  OciDigest listed = terrane_commit_digest (tree);
  if (!oci_digest_equal (&listed, out_commit))
    return oci_throw (error, OCI_ERROR_CORRUPT, "it lists another tree than it says");
  *out_tree = g_steal_pointer (&tree);
  return TRUE;
}

gboolean
terrane_shared_trees_verify (const TerraneSourceContext *context, TerraneSharedCache *cache,
                             const TerraneSharedEntry *entry, GError **error)
{
  TerraneSharedTrees self = { .context = *context, .cache = cache };
  g_autoptr (TerraneTree) tree = NULL;
  OciDigest commit;
  Taken *taken = taken_new (NULL);
  gboolean ok = read_listing (&self, entry, taken, &tree, &commit, error);
  taken_free (taken);
  return ok;
}

static gboolean
read_taken (TerraneSharedTrees *self, Taken *taken, TerraneTree **out_tree, OciDigest *out_commit,
            GError **error)
{
  const TerraneSharedEntry *entry = taken->entry;
  g_autoptr (TerraneTree) tree = NULL;
  if (!read_listing (self, entry, taken, &tree, out_commit, error))
    return FALSE;
  if (!add_layers (self, entry, error)
      || !terrane_shared_contents_add (&self->context, taken->contents, tree, error))
    return FALSE;
  (void) terrane_tree_foreach (tree, add_object, taken->objects, NULL); /* cannot fail */
  g_array_sort (taken->objects, compare_digests);
  *out_tree = g_steal_pointer (&tree);
  return TRUE;
}

/* A tree that was compiled elsewhere must fit the base, as if it had been compiled here. */
static gboolean
check_fit (TerraneSharedTrees *self, const TerraneSharedEntry *entry, const TerraneBase *base,
           GError **error)
{
  gboolean fit = TRUE;
  const json_t *facts = json_object_get (entry->content, TERRANE_COMPILE_FACTS);
  return terrane_compile_facts_fit (&self->context, facts, base, &fit, error)
         && (fit || oci_throw (error, OCI_ERROR_UNSUPPORTED, TERRANE_COMPILE_UNFIT));
}

/* @base: (nullable): of the image; @out_taken: (out) (transfer none) (nullable): of the array, if
 * it was found */
static gboolean
take (TerraneSharedTrees *self, const OciDigest *key, const char *name, const TerraneBase *base,
      Taken **out_taken, TerraneTree **out_tree, OciDigest *out_commit, GError **error)
{
  GError *local = NULL;
  g_autoptr (TerraneSharedEntry) entry = NULL;
  *out_taken = NULL;
  if (!terrane_shared_cache_find (self->cache, TERRANE_SHARED_TREE, key, name, &entry, error))
    return FALSE;
  if (entry == NULL)
    return TRUE;
  Taken *taken = taken_new (g_steal_pointer (&entry));
  if (check_fit (self, taken->entry, base, &local)
      && read_taken (self, taken, out_tree, out_commit, &local))
    {
      g_ptr_array_add (self->taken, taken);
      *out_taken = taken;
      return TRUE;
    }
  gboolean ok = terrane_shared_cache_refuse (self->cache, taken->entry, local, error);
  taken_free (taken);
  return ok;
}

static const char *
search_path (const TerraneBase *base, char ***out_env)
{
  *out_env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  return *out_env != NULL ? g_environ_getenv (*out_env, "PATH") : NULL;
}

/* Which Python a base has determines trees before any of its files are here. What was found out
 * here takes precedence, and another machine's statement is not kept. */
static gboolean
remember_python (TerraneSharedTrees *self, const TerraneBase *base, const json_t *content,
                 GError **error)
{
  g_auto (GStrv) env = NULL;
  const json_t *python = json_object_get (content, "python");
  OciDigest key = terrane_python_base_key (&base->root.commit, search_path (base, &env));
  g_autoptr (OciJsonValue) own =
      terrane_cache_get (self->context.store, TERRANE_CACHE_PYTHONS, &key);
  if (!json_is_object (python) || own != NULL)
    return TRUE;
  self->python_key = key;
  self->has_python_key = TRUE;
  return terrane_cache_put (self->context.store, TERRANE_CACHE_PYTHONS, &key, python, error);
}

/* Opens the documents of a base that is an image, and what was seen in its layers. */
static gboolean
open_base_image (TerraneSharedTrees *self, TerranePin *pin, TerraneBase *base, GError **error)
{
  if (self->base_image == NULL)
    self->base_image = terrane_source_image_open (&self->context, pin, error);
  if (self->base_image == NULL)
    return FALSE;
  self->base_pin = pin;
  base->manifest_digest = self->base_image->descriptor->digest;
  base->name = terrane_source_image_name (self->base_image);
  g_autoptr (GBytes) config = oci_image_config_dump (self->base_image->config);
  base->config = oci_image_config_parse ("the base's config", config, error);
  return base->config != NULL
         && oci_image_read (self->base_image->layout, self->base_image->descriptor, &base->manifest,
                            NULL, error);
}

static gboolean
fill_base (TerraneSharedTrees *self, TerranePin *pin, const Taken *taken, TerraneTree *tree,
           TerraneBase *base, GError **error)
{
  json_t *content = taken->entry->content;
  if (pin->spec->kind != TERRANE_SOURCE_IMAGE)
    {
      base->root.tree = tree;
      json_t *findings = json_object_get (content, "findings");
      base->root.findings = json_is_array (findings) ? json_incref (findings) : NULL;
      return TRUE;
    }
  OCI_PREFIX (error, "the cache %s", taken->entry->name);
  return terrane_image_files_take (&base->files, &base->root.commit, tree,
                                   json_object_get (content, "unpacked"), error)
         && open_base_image (self, pin, base, error);
}

gboolean
terrane_shared_trees_take_base (TerraneSharedTrees *self, TerranePin *pin, TerraneBase **out_base,
                                GError **error)
{
  OciDigest key, commit;
  Taken *taken = NULL;
  TerraneTree *tree = NULL;
  gboolean usable = FALSE, here = FALSE;
  *out_base = NULL;
  if (!terrane_shared_cache_reads (self->cache)
      || (pin->spec->kind == TERRANE_SOURCE_IMAGE && !pin->has_digest)
      || !terrane_base_is_stored (self->context.store, pin, &here, error) || here)
    return TRUE;
  if (!terrane_portable_tree_key (&self->context, pin, NULL, &key, &usable, error)
      || (usable && !take (self, &key, "the base", NULL, &taken, &tree, &commit, error)))
    return FALSE;
  if (taken == NULL)
    return TRUE;
  g_autoptr (TerraneBase) base = g_new0 (TerraneBase, 1);
  base->root.commit = commit;
  if (!fill_base (self, pin, taken, tree, base, error)
      || !remember_python (self, base, taken->entry->content, error))
    return FALSE;
  terrane_shared_cache_note_used (self->cache, taken->entry);
  pin->is_taken = TRUE;
  *out_base = g_steal_pointer (&base);
  return TRUE;
}

gboolean
terrane_shared_trees_take (TerraneSharedTrees *self, TerranePin *pin, const TerraneBase *base,
                           TerraneSourceTree *out_tree, GError **error)
{
  OciDigest key, commit;
  Taken *taken = NULL;
  TerraneTree *tree = NULL;
  gboolean usable = FALSE, here = FALSE;
  if (!terrane_shared_cache_reads (self->cache)
      || !terrane_source_tree_is_stored (self->context.store, pin, &here, error) || here)
    return TRUE;
  if (!terrane_portable_tree_key (&self->context, pin, base, &key, &usable, error)
      || (usable && !take (self, &key, pin->spec->name, base, &taken, &tree, &commit, error)))
    return FALSE;
  if (taken == NULL)
    return TRUE;
  json_t *reports = json_object_get (taken->entry->content, "reports");
  json_t *findings = json_object_get (taken->entry->content, "findings");
  *out_tree = (TerraneSourceTree){
    .commit = commit,
    .tree = tree,
    .reports = json_is_array (reports) ? json_incref (reports) : NULL,
    .findings = json_is_array (findings) ? json_incref (findings) : NULL,
  };
  terrane_shared_cache_note_used (self->cache, taken->entry);
  pin->is_taken = TRUE;
  return TRUE;
}
