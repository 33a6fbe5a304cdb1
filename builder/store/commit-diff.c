#include "builder/store/commit-diff.h"

#include "builder/store/commit.h"
#include "builder/store/metadata.h"

#include "oci/base/text-hash.h"

typedef struct
{
  OstreeRepo *repo;
  GPtrArray *changes;
  guint max;
} Diff;

static void
change_free (gpointer data)
{
  TerraneCommitChange *change = data;
  g_free (change->path);
  g_free (change);
}

static gboolean
note (Diff *self, const char *directory, const char *name, gboolean present)
{
  TerraneCommitChange *change = g_new0 (TerraneCommitChange, 1);
  change->path = directory[0] != '\0' ? g_strconcat (directory, "/", name, NULL) : g_strdup (name);
  change->present = present;
  g_ptr_array_add (self->changes, change);
  return self->changes->len <= self->max;
}

/* By name: the unchanged entries, "(say)" of a file or "(sayay)" of a directory. */
static GHashTable *
load_entries (OstreeRepo *repo, const char *hex)
{
  g_autoptr (GVariant) dirtree =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_DIR_TREE, hex, NULL);
  if (dirtree == NULL)
    return NULL;
  GHashTable *entries =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
  for (gsize kind = 0; kind < 2; kind++)
    {
      g_autoptr (GVariant) list = g_variant_get_child_value (dirtree, kind);
      for (gsize i = 0; i < g_variant_n_children (list); i++)
        {
          GVariant *entry = g_variant_get_child_value (list, i);
          const char *name = NULL;
          g_variant_get_child (entry, 0, "&s", &name);
          g_hash_table_insert (entries, (char *) name, entry);
        }
    }
  return entries;
}

static gboolean diff_trees (Diff *self, const char *old_hex, const char *new_hex, const char *path);

static char *
checksum_of (GVariant *entry, gsize index)
{
  g_autoptr (GVariant) checksum = g_variant_get_child_value (entry, index);
  return ostree_checksum_from_bytes_v (checksum);
}

/* Whether two directories have equal attributes. */
static gboolean
is_same_directory (GVariant *old_entry, GVariant *new_entry)
{
  if (g_variant_n_children (old_entry) != 3 || g_variant_n_children (new_entry) != 3)
    return FALSE;
  g_autofree char *old_meta = checksum_of (old_entry, 2), *new_meta = checksum_of (new_entry, 2);
  return g_str_equal (old_meta, new_meta);
}

static gboolean
diff_entry (Diff *self, const char *path, const char *name, GVariant *old_entry,
            GVariant *new_entry)
{
  if (old_entry != NULL && g_variant_equal (old_entry, new_entry))
    return TRUE;
  if (old_entry == NULL || !is_same_directory (old_entry, new_entry))
    return note (self, path, name, TRUE);
  g_autofree char *old_hex = checksum_of (old_entry, 1), *new_hex = checksum_of (new_entry, 1);
  g_autofree char *below = path[0] != '\0' ? g_strconcat (path, "/", name, NULL) : g_strdup (name);
  return diff_trees (self, old_hex, new_hex, below);
}

static gboolean
diff_trees (Diff *self, const char *old_hex, const char *new_hex, const char *path)
{
  g_autoptr (GHashTable) old_entries = load_entries (self->repo, old_hex);
  g_autoptr (GHashTable) new_entries = load_entries (self->repo, new_hex);
  if (old_entries == NULL || new_entries == NULL)
    return FALSE;
  GHashTableIter iter;
  gpointer name, entry;
  gboolean ok = TRUE;
  g_hash_table_iter_init (&iter, old_entries);
  while (ok && g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (new_entries, name))
      ok = note (self, path, name, FALSE);
  g_hash_table_iter_init (&iter, new_entries);
  while (ok && g_hash_table_iter_next (&iter, &name, &entry))
    ok = diff_entry (self, path, name, g_hash_table_lookup (old_entries, name), entry);
  return ok;
}

static gboolean
load_top (OstreeRepo *repo, const OciDigest *commit, char **out_tree, char **out_meta)
{
  OciDigestHex hex;
  g_autoptr (GVariant) variant = NULL, tree = NULL, meta = NULL;
  variant =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_COMMIT, oci_digest_hex (commit, hex), NULL);
  if (variant == NULL)
    return FALSE;
  g_variant_get_child (variant, 6, "@ay", &tree);
  g_variant_get_child (variant, 7, "@ay", &meta);
  *out_tree = ostree_checksum_from_bytes_v (tree);
  *out_meta = ostree_checksum_from_bytes_v (meta);
  return TRUE;
}

GPtrArray *
terrane_commit_diff (TerraneStore *store, const OciDigest *old_commit, const OciDigest *new_commit,
                     guint max)
{
  g_autofree char *old_tree = NULL, *old_meta = NULL, *new_tree = NULL, *new_meta = NULL;
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (change_free);
  Diff diff = { .repo = terrane_store_repo (store), .changes = changes, .max = max };
  gboolean old_raw = FALSE, new_raw = FALSE; /* if unknown, all is checked out */
  if (!terrane_commit_has_raw_names (store, old_commit, &old_raw, NULL)
      || !terrane_commit_has_raw_names (store, new_commit, &new_raw, NULL) || old_raw || new_raw
      || !load_top (diff.repo, old_commit, &old_tree, &old_meta)
      || !load_top (diff.repo, new_commit, &new_tree, &new_meta)
      || !g_str_equal (old_meta, new_meta) || !diff_trees (&diff, old_tree, new_tree, ""))
    return NULL;
  return g_steal_pointer (&changes);
}
