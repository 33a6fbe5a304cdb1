#include "builder/image/compiled-root.h"

#include "builder/image/assemble.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"

typedef struct
{
  TerraneStore *store;
  GHashTable *verified;
} Verifier;

static gboolean
verify_file (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data, GError **error)
{
  const Verifier *self = data;
  OciDigestHex hex;
  g_auto (OciFd) fd = -1;
  if (node->type != OCI_ENTRY_FILE
      || g_hash_table_contains (self->verified, oci_digest_hex (&node->object, hex)))
    return TRUE;
  if (!terrane_object_open_verified (self->store, node, &fd, error))
    return FALSE;
  g_hash_table_add (self->verified, g_strdup (hex));
  return TRUE;
}

/* No need replaces a file of another one, whatever the profile says: the key of the result contains
 * the recipes, but not the profile's trees. */
static gboolean
add_need (TerraneStore *store, TerraneTree *root, const OciDigest *commit, int number,
          const char *const *names, GError **error)
{
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GString) conflicts = g_string_new (NULL);
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, commit, error);
  if (tree == NULL
      || !terrane_assemble_find (root, tree, number, names, FALSE, &paths, conflicts, error))
    return FALSE;
  return conflicts->len == 0
         || oci_throw (error, OCI_ERROR_USAGE,
                       "the recipe ‘%s’, which it needs, does not fit over ‘in’ and the recipes "
                       "before it; leave files out with the ‘exclude’ of one of them:%s",
                       names[number], conflicts->str);
}

static gboolean
write_commit (TerraneStore *store, TerraneTree *root, OciDigest *out_commit, GError **error)
{
  g_auto (TerraneTransaction) transaction = { 0 };
  return terrane_transaction_begin (&transaction, store, error)
         && terrane_commit_write (store, root, out_commit, error)
         && terrane_transaction_commit (&transaction, error);
}

gboolean
terrane_compiled_root_make (TerraneStore *store, const TerraneSourceSpec *spec,
                            const OciDigest *base, const GPtrArray *needs, const GArray *commits,
                            GHashTable *verified, TerraneCompiledRoot *out_root, GError **error)
{
  OciDigestHex hex;
  OciDigest commit = *base;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (TerraneTree) root = terrane_commit_load (store, base, error);
  if (root == NULL)
    return FALSE;
  g_ptr_array_add (names, (gpointer) spec->compile_in->name);
  for (guint i = 0; i < needs->len; i++)
    g_ptr_array_add (names, ((TerraneRecipe *) needs->pdata[i])->name);
  for (guint i = 0; i < needs->len; i++)
    if (!add_need (store, root, &g_array_index (commits, OciDigest, i), (int) i + 1,
                   (const char *const *) names->pdata, error))
      return FALSE;
  Verifier verifier = { .store = store, .verified = verified };
  if (!terrane_tree_foreach (root, verify_file, &verifier, error)
      || (needs->len > 0 && !write_commit (store, root, &commit, error))
      || !terrane_commit_checkout (store, &commit, oci_digest_hex (&commit, hex), error))
    return FALSE;
  *out_root =
      (TerraneCompiledRoot){ .commit = commit, .path = terrane_store_root_path (store, hex) };
  return TRUE;
}
