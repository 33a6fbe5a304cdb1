#include "builder/image/compiled-cache.h"

#include "builder/image/assemble.h"
#include "builder/image/compile-fit.h"
#include "builder/image/layer.h"
#include "builder/image/portable-key.h"
#include "builder/image/source-tree.h"
#include "builder/source/compile.h"
#include "builder/store/cache.h"
#include "builder/store/ingest.h"

#include "oci/archive-reader.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"
#include "oci/layer-stream.h"

typedef struct
{
  const TerraneSourceContext *context;
  TerraneSharedCache *cache;
  TerranePin *pin;
  const TerraneBase *base; /* (nullable): the image's, which taken results must fit */
  OciDigest in;            /* digest of what it is compiled in: the same on every machine */
} Exchange;

/* "gdal 3.12.1" */
static char *
label_of (const TerraneRecipe *recipe)
{
  return g_strdup_printf ("%s %s", recipe->name, recipe->version);
}

/* The key by which the local store knows the result. */
static OciDigest
key_here (const Exchange *self, const TerraneRecipe *recipe)
{
  return terrane_compile_key (recipe, self->pin->spec->prefix, &self->pin->in->key);
}

/* The key that is the same on every machine. */
static OciDigest
key_everywhere (const Exchange *self, const TerraneRecipe *recipe)
{
  return terrane_compile_key (recipe, self->pin->spec->prefix, &self->in);
}

static gboolean
find_here (const Exchange *self, const TerraneRecipe *recipe, OciDigest *out_commit,
           gboolean *out_found, GError **error)
{
  OciDigest key = key_here (self, recipe);
  return terrane_source_tree_find_commit (self->context->store, &key, out_commit, out_found, error);
}

/* Taking */

enum
{
  SPECIAL_RIGHTS = 06000,
};

typedef struct
{
  TerraneIngest *ingest;
  const char *prefix;
} Unpacking;

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

/* Steps run as an ordinary user, whose files have no special rights; all files get one owner. */
static gboolean
check_rights (const OciEntry *entry, GError **error)
{
  if ((entry->mode & SPECIAL_RIGHTS) == 0 && entry->uid == 0 && entry->gid == 0
      && entry->xattrs == NULL)
    return TRUE;
  g_autofree char *quoted = oci_quote (entry->path);
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "%s has an owner, set-user-ID bits or capabilities that no recipe can give",
                    quoted);
}

/* A recipe installs nothing outside its prefix; compiling checks this, too. */
static gboolean
take_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  const Unpacking *self = data;
  if (!check_rights (entry, error))
    return FALSE;
  if (oci_path_is_below (entry->path, self->prefix)
      || (entry->type == OCI_ENTRY_DIRECTORY && oci_path_is_below (self->prefix, entry->path)))
    return terrane_ingest_add (self->ingest, entry, read_member, reader, error);
  g_autofree char *quoted = oci_quote (entry->path);
  return oci_throw (error, OCI_ERROR_CORRUPT, "has %s, which is not below the prefix /%s", quoted,
                    self->prefix);
}

static gboolean
unpack (const Exchange *self, const TerraneSharedEntry *entry, OciDigest *out_commit,
        GError **error)
{
  TerraneStore *store = self->context->store;
  const OciDescriptor *layer = entry->layers->pdata[0];
  OciLayout *layout = terrane_store_layout (store);
  OciUnpackBudget budget = oci_layout_unpack_budget (layout);
  OciDigest diff_id;
  g_auto (OciFd) fd = -1;
  OCI_PREFIX (error, "its layer");
  budget.packed = layer->size;
  g_autoptr (OciLayerStream) stream = oci_layout_open_verified (layout, layer, &fd, error)
                                          ? oci_layer_stream_new (fd, error)
                                          : NULL;
  g_autoptr (TerraneIngest) ingest =
      stream != NULL ? terrane_ingest_new (store, self->context->jobs, NULL, NULL, error) : NULL;
  if (ingest == NULL)
    return FALSE;
  g_autoptr (TerraneTree) tree = NULL;
  Unpacking unpacking = { .ingest = ingest, .prefix = self->pin->spec->prefix };
  g_autoptr (OciArchiveReader) reader =
      oci_archive_reader_new_layer ("its tar", oci_layer_stream_read, stream, &budget, error);
  if (reader == NULL || !oci_archive_reader_foreach (reader, take_member, &unpacking, error)
      || !oci_layer_stream_finish (stream, &diff_id, error))
    return FALSE;
  if (!oci_digest_equal (&diff_id, &entry->diff_ids[0]))
    return oci_throw (error, OCI_ERROR_CORRUPT, "unpacks to another diffID than it says");
  return terrane_ingest_finish (ingest, out_commit, &tree, error);
}

/* A claim that it does not fit the image's base is not believed either: it is compiled here, if
 * that gives no error. */
static gboolean
check_fit (const Exchange *self, const TerraneSharedEntry *entry, GError **error)
{
  gboolean fit = TRUE;
  const json_t *facts = json_object_get (entry->content, TERRANE_COMPILE_FACTS);
  return terrane_compile_facts_fit (self->context, facts, self->base, &fit, error)
         && (fit || oci_throw (error, OCI_ERROR_UNSUPPORTED, TERRANE_COMPILE_UNFIT));
}

/* The unpacked result must be the one that was given. */
static gboolean
fetch (const Exchange *self, const TerraneSharedEntry *entry, OciDigest *out_commit, GError **error)
{
  OciDigest claimed;
  const char *text = json_string_value (json_object_get (entry->content, "commit"));
  if (entry->layers->len != 1 || text == NULL || !oci_digest_parse_hex (text, &claimed, NULL))
    return oci_throw (error, OCI_ERROR_CORRUPT, "it does not say what its recipe made");
  if (!check_fit (self, entry, error)
      || !terrane_shared_cache_fetch_layer (self->cache, entry, 0, error)
      || !unpack (self, entry, out_commit, error))
    return FALSE;
  return oci_digest_equal (&claimed, out_commit)
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "it unpacks to other files than it says its recipe made");
}

/* @out_found: (out): whether the result is now in the store */
static gboolean
take (const Exchange *self, const TerraneRecipe *recipe, gboolean *out_found, GError **error)
{
  OciDigest commit;
  g_autoptr (TerraneSharedEntry) entry = NULL;
  GError *local = NULL;
  g_autofree char *label = label_of (recipe);
  if (!find_here (self, recipe, &commit, out_found, error))
    return FALSE;
  if (*out_found)
    return TRUE;
  OciDigest here = key_here (self, recipe), everywhere = key_everywhere (self, recipe);
  if (!terrane_shared_cache_find (self->cache, TERRANE_SHARED_COMPILED, &everywhere, label, &entry,
                                  error))
    return FALSE;
  if (entry == NULL)
    return TRUE;
  if (!fetch (self, entry, &commit, &local))
    return terrane_shared_cache_refuse (self->cache, entry, local, error);
  g_autoptr (OciJsonValue) notes = json_object ();
  json_t *facts = json_object_get (entry->content, TERRANE_COMPILE_FACTS);
  if (json_is_object (facts))
    oci_json_set (notes, TERRANE_COMPILE_FACTS, json_incref (facts));
  if (!terrane_source_tree_claim (self->context->store, &here, &commit, notes, error))
    return FALSE;
  terrane_shared_cache_note_used (self->cache, entry);
  if (self->pin->taken_recipes == NULL)
    self->pin->taken_recipes = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (self->pin->taken_recipes, g_strdup (recipe->name));
  *out_found = TRUE;
  return TRUE;
}

/* @out_usable: (out): whether any result of the source can be exchanged */
static gboolean
exchange_init (Exchange *self, const TerraneSourceContext *context, TerraneSharedCache *cache,
               TerranePin *pin, gboolean *out_usable, GError **error)
{
  *self = (Exchange){ .context = context, .cache = cache, .pin = pin };
  return terrane_portable_key (context, pin->in, &self->in, out_usable, error);
}

/* Forgets what was taken before and what was compiled with it: both are to be compiled here. */
static void
forget_claims (const TerraneSourceContext *context, TerranePin *pin)
{
  TerraneStore *store = context->store;
  const GPtrArray *recipes = pin->recipes->recipes;
  const Exchange self = { .context = context, .pin = pin };
  gboolean claimed = FALSE;
  for (guint i = 0; i < recipes->len; i++)
    {
      OciDigest key = key_here (&self, recipes->pdata[i]);
      claimed = claimed || terrane_source_tree_is_claimed (store, &key);
    }
  for (guint i = 0; claimed && i < recipes->len; i++)
    {
      OciDigest key = key_here (&self, recipes->pdata[i]);
      terrane_cache_forget (store, TERRANE_CACHE_TREES, &key);
    }
  if (claimed)
    terrane_cache_forget (store, TERRANE_CACHE_TREES, &pin->key);
}

/* To compile a recipe, all recipes that it needs are needed; if its result is in the store, only
 * those that a tree contains, too. */
gboolean
terrane_compiled_cache_take (const TerraneSourceContext *context, TerraneSharedCache *cache,
                             TerranePin *pin, const TerraneBase *base, GError **error)
{
  Exchange self;
  gboolean usable = FALSE, found = FALSE;
  const GPtrArray *recipes = pin->recipes->recipes;
  if (pin->is_taken || !terrane_source_tree_is_stored (context->store, pin, &found, error))
    return pin->is_taken;
  if (terrane_shared_cache_compares (cache) && pin->has_key)
    forget_claims (context, pin);
  if (!terrane_shared_cache_reads (cache) || found)
    return TRUE; /* without a key, reading it gives the error */
  if (!exchange_init (&self, context, cache, pin, &usable, error))
    return FALSE;
  self.base = base;
  for (guint i = recipes->len; usable && pin->has_key && i > 0; i--)
    {
      if (!take (&self, recipes->pdata[i - 1], &found, error))
        return FALSE;
      if (found && i == recipes->len && !pin->spec->with_needs)
        break;
    }
  return TRUE;
}

/* Giving */

/* A layer has no entry for the root. */
static gboolean
has_plain_root (TerraneTree *tree)
{
  const TerraneNode *root = terrane_tree_root (tree);
  return root->mode == 0755 && root->uid == 0 && root->gid == 0 && root->xattrs == NULL;
}

/* A result that was compiled here, to be given or compared. */
typedef struct
{
  const Exchange *exchange;
  const TerraneLayer *layer;
} Gift;

/* The same layer contains the same files; another one is unpacked. */
static gboolean
verify (gconstpointer data, const TerraneSharedEntry *entry, GError **error)
{
  const Gift *self = data;
  const TerraneLayer *own = self->layer;
  OciDigest commit;
  if (entry->layers->len == 1 && oci_digest_equal (&entry->diff_ids[0], &own->diff_id)
      && oci_digest_equal (&((const OciDescriptor *) entry->layers->pdata[0])->digest,
                           &own->descriptor->digest))
    return TRUE;
  return fetch (self->exchange, entry, &commit, error);
}

static gboolean
give (const Exchange *self, const TerraneRecipe *recipe, const OciDigest *key,
      const OciDigest *commit, const json_t *facts, GError **error)
{
  const TerraneSourceContext *context = self->context;
  OciDigestHex hex;
  g_autofree char *label = label_of (recipe);
  g_autoptr (TerraneTree) tree = terrane_commit_load (context->store, commit, error);
  if (tree == NULL || !has_plain_root (tree))
    return tree != NULL;
  g_autoptr (GPtrArray) paths = terrane_assemble_all_paths (tree);
  g_autoptr (TerraneLayer) layer =
      terrane_store_begin_write (context->store, error) ? terrane_layer_build (
          context->store, tree, paths, recipe->name, NULL, context->jobs, context->progress, error)
                                                        : NULL;
  if (layer == NULL)
    return FALSE;
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  g_autoptr (OciJsonValue) content = json_object ();
  g_ptr_array_add (layers, layer->descriptor);
  oci_json_set (content, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  oci_json_set (content, "name", oci_json_text (recipe->name));
  oci_json_set (content, "version", oci_json_text (recipe->version));
  if (facts != NULL)
    oci_json_set (content, TERRANE_COMPILE_FACTS, json_incref ((json_t *) facts));
  const Gift gift = { .exchange = self, .layer = layer };
  const TerraneSharedResult result = { .kind = TERRANE_SHARED_COMPILED,
                                       .key = *key,
                                       .label = label,
                                       .content = content,
                                       .layers = layers,
                                       .diff_ids = &layer->diff_id,
                                       .verify = verify,
                                       .data = &gift };
  return terrane_shared_cache_put (self->cache, &result, error);
}

gboolean
terrane_compiled_cache_give (const TerraneSourceContext *context, TerraneSharedCache *cache,
                             TerranePin *pin, GError **error)
{
  Exchange self;
  gboolean usable = FALSE;
  if (!terrane_shared_cache_writes (cache) || !pin->has_key)
    return TRUE;
  g_autoptr (OciJsonValue) facts = NULL;
  if (!exchange_init (&self, context, cache, pin, &usable, error)
      || !terrane_compile_facts_find (context->store, pin, &facts, error))
    return FALSE;
  for (guint i = 0; usable && i < pin->recipes->recipes->len; i++)
    {
      const TerraneRecipe *recipe = pin->recipes->recipes->pdata[i];
      OciDigest commit, key = key_everywhere (&self, recipe);
      gboolean found = FALSE;
      if (!terrane_shared_cache_lacks (cache, TERRANE_SHARED_COMPILED, &key))
        continue;
      if (!find_here (&self, recipe, &commit, &found, error)
          || (found && !give (&self, recipe, &key, &commit, facts, error)))
        return FALSE;
    }
  return TRUE;
}
