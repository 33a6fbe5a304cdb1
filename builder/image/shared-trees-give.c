#include "builder/annotations.h"
#include "builder/facts/python-base.h"
#include "builder/image/compile-fit.h"
#include "builder/image/portable-key.h"
#include "builder/image/shared-trees.h"
#include "builder/store/cache.h"
#include "builder/store/elsewhere.h"
#include "builder/store/object.h"
#include "builder/store/tree-listing.h"

#include "oci/image.h"
#include "oci/layer-writer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  const TerraneSourceContext *context;
  TerraneSharedCache *cache;
  const TerraneSharedBuilt *built;
  OciManifest *manifest;
  OciImageConfig *config;
} Giving;

/* A tree to give. */
typedef struct
{
  const char *name;
  const OciDigest *commit;
  GPtrArray *layers; /* of OciDescriptor: the listing, then those of the image */
  GArray *diff_ids;  /* of OciDigest */
  json_t *content;
} Gift;

static void
gift_clear (Gift *self)
{
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  g_clear_pointer (&self->diff_ids, g_array_unref);
  g_clear_pointer (&self->content, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Gift, gift_clear)

static gboolean
add_part (OciTarWriter *tar, const char *path, const void *data, size_t size, GError **error)
{
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0644, .size = size };
  return oci_tar_writer_add (tar, &entry, error) && oci_tar_writer_data (tar, data, size, error);
}

static gboolean
add_object (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  if (node->type == OCI_ENTRY_FILE)
    g_array_append_val (data, node->object);
  return TRUE;
}

static int
compare_digests (gconstpointer a, gconstpointer b)
{
  return memcmp (((const OciDigest *) a)->bytes, ((const OciDigest *) b)->bytes, OCI_DIGEST_BYTES);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
add_content (TerraneStore *store, OciTarWriter *tar, const char *hex, uint64_t *left,
             GError **error)
{
  OciDigest digest;
  struct stat st;
  size_t got = 0;
  g_auto (OciFd) fd = -1;
  if (!oci_digest_parse_hex (hex, &digest, error)
      || !terrane_object_open (store, &digest, &fd, error))
    return FALSE;
  if (fstat (fd, &st) != 0)
    return oci_throw_errno (error, "an object of the store");
  uint64_t size = (uint64_t) st.st_size;
  if (size > *left)
    return TRUE; /* a machine that needs it fetches its layer */
  *left -= size;
  g_autofree char *data = g_malloc (size + 1);
  g_autofree char *path = g_strconcat (TERRANE_SHARED_CONTENTS, hex, NULL);
  return oci_read_full (fd, data, size, &got, error) && add_part (tar, path, data, got, error);
}

/* In the order of their names. */
static gboolean
add_contents (TerraneStore *store, OciTarWriter *tar, const json_t *files, GError **error)
{
  const char *hex;
  json_t *value;
  uint64_t left = TERRANE_SHARED_CONTENT_BYTES;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  json_object_foreach ((json_t *) files, hex, value)
  {
    (void) value;
    g_ptr_array_add (names, (gpointer) hex);
  }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!add_content (store, tar, names->pdata[i], &left, error))
      return FALSE;
  return TRUE;
}

/* Adds what another machine would otherwise have to fetch layers for. */
static gboolean
add_notes (const Giving *self, TerraneTree *tree, OciTarWriter *tar, GError **error)
{
  if (self->built->reads == NULL)
    return TRUE;
  g_autoptr (GArray) objects = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  (void) terrane_tree_foreach (tree, add_object, objects, NULL); /* cannot fail */
  g_array_sort (objects, compare_digests);
  g_autoptr (OciJsonValue) notes = terrane_reads_select (self->built->reads, objects);
  g_autoptr (OciJsonValue) files = json_incref (json_object_get (notes, "files"));
  (void) json_object_del (notes, "files");
  char *text = json_dumps (notes, JSON_SORT_KEYS | JSON_COMPACT | oci_json_number_flags (notes));
  gboolean ok = text == NULL || add_part (tar, TERRANE_SHARED_NOTES, text, strlen (text), error);
  free (text);
  return ok && add_contents (self->context->store, tar, files, error);
}

static gboolean
add_listing (const Giving *self, Gift *gift, GError **error)
{
  TerraneStore *store = self->context->store;
  OciDigest diff_id;
  gsize size = 0;
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, gift->commit, error);
  g_autoptr (OciLayerWriter) writer =
      tree != NULL && terrane_store_begin_write (store, error)
          ? oci_layer_writer_new (terrane_store_layout (store), self->context->jobs, error)
          : NULL;
  if (writer == NULL)
    return FALSE;
  g_autoptr (GBytes) listing = terrane_tree_listing_write (tree);
  const void *data = g_bytes_get_data (listing, &size);
  OciTarWriter *tar = oci_layer_writer_tar (writer);
  if (!add_part (tar, TERRANE_SHARED_LISTING, data, size, error)
      || !add_notes (self, tree, tar, error))
    return FALSE;
  OciDescriptor *layer = oci_layer_writer_finish (writer, &diff_id, error);
  if (layer == NULL)
    return FALSE;
  g_ptr_array_add (gift->layers, layer);
  g_array_append_val (gift->diff_ids, diff_id);
  return TRUE;
}

/* A layer of several trees has the names of all. @name: (nullable) */
static gboolean
names_tree (const char *name, const char *tree)
{
  g_auto (GStrv) names = g_strsplit (name != NULL ? name : "", "+", -1);
  return g_strcmp0 (name, tree) == 0 || g_strv_contains ((const char *const *) names, tree);
}

/* Without annotations, which contain the name of the tree in this profile. */
static gboolean
add_image_layers (const Giving *self, Gift *gift, GError **error)
{
  json_t *keys = json_array ();
  oci_json_set (gift->content, "layerKeys", keys);
  for (guint i = 0; i < self->manifest->layers->len; i++)
    {
      const OciDescriptor *layer = self->manifest->layers->pdata[i];
      const char *name = oci_descriptor_annotation (layer, TERRANE_ANNOTATION_TREE);
      const char *key = oci_descriptor_annotation (layer, TERRANE_ANNOTATION_LAYER_KEY);
      OciDigest diff_id;
      if (key == NULL || !names_tree (name, gift->name))
        continue;
      if (!oci_image_config_diff_id (self->config, i, &diff_id, error))
        return FALSE;
      g_ptr_array_add (gift->layers,
                       oci_descriptor_new (layer->media_type, &layer->digest, layer->size));
      g_array_append_val (gift->diff_ids, diff_id);
      oci_json_append (keys, oci_json_text (key));
    }
  return TRUE;
}

static gboolean
verify (gconstpointer data, const TerraneSharedEntry *entry, GError **error)
{
  const Giving *self = data;
  return terrane_shared_trees_verify (self->context, self->cache, entry, error);
}

static gboolean
give (const Giving *self, Gift *gift, const OciDigest *key, GError **error)
{
  OciDigestHex hex;
  gift->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_descriptor_free);
  gift->diff_ids = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  oci_json_set (gift->content, "commit", oci_json_text (oci_digest_hex (gift->commit, hex)));
  if (!add_listing (self, gift, error) || !add_image_layers (self, gift, error))
    return FALSE;
  const TerraneSharedResult result = { .kind = TERRANE_SHARED_TREE,
                                       .key = *key,
                                       .label = gift->name,
                                       .content = gift->content,
                                       .layers = gift->layers,
                                       .diff_ids =
                                           (const OciDigest *) (gconstpointer) gift->diff_ids->data,
                                       .verify = verify,
                                       .data = self };
  return terrane_shared_cache_put (self->cache, &result, error);
}

/* @out_wanted: (out): whether the tree can be given and the cache does not have it */
static gboolean
is_wanted (const Giving *self, const TerranePin *pin, const TerraneBase *base,
           const OciDigest *commit, OciDigest *out_key, gboolean *out_wanted, GError **error)
{
  *out_wanted = FALSE;
  if (pin->is_taken)
    return TRUE;
  if (!terrane_portable_tree_key (self->context, pin, base, out_key, out_wanted, error))
    return FALSE;
  *out_wanted =
      *out_wanted && terrane_shared_cache_lacks (self->cache, TERRANE_SHARED_TREE, out_key);
  return !*out_wanted || terrane_commit_find (self->context->store, commit, out_wanted, error);
}

/* Adds which Python it has, as the store remembers it. */
static gboolean
add_python (const Giving *self, Gift *gift, GError **error)
{
  TerraneStore *store = self->context->store;
  const TerraneBase *base = self->built->base;
  g_auto (TerranePythonBase) python = { 0 };
  g_auto (GStrv) env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  const char *path = env != NULL ? g_environ_getenv (env, "PATH") : NULL;
  OciDigest key = terrane_python_base_key (gift->commit, path);
  if (!terrane_python_base_find (store, gift->commit, path, &python, error))
    return FALSE;
  json_t *entry = terrane_cache_get (store, TERRANE_CACHE_PYTHONS, &key);
  if (entry != NULL)
    oci_json_set (gift->content, "python", entry);
  return TRUE;
}

static gboolean
give_base (const Giving *self, GError **error)
{
  const TerranePin *pin = self->built->base_pin;
  const TerraneBase *base = self->built->base;
  OciDigest key;
  gboolean wanted = FALSE;
  g_auto (Gift) gift = { .name = "base", .commit = &base->root.commit };
  if (pin->spec->kind == TERRANE_SOURCE_IMAGE && !pin->has_digest)
    return TRUE; /* from this machine */
  if (!is_wanted (self, pin, NULL, gift.commit, &key, &wanted, error))
    return FALSE;
  if (!wanted)
    return TRUE;
  gift.content = json_object ();
  if (base->manifest != NULL)
    {
      json_t *unpacked =
          terrane_cache_get (self->context->store, TERRANE_CACHE_UNPACKED, &base->manifest_digest);
      if (unpacked == NULL)
        return TRUE;
      oci_json_set (gift.content, "unpacked", unpacked);
    }
  if (base->root.findings != NULL)
    oci_json_set (gift.content, "findings", json_incref (base->root.findings));
  return add_python (self, &gift, error) && give (self, &gift, &key, error);
}

/* Adds which images the compiled tree fits, for machines that have no result of its recipes. */
static gboolean
add_facts (const Giving *self, const TerranePin *pin, Gift *gift, GError **error)
{
  json_t *facts = NULL;
  if (!terrane_compile_facts_find (self->context->store, pin, &facts, error))
    return FALSE;
  if (facts != NULL)
    oci_json_set (gift->content, TERRANE_COMPILE_FACTS, facts);
  return TRUE;
}

/* Debug files of a tree stay on the machine that made it. */
static gboolean
give_tree (const Giving *self, const TerranePin *pin, const TerraneSourceTree *tree, GError **error)
{
  OciDigest key;
  gboolean wanted = FALSE;
  g_auto (Gift) gift = { .name = pin->spec->name, .commit = &tree->commit };
  if (tree->has_debug)
    return TRUE;
  if (!is_wanted (self, pin, self->built->base, gift.commit, &key, &wanted, error))
    return FALSE;
  if (!wanted)
    return TRUE;
  gift.content = json_object ();
  if (pin->spec->kind == TERRANE_SOURCE_COMPILE && !add_facts (self, pin, &gift, error))
    return FALSE;
  if (tree->reports != NULL)
    oci_json_set (gift.content, "reports", json_incref (tree->reports));
  if (tree->findings != NULL)
    oci_json_set (gift.content, "findings", json_incref (tree->findings));
  return give (self, &gift, &key, error);
}

static gboolean
give_all (Giving *self, GError **error)
{
  const TerraneSharedBuilt *built = self->built;
  if (!oci_image_read (terrane_store_layout (self->context->store), built->manifest,
                       &self->manifest, &self->config, error)
      || !give_base (self, error))
    return FALSE;
  for (guint i = 0; i < built->pins->len; i++)
    if (!give_tree (self, built->pins->pdata[i],
                    &g_array_index (built->trees, TerraneSourceTree, i), error))
      return FALSE;
  return TRUE;
}

gboolean
terrane_shared_trees_give (const TerraneSourceContext *context, TerraneSharedCache *cache,
                           const TerraneSharedBuilt *built, GError **error)
{
  Giving self = { .context = context, .cache = cache, .built = built };
  if (!terrane_shared_cache_writes (cache))
    return TRUE;
  gboolean ok = give_all (&self, error);
  oci_manifest_free (self.manifest);
  oci_image_config_free (self.config);
  return ok;
}
