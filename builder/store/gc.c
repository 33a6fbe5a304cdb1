#include "builder/store/gc.h"

#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/downloads.h"
#include "builder/store/pulled.h"

#include "oci/image.h"
#include "oci/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Sets of hex digests. */
typedef struct
{
  TerraneStore *store;
  GHashTable *blobs;
  GHashTable *manifests;
  GHashTable *commits;
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
      g_autoptr (OciManifest) manifest = NULL;
      if (!oci_image_read (layout, descriptor, &manifest, NULL, error))
        return FALSE;
      keep_digest (self->manifests, &descriptor->digest);
      keep_digest (self->blobs, &descriptor->digest);
      keep_digest (self->blobs, &manifest->config->digest);
      for (guint j = 0; j < manifest->layers->len; j++)
        keep_digest (self->blobs, &((OciDescriptor *) manifest->layers->pdata[j])->digest);
    }
  return TRUE;
}

/* The documents of a base; its layers are the image's. */
static void
keep_base (Collector *self, const OciDigest *manifest_digest)
{
  OciLayout *layout = terrane_store_layout (self->store);
  uint64_t size = 0;
  g_autoptr (OciManifest) manifest = NULL;
  keep_digest (self->blobs, manifest_digest);
  if (!oci_layout_has_blob (layout, manifest_digest, &size))
    return;
  g_autoptr (OciDescriptor) descriptor =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, manifest_digest, size);
  if (oci_image_read (layout, descriptor, &manifest, NULL, NULL))
    keep_digest (self->blobs, &manifest->config->digest);
}

/* An image entry stays with its image, and so does what it was made from. */
static gboolean
keep_image_entry (G_GNUC_UNUSED const char *kind, G_GNUC_UNUSED const OciDigest *key,
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
keep_tree_entry (G_GNUC_UNUSED const char *kind, G_GNUC_UNUSED const OciDigest *key,
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
keep_transformed_entry (const char *kind, const OciDigest *key, const json_t *value, gpointer data)
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
keep_blob_entry (const char *kind, const OciDigest *key, const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest digest;
  if (g_str_equal (kind, TERRANE_CACHE_LOCATIONS))
    return is_kept (self->blobs, key);
  const char *member = g_str_equal (kind, TERRANE_CACHE_IMPORTS) ? "manifest" : "digest";
  const char *text = terrane_cache_text (value, member);
  return text != NULL && oci_digest_parse (text, &digest, NULL) && is_kept (self->blobs, &digest);
}

/* The file system of an image that stays, or of its base. */
static gboolean
keep_unpacked_entry (G_GNUC_UNUSED const char *kind, const OciDigest *key, const json_t *value,
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
keep_facts_entry (G_GNUC_UNUSED const char *kind, G_GNUC_UNUSED const OciDigest *key,
                  const json_t *value, gpointer data)
{
  const Collector *self = data;
  OstreeRepo *repo = terrane_store_repo (self->store);
  const char *object = json_object_iter_key (json_object_iter (json_object_get (value, "objects")));
  OciDigest digest;
  gboolean exists = FALSE;
  return object != NULL && oci_digest_parse_hex (object, &digest, NULL)
         && ostree_repo_has_object (repo, OSTREE_OBJECT_TYPE_FILE, object, &exists, NULL, NULL)
         && exists;
}

static gboolean
keep_pulled_entry (G_GNUC_UNUSED const char *kind, G_GNUC_UNUSED const OciDigest *key,
                   const json_t *value, gpointer data)
{
  Collector *self = data;
  OciDigest commit;
  gboolean fresh = terrane_pulled_is_fresh (value, &commit);
  if (fresh && terrane_pulled_is_whole (self->store, &commit))
    keep_digest (self->commits, &commit);
  return fresh;
}

static gboolean
sweep_cache (Collector *self, GError **error)
{
  guint *removed = &self->report.cache_entries;
  return terrane_cache_sweep (self->store, TERRANE_CACHE_IMAGES, keep_image_entry, self, removed,
                              error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_PULLED, keep_pulled_entry, self,
                                 removed, error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_UNPACKED, keep_unpacked_entry, self,
                                 removed, error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_TRANSFORMED, keep_transformed_entry,
                                 self, removed, error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_TREES, keep_tree_entry, self, removed,
                                 error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_LAYERS, keep_blob_entry, self, removed,
                                 error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_IMPORTS, keep_blob_entry, self, removed,
                                 error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_LOCATIONS, keep_blob_entry, self,
                                 removed, error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_PYTHONS, keep_tree_entry, self, removed,
                                 error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_RESULTS, keep_tree_entry, self, removed,
                                 error);
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

/* Whoever runs something in a checkout has a lock on its directory, see TerraneRootfs. */
static gboolean
is_pinned (int roots, const char *name)
{
  g_auto (OciFd) fd = openat (roots, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Checkouts are named by their commit; names that start with a dot were left by a killed process.
 */
static gboolean
sweep_roots (Collector *self, GError **error)
{
  int roots = terrane_store_roots_dfd (self->store);
  int fd = openat (roots, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      oci_fd_close (fd);
      return oci_throw_errno (error, "listing the checkouts");
    }
  gboolean ok = TRUE;
  for (struct dirent *entry = readdir (dir); ok && entry != NULL; entry = readdir (dir))
    {
      OciDigest commit;
      if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
        continue;
      if (oci_digest_parse_hex (entry->d_name, &commit, NULL) && is_kept (self->commits, &commit))
        continue;
      if (is_pinned (roots, entry->d_name))
        continue;
      ok = oci_remove_tree (roots, entry->d_name, error);
      self->report.roots++;
    }
  (void) closedir (dir);
  return ok;
}

static gboolean
prune_objects (Collector *self, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GHashTable) reachable = ostree_repo_traverse_new_reachable ();
  GHashTableIter iter;
  gpointer hex;
  g_hash_table_iter_init (&iter, self->commits);
  while (g_hash_table_iter_next (&iter, &hex, NULL))
    {
      OciDigest commit;
      if (oci_digest_parse_hex (hex, &commit, NULL) && terrane_commit_exists (self->store, &commit)
          && !ostree_repo_traverse_commit_union (repo, hex, 0, reachable, NULL, error))
        return FALSE;
    }
  OstreeRepoPruneOptions options = { .flags = OSTREE_REPO_PRUNE_FLAGS_NONE,
                                     .reachable = reachable };
  gint total = 0, pruned = 0;
  guint64 bytes = 0;
  if (!ostree_repo_prune_from_reachable (repo, &options, &total, &pruned, &bytes, NULL, error))
    return FALSE;
  self->report.objects = (guint) pruned;
  self->report.bytes += bytes;
  return terrane_cache_sweep (self->store, TERRANE_CACHE_PROGRAMS, keep_facts_entry, self,
                              &self->report.cache_entries, error)
         && terrane_cache_sweep (self->store, TERRANE_CACHE_GEO, keep_facts_entry, self,
                                 &self->report.cache_entries, error);
}

gboolean
terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error)
{
  OCI_PREFIX (error, "the store %s", terrane_store_path (store));
  g_autoptr (GHashTable) blobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) manifests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) commits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Collector self = { .store = store, .blobs = blobs, .manifests = manifests, .commits = commits };
  if (!mark_images (&self, error) || !sweep_cache (&self, error) || !sweep_blobs (&self, error)
      || !sweep_downloads (&self, error) || !sweep_roots (&self, error)
      || !prune_objects (&self, error))
    return FALSE;
  *out_report = self.report;
  return TRUE;
}
