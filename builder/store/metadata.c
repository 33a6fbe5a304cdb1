#include "builder/store/metadata.h"

#include "builder/store/object.h"

GVariant *
terrane_metadata_load_from (OstreeRepo *repo, OstreeObjectType type, const char *hex,
                            const char *advice, GError **error)
{
  OciDigest expected;
  g_autoptr (GVariant) variant = NULL;
  if (!oci_digest_parse_hex (hex, &expected, error)
      || !ostree_repo_load_variant (repo, type, hex, &variant, error))
    return NULL;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  OciDigest actual = oci_digest_of_bytes (bytes);
  if (oci_digest_equal (&actual, &expected))
    return g_steal_pointer (&variant);
  oci_throw (error, OCI_ERROR_CORRUPT, "the object %.12s…, %s, is damaged; %s", hex,
             type == OSTREE_OBJECT_TYPE_COMMIT     ? "a commit"
             : type == OSTREE_OBJECT_TYPE_DIR_TREE ? "a directory"
                                                   : "attributes of directories",
             advice);
  return NULL;
}

GVariant *
terrane_metadata_load (OstreeRepo *repo, OstreeObjectType type, const char *hex, GError **error)
{
  return terrane_metadata_load_from (repo, type, hex, TERRANE_OBJECT_ADVICE, error);
}

static gboolean
add_object (GHashTable *reachable, const char *hex, OstreeObjectType type)
{
  return g_hash_table_add (reachable,
                           g_variant_ref_sink (ostree_object_name_serialize (hex, type)));
}

enum
{
  MAX_DEPTH = 4096, /* more than a path of the system can have */
};

static gboolean
traverse_directory (OstreeRepo *repo, GVariant *tree, GVariant *meta, GHashTable *reachable,
                    unsigned depth, GError **error)
{
  if (depth > MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_CORRUPT, "directories are more than %d levels deep",
                      MAX_DEPTH);
  g_autofree char *meta_hex = ostree_checksum_from_bytes_v (meta);
  g_autofree char *tree_hex = ostree_checksum_from_bytes_v (tree);
  if (add_object (reachable, meta_hex, OSTREE_OBJECT_TYPE_DIR_META))
    {
      g_autoptr (GVariant) attributes =
          terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_DIR_META, meta_hex, error);
      if (attributes == NULL)
        return FALSE;
    }
  if (!add_object (reachable, tree_hex, OSTREE_OBJECT_TYPE_DIR_TREE))
    return TRUE;
  g_autoptr (GVariant) dirtree =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_DIR_TREE, tree_hex, error);
  if (dirtree == NULL)
    return FALSE;
  g_autoptr (GVariant) files = g_variant_get_child_value (dirtree, 0);
  g_autoptr (GVariant) directories = g_variant_get_child_value (dirtree, 1);
  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) checksum = NULL;
      g_variant_get_child (files, i, "(&s@ay)", NULL, &checksum);
      g_autofree char *hex = ostree_checksum_from_bytes_v (checksum);
      add_object (reachable, hex, OSTREE_OBJECT_TYPE_FILE);
    }
  for (gsize i = 0; i < g_variant_n_children (directories); i++)
    {
      g_autoptr (GVariant) below = NULL, attributes = NULL;
      g_variant_get_child (directories, i, "(&s@ay@ay)", NULL, &below, &attributes);
      if (!traverse_directory (repo, below, attributes, reachable, depth + 1, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_commit_traverse_variant (OstreeRepo *repo, GVariant *commit, GHashTable *reachable,
                                 GError **error)
{
  g_autoptr (GVariant) tree = NULL, meta = NULL;
  g_variant_get_child (commit, 6, "@ay", &tree);
  g_variant_get_child (commit, 7, "@ay", &meta);
  return traverse_directory (repo, tree, meta, reachable, 0, error);
}

gboolean
terrane_commit_traverse (OstreeRepo *repo, const char *commit, GHashTable *reachable,
                         GError **error)
{
  g_autoptr (GVariant) variant =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_COMMIT, commit, error);
  if (variant == NULL)
    return FALSE;
  add_object (reachable, commit, OSTREE_OBJECT_TYPE_COMMIT);
  return terrane_commit_traverse_variant (repo, variant, reachable, error);
}

gboolean
terrane_metadata_has_all (OstreeRepo *repo, GHashTable *objects, gboolean *out_all, GError **error)
{
  GHashTableIter iter;
  gpointer object;
  *out_all = TRUE;
  g_hash_table_iter_init (&iter, objects);
  while (*out_all && g_hash_table_iter_next (&iter, &object, NULL))
    {
      const char *name = NULL;
      OstreeObjectType type;
      ostree_object_name_deserialize (object, &name, &type);
      if (!ostree_repo_has_object (repo, type, name, out_all, NULL, error))
        return FALSE;
    }
  return TRUE;
}

static int
compare_checksums (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

gboolean
terrane_commit_foreach (OstreeRepo *repo, TerraneCommitFunc func, gpointer data, GError **error)
{
  GHashTableIter iter;
  gpointer name;
  g_autoptr (GHashTable) objects = NULL;
  g_autoptr (GPtrArray) commits = g_ptr_array_new (); /* borrowed from objects */
  if (!ostree_repo_list_commit_objects_starting_with (repo, "", &objects, NULL, error))
    return FALSE;
  g_hash_table_iter_init (&iter, objects);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      const char *hex = NULL;
      OstreeObjectType type;
      ostree_object_name_deserialize (name, &hex, &type);
      g_ptr_array_add (commits, (gpointer) hex);
    }
  g_ptr_array_sort (commits, compare_checksums);
  for (guint i = 0; i < commits->len; i++)
    if (!func (commits->pdata[i], data, error))
      return FALSE;
  return TRUE;
}
