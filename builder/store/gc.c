#include "builder/store/gc.h"

#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/downloads.h"
#include "builder/store/metadata.h"
#include "builder/store/pulled.h"

#include "oci/image.h"
#include "oci/partial.h"

#include "oci/base/temp-file.h"
#include "oci/base/text-hash.h"

#include <fcntl.h>

/* Sets of hex digests. */
typedef struct
{
  TerraneStore *store;
  GHashTable *blobs;
  GHashTable *manifests;
  GHashTable *commits;
  GHashTable *names;     /* of images */
  GHashTable *reachable; /* names of objects that the commits need */
  guint removed_commits;
  GError *failure; /* (nullable): why a rule does not know whether to keep something */
  TerraneGcReport report;
} Collector;

static void
keep_digest (GHashTable *set, const OciDigest *digest)
{
  OciDigestHex hex;
  g_hash_table_add (set, g_strdup (oci_digest_hex (digest, hex)));
}

static gboolean
is_kept (GHashTable *set, const OciDigest *digest)
{
  OciDigestHex hex;
  return g_hash_table_contains (set, oci_digest_hex (digest, hex));
}

enum
{
  MAX_INDEX_DEPTH = 4, /* of an index that lists indexes */
};

static gboolean mark_manifest (Collector *self, const OciDescriptor *descriptor, unsigned depth,
                               GError **error);

/* terrane names single images; another program may have stored an index of several. */
static gboolean
mark_children (Collector *self, const OciDescriptor *descriptor, unsigned depth, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciIndex) index = raw != NULL ? oci_index_parse ("the index", raw, error) : NULL;
  if (index == NULL)
    return FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *child = index->manifests->pdata[i];
      uint64_t size = 0;
      gboolean found = FALSE;
      if (!oci_layout_find_blob (layout, &child->digest, &found, &size, error)
          || (found && !mark_manifest (self, child, depth + 1, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
mark_manifest (Collector *self, const OciDescriptor *descriptor, unsigned depth, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  keep_digest (self->manifests, &descriptor->digest);
  keep_digest (self->blobs, &descriptor->digest);
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type != NULL && type->kind == OCI_MEDIA_INDEX && depth < MAX_INDEX_DEPTH)
    return mark_children (self, descriptor, depth, error);
  if (!oci_image_read (terrane_store_layout (self->store), descriptor, &manifest, NULL, error))
    return FALSE;
  keep_digest (self->blobs, &manifest->config->digest);
  for (guint i = 0; i < manifest->layers->len; i++)
    keep_digest (self->blobs, &((OciDescriptor *) manifest->layers->pdata[i])->digest);
  return TRUE;
}

static gboolean
mark_images (Collector *self, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, error);
  if (index == NULL)
    return FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *descriptor = index->manifests->pdata[i];
      const char *name = oci_descriptor_annotation (descriptor, OCI_ANNOTATION_REF_NAME);
      g_autoptr (GError) local = NULL;
      if (name != NULL)
        g_hash_table_add (self->names, g_strdup (name));
      if (mark_manifest (self, descriptor, 0, &local))
        continue;
      if (!oci_layout_index_is_damaged (local)) /* it may be readable another time */
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      g_message ("image %s: %s; build or pull it again, or remove it with 'terrane rm'",
                 name != NULL ? name : "(unnamed)", local->message);
    }
  return TRUE;
}

/* Nothing is removed when it is not known what is there. @error: (transfer full) */
static void
note_failure (Collector *self, GError *error)
{
  if (self->failure == NULL)
    self->failure = error;
  else
    g_error_free (error);
}

/* The documents of a base; its layers are the image's. */
static void
keep_base (Collector *self, const OciDigest *manifest_digest)
{
  OciLayout *layout = terrane_store_layout (self->store);
  uint64_t size = 0;
  gboolean found = FALSE;
  g_autoptr (GError) local = NULL;
  g_autoptr (OciManifest) manifest = NULL;
  keep_digest (self->blobs, manifest_digest);
  if (!oci_layout_find_blob (layout, manifest_digest, &found, &size, &local))
    note_failure (self, g_steal_pointer (&local));
  if (!found)
    return;
  g_autoptr (OciDescriptor) descriptor =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, manifest_digest, size);
  if (oci_image_read (layout, descriptor, &manifest, NULL, &local))
    keep_digest (self->blobs, &manifest->config->digest);
  else if (g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
    note_failure (self, g_steal_pointer (&local));
}

/* An image entry stays with its image, and so does what it was made from. */
static gboolean
keep_image_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                  const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest digest;
  const char *manifest = terrane_cache_text (value, "manifest");
  const char *commit = terrane_cache_text (value, "commit");
  if (manifest == NULL || !oci_digest_parse (manifest, &digest, NULL)
      || !is_kept (self->manifests, &digest))
    return FALSE;
  if (commit != NULL && oci_digest_parse_hex (commit, &digest, NULL))
    keep_digest (self->commits, &digest);
  size_t i;
  json_t *tree;
  json_array_foreach (json_object_get (value, "trees"), i, tree)
  {
    const char *hex = json_string_value (tree);
    if (hex != NULL && oci_digest_parse_hex (hex, &digest, NULL))
      keep_digest (self->commits, &digest);
  }
  const char *base = terrane_cache_text (value, "base_manifest");
  if (base != NULL && oci_digest_parse (base, &digest, NULL))
    keep_base (self, &digest);
  return TRUE;
}

static gboolean
keep_name_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                 const json_t *value, gpointer data)
{
  const Collector *self = data;
  const char *name = terrane_cache_text (value, "name");
  return name != NULL && g_hash_table_contains (self->names, name);
}

/* The digest of a file is known as long as the file is what it was; older entries do not say which
 * file it is. */
static gboolean
keep_digest_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                   const json_t *value, G_GNUC_UNUSED gpointer data)
{
  struct stat st;
  const char *path = terrane_cache_text (value, "path");
  return path != NULL && fstatat (AT_FDCWD, path, &st, 0) == 0
         && (json_int_t) st.st_ino == json_integer_value (json_object_get (value, "inode"))
         && (json_int_t) st.st_size == json_integer_value (json_object_get (value, "size"))
         && (json_int_t) st.st_mtim.tv_sec == json_integer_value (json_object_get (value, "mtime"));
}

static gboolean
keep_tree_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                 const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest commit;
  const char *hex = terrane_cache_text (value, "commit");
  return hex != NULL && oci_digest_parse_hex (hex, &commit, NULL)
         && is_kept (self->commits, &commit);
}

/* With a tree of an image stay what it was made of, so that other transforms need not read the
 * source, and what its transforms took out. */
static gboolean
keep_transformed_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value,
                        gpointer data)
{
  static const char *const members[] = { "source", "debug" };
  Collector *self = data;
  if (!keep_tree_entry (kind, key, value, data))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      OciDigest commit;
      const char *hex = terrane_cache_text (value, members[i]);
      if (hex != NULL && oci_digest_parse_hex (hex, &commit, NULL))
        keep_digest (self->commits, &commit);
    }
  return TRUE;
}

static gboolean
keep_blob_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest digest;
  if (kind == TERRANE_CACHE_LOCATIONS)
    return is_kept (self->blobs, key);
  const char *member = kind == TERRANE_CACHE_ARCHIVES ? "manifest" : "digest";
  const char *text = terrane_cache_text (value, member);
  return text != NULL && oci_digest_parse (text, &digest, NULL) && is_kept (self->blobs, &digest);
}

/* The file system of an image that stays, or of its base. */
static gboolean
keep_unpacked_entry (G_GNUC_UNUSED TerraneCacheKind kind, const OciDigest *key, const json_t *value,
                     gpointer data)
{
  Collector *self = data;
  OciDigest commit;
  const char *hex = terrane_cache_text (value, "commit");
  if (hex == NULL || !oci_digest_parse_hex (hex, &commit, NULL)
      || (!is_kept (self->manifests, key) && !is_kept (self->commits, &commit)))
    return FALSE;
  keep_digest (self->commits, &commit);
  return TRUE;
}

/* The files of a layer stay or go together. */
static gboolean
keep_facts_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                  const json_t *value, gpointer data)
{
  Collector *self = data;
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GError) local = NULL;
  const char *object = json_object_iter_key (json_object_iter (json_object_get (value, "objects")));
  OciDigest digest;
  gboolean exists = FALSE;
  if (object == NULL || !oci_digest_parse_hex (object, &digest, NULL))
    return FALSE;
  if (ostree_repo_has_object (repo, OSTREE_OBJECT_TYPE_FILE, object, &exists, NULL, &local))
    return exists;
  note_failure (self, g_steal_pointer (&local));
  return TRUE;
}

static gboolean
keep_pulled_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                   const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest commit;
  gboolean whole = FALSE;
  g_autoptr (GError) local = NULL;
  if (!terrane_pulled_is_fresh (value, &commit))
    return FALSE;
  if (!terrane_pulled_find_commit (self->store, &commit, &whole, &local))
    note_failure (self, g_steal_pointer (&local));
  if (whole)
    keep_digest (self->commits, &commit);
  return TRUE;
}

typedef enum
{
  BEFORE_BLOBS, /* decides what else is kept */
  AFTER_OBJECTS /* about objects: those that are gone say which entries go */
} SweepTime;

/* What keeps the entries of each kind. The order counts: a rule may mark what later ones ask for.
 */
static const struct
{
  TerraneCacheKind kind;
  SweepTime time;
  TerraneCacheFunc keep;
} rules[] = {
  { TERRANE_CACHE_IMAGES, BEFORE_BLOBS, keep_image_entry },            /* marks commits and bases */
  { TERRANE_CACHE_PULLED, BEFORE_BLOBS, keep_pulled_entry },           /* marks commits */
  { TERRANE_CACHE_UNPACKED, BEFORE_BLOBS, keep_unpacked_entry },       /* likewise */
  { TERRANE_CACHE_TRANSFORMED, BEFORE_BLOBS, keep_transformed_entry }, /* likewise */
  { TERRANE_CACHE_TREES, BEFORE_BLOBS, keep_tree_entry },
  { TERRANE_CACHE_LAYERS, BEFORE_BLOBS, keep_blob_entry },
  { TERRANE_CACHE_ARCHIVES, BEFORE_BLOBS, keep_blob_entry },
  { TERRANE_CACHE_LOCATIONS, BEFORE_BLOBS, keep_blob_entry },
  { TERRANE_CACHE_PYTHONS, BEFORE_BLOBS, keep_tree_entry },
  { TERRANE_CACHE_NAMES, BEFORE_BLOBS, keep_name_entry },
  { TERRANE_CACHE_DIGESTS, BEFORE_BLOBS, keep_digest_entry },
  { TERRANE_CACHE_RESULTS, BEFORE_BLOBS, keep_tree_entry },
  { TERRANE_CACHE_PROGRAMS, AFTER_OBJECTS, keep_facts_entry },
  { TERRANE_CACHE_GEO, AFTER_OBJECTS, keep_facts_entry },
};
G_STATIC_ASSERT (G_N_ELEMENTS (rules) == TERRANE_CACHE_KINDS); /* each once: test-store */

static gboolean
sweep_cache (Collector *self, SweepTime time, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i].time == time
        && !terrane_cache_sweep (self->store, rules[i].kind, rules[i].keep, self,
                                 &self->report.cache_entries, error))
      return FALSE;
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

typedef struct
{
  Collector *collector;
  GPtrArray *unwanted; /* of OciDigest */
} BlobSweep;

static void
note_blob (const OciDigest *digest, uint64_t size, gpointer data)
{
  BlobSweep *sweep = data;
  if (is_kept (sweep->collector->blobs, digest))
    return;
  g_ptr_array_add (sweep->unwanted, g_memdup2 (digest, sizeof *digest));
  sweep->collector->report.bytes += size;
}

static gboolean
sweep_blobs (Collector *self, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (GPtrArray) unwanted = g_ptr_array_new_with_free_func (g_free);
  BlobSweep sweep = { .collector = self, .unwanted = unwanted };
  if (!oci_layout_foreach_blob (layout, note_blob, &sweep, error))
    return FALSE;
  for (guint i = 0; i < unwanted->len; i++)
    if (!oci_layout_remove_blob (layout, unwanted->pdata[i], error))
      return FALSE;
  self->report.blobs = unwanted->len;
  return oci_partial_remove_all (layout, error);
}

static gboolean
sweep_downloads (Collector *self, GError **error)
{
  uint64_t bytes = 0;
  if (!terrane_downloads_sweep (self->store, &self->report.downloads, &bytes, error))
    return FALSE;
  self->report.bytes += bytes;
  return TRUE;
}

static gboolean
is_kept_commit (const OciDigest *commit, gpointer data)
{
  return is_kept (data, commit);
}

/* What the commits that stay need. One that is damaged does not stay. */
static gboolean
find_reachable (Collector *self, GError **error)
{
  GHashTableIter iter;
  gpointer hex;
  g_hash_table_iter_init (&iter, self->commits);
  while (g_hash_table_iter_next (&iter, &hex, NULL))
    {
      OciDigest commit;
      g_autoptr (GError) local = NULL;
      gboolean exists = FALSE;
      g_autoptr (GHashTable) objects = ostree_repo_traverse_new_reachable ();
      if (!oci_digest_parse_hex (hex, &commit, NULL))
        continue;
      if (!terrane_commit_find (self->store, &commit, &exists, error))
        return FALSE;
      if (!exists)
        continue;
      if (!terrane_commit_traverse (terrane_store_repo (self->store), hex, objects, &local))
        {
          if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_CORRUPT)
              && !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
            {
              g_propagate_error (error, g_steal_pointer (&local));
              return FALSE;
            }
          g_message ("the commit %.12s… is removed: %s", (const char *) hex, local->message);
          continue;
        }
      GHashTableIter objects_iter;
      gpointer object;
      g_hash_table_iter_init (&objects_iter, objects);
      while (g_hash_table_iter_next (&objects_iter, &object, NULL))
        g_hash_table_add (self->reachable, g_variant_ref (object));
    }
  return TRUE;
}

/* Before anything that they need, so that a gc that is killed leaves no commit that lacks
 * something.
 */
static gboolean
remove_commit (const char *hex, gpointer data, GError **error)
{
  Collector *self = data;
  g_autoptr (GVariant) name =
      g_variant_ref_sink (ostree_object_name_serialize (hex, OSTREE_OBJECT_TYPE_COMMIT));
  if (g_hash_table_contains (self->reachable, name))
    return TRUE;
  self->removed_commits++;
  return ostree_repo_delete_object (terrane_store_repo (self->store), OSTREE_OBJECT_TYPE_COMMIT,
                                    hex, NULL, error);
}

static gboolean
prune_objects (Collector *self, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GHashTable) reachable = ostree_repo_traverse_new_reachable ();
  self->reachable = reachable;
  if (!find_reachable (self, error) || !terrane_commit_foreach (repo, remove_commit, self, error))
    return FALSE;
  OstreeRepoPruneOptions options = { .flags = OSTREE_REPO_PRUNE_FLAGS_NONE,
                                     .reachable = reachable };
  gint total = 0, pruned = 0;
  guint64 bytes = 0;
  if (!ostree_repo_prune_from_reachable (repo, &options, &total, &pruned, &bytes, NULL, error))
    return FALSE;
  self->report.objects = (guint) pruned + self->removed_commits;
  self->report.bytes += bytes;
  return sweep_cache (self, AFTER_OBJECTS, error);
}

gboolean
terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error)
{
  OCI_PREFIX (error, "the store %s", terrane_store_path (store));
  g_autoptr (GHashTable) blobs = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) manifests =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) commits = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  guint leftovers = 0;
  Collector self = {
    .store = store, .blobs = blobs, .manifests = manifests, .commits = commits, .names = names
  };
  if (!oci_temp_file_sweep (terrane_store_dfd (store), &leftovers, error)
      || !oci_layout_sweep_temp_files (terrane_store_layout (store), &leftovers, error)
      || !oci_layout_sweep_temp_files (terrane_store_downloads (store), &leftovers, error))
    return FALSE;
  if (!mark_images (&self, error) || !sweep_cache (&self, BEFORE_BLOBS, error)
      || !sweep_blobs (&self, error) || !sweep_downloads (&self, error)
      || !terrane_checkouts_sweep (store, is_kept_commit, commits, &self.report.roots, error)
      || !prune_objects (&self, error))
    return FALSE;
  *out_report = self.report;
  return TRUE;
}
