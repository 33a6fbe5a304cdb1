#include "builder/store/gc.h"

#include "builder/store/commit.h"
#include "builder/store/compile-files.h"
#include "builder/store/downloads.h"
#include "builder/store/metadata.h"
#include "builder/store/needs.h"

#include "oci/partial.h"

#include "oci/base/temp-file.h"

typedef struct
{
  TerraneNeeds needs;
  GHashTable *reachable; /* names of objects that the commits need */
  guint removed_commits;
  TerraneGcReport report;
} Collector;

typedef struct
{
  Collector *collector;
  GPtrArray *unwanted; /* of OciDigest */
} BlobSweep;

static void
note_blob (const OciDigest *digest, uint64_t size, gpointer data)
{
  BlobSweep *sweep = data;
  if (terrane_needs_has (sweep->collector->needs.blobs, digest))
    return;
  g_ptr_array_add (sweep->unwanted, g_memdup2 (digest, sizeof *digest));
  sweep->collector->report.bytes += size;
}

static gboolean
sweep_blobs (Collector *self, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->needs.store);
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
  if (!terrane_downloads_sweep (self->needs.store, &self->report.downloads, &bytes, error))
    return FALSE;
  self->report.bytes += bytes;
  return TRUE;
}

static gboolean
is_kept_commit (const OciDigest *commit, gpointer data)
{
  return terrane_needs_has (data, commit);
}

/* Removes a commit before the objects that it needs, so that a killed gc leaves no incomplete
 * commit. */
static gboolean
remove_commit (const char *hex, gpointer data, GError **error)
{
  Collector *self = data;
  g_autoptr (GVariant) name =
      g_variant_ref_sink (ostree_object_name_serialize (hex, OSTREE_OBJECT_TYPE_COMMIT));
  if (g_hash_table_contains (self->reachable, name))
    return TRUE;
  self->removed_commits++;
  return ostree_repo_delete_object (terrane_store_repo (self->needs.store),
                                    OSTREE_OBJECT_TYPE_COMMIT, hex, NULL, error);
}

static gboolean
prune_objects (Collector *self, GError **error)
{
  OstreeRepo *repo = terrane_store_repo (self->needs.store);
  g_autoptr (GHashTable) reachable = ostree_repo_traverse_new_reachable ();
  self->reachable = reachable;
  if (!terrane_needs_find_objects (&self->needs, reachable, error)
      || !terrane_commit_foreach (repo, remove_commit, self, error))
    return FALSE;
  OstreeRepoPruneOptions options = { .flags = OSTREE_REPO_PRUNE_FLAGS_NONE,
                                     .reachable = reachable };
  gint total = 0, pruned = 0;
  guint64 bytes = 0;
  if (!ostree_repo_prune_from_reachable (repo, &options, &total, &pruned, &bytes, NULL, error))
    return FALSE;
  self->report.objects = (guint) pruned + self->removed_commits;
  self->report.bytes += bytes;
  return terrane_needs_sweep (&self->needs, TERRANE_NEEDS_OBJECTS, NULL, NULL,
                              &self->report.cache_entries, error);
}

static void
keep_commit (const OciDigest *commit, gpointer data)
{
  terrane_needs_keep_commit (data, commit);
}

static gboolean
collect (Collector *self, GError **error)
{
  TerraneNeeds *needs = &self->needs;
  TerraneStore *store = needs->store;
  guint leftovers = 0;
  return oci_temp_file_sweep (terrane_store_dfd (store), &leftovers, error)
         && oci_layout_sweep_temp_files (terrane_store_layout (store), &leftovers, error)
         && oci_layout_sweep_temp_files (terrane_store_downloads (store), &leftovers, error)
         && terrane_needs_mark_images (needs, NULL, error)
         && terrane_compile_files_sweep (store, keep_commit, needs, &self->report.roots, error)
         && terrane_needs_sweep (needs, TERRANE_NEEDS_FIRST, NULL, NULL,
                                 &self->report.cache_entries, error)
         && sweep_blobs (self, error) && sweep_downloads (self, error)
         && terrane_checkouts_sweep (store, is_kept_commit, needs->commits, &self->report.roots,
                                     error)
         && prune_objects (self, error);
}

gboolean
terrane_gc (TerraneStore *store, TerraneGcReport *out_report, GError **error)
{
  OCI_PREFIX (error, "the store %s", terrane_store_path (store));
  Collector self = { 0 };
  terrane_needs_init (&self.needs, store);
  gboolean ok = collect (&self, error);
  terrane_needs_clear (&self.needs);
  if (ok)
    *out_report = self.report;
  return ok;
}
