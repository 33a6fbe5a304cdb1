#include "builder/image/compiled-material.h"

#include "builder/image/compiled-output.h"
#include "builder/image/source-tree.h"
#include "builder/source/compile.h"
#include "builder/source/compiled-document.h"
#include "builder/store/object.h"

#include "oci/base/text-hash.h"

typedef struct
{
  TerraneStore *store;
  json_t *material;
  GHashTable *seen; /* hexadecimal key -> json_t, borrowed from @material */
} Collection;

static gboolean
digest_file (TerraneStore *store, const TerraneNode *node, OciDigest *out_digest, GError **error)
{
  guint8 buffer[16384];
  gsize size = 0;
  g_auto (OciFd) fd = -1;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  if (!terrane_object_open_verified (store, node, &fd, error))
    return FALSE;
  do
    {
      if (!oci_read_full (fd, buffer, sizeof buffer, &size, error))
        return FALSE;
      oci_digester_update (digester, buffer, size);
    }
  while (size == sizeof buffer);
  *out_digest = oci_digester_finish (digester);
  return TRUE;
}

/* The digest is that of the compiled sources; it is missing if another machine compiled them, and
 * this one needed only a result that depends on them. */
static gboolean
add_licenses (const Collection *self, const TerraneRecipe *recipe, const char *prefix,
              const OciDigest *key, json_t *object, GError **error)
{
  OciDigest commit;
  gboolean found = FALSE;
  if (!terrane_source_tree_find_commit (self->store, key, &commit, &found, error))
    return FALSE;
  g_autoptr (TerraneTree) tree = found ? terrane_commit_load (self->store, &commit, error) : NULL;
  if (found && tree == NULL)
    return FALSE;
  json_t *files = json_array ();
  oci_json_set (object, "license_files", files);
  for (char **path = recipe->license_files; *path != NULL; path++)
    {
      OciDigest digest;
      OciDigestHex hex;
      json_t *file = json_object ();
      g_autofree char *place = terrane_license_file_place (recipe, *path);
      g_autofree char *absolute = g_build_filename ("/", prefix, place, NULL);
      const TerraneNode *node = found ? terrane_tree_lookup (tree, absolute + 1) : NULL;
      oci_json_set (file, "source", oci_json_text (*path));
      oci_json_set (file, "path", oci_json_text (absolute));
      oci_json_append (files, file);
      if (node == NULL || node->type != OCI_ENTRY_FILE)
        continue;
      if (!digest_file (self->store, node, &digest, error))
        return FALSE;
      oci_json_set (file, "sha256", oci_json_text (oci_digest_hex (&digest, hex)));
    }
  return TRUE;
}

static void
add_needs (const TerraneRecipe *recipe, json_t *object)
{
  json_t *needs = json_array ();
  for (guint i = 0; i < recipe->needs->len; i++)
    oci_json_append (needs, oci_json_text (((TerraneRecipe *) recipe->needs->pdata[i])->name));
  oci_json_set (object, "needs", needs);
}

/* @out_object: (out) (transfer none) */
static gboolean
add_recipe (Collection *self, const TerranePin *pin, const TerraneRecipe *recipe,
            json_t **out_object, GError **error)
{
  OciDigestHex hex;
  const char *prefix = pin->spec->prefix;
  OciDigest key = terrane_compile_key (recipe, prefix, &pin->in->key);
  *out_object = g_hash_table_lookup (self->seen, oci_digest_hex (&key, hex));
  if (*out_object != NULL)
    return TRUE;
  json_t *object = terrane_compiled_describe (recipe);
  oci_json_append (self->material, object);
  g_hash_table_insert (self->seen, g_strdup (hex), object);
  oci_json_set (object, "key", oci_json_text (hex));
  add_needs (recipe, object);
  *out_object = object;
  return recipe->license_files == NULL || add_licenses (self, recipe, prefix, &key, object, error);
}

static gboolean
add_pin (Collection *self, const TerranePin *pin, GError **error)
{
  const GPtrArray *recipes = pin->recipes->recipes;
  json_t *object = NULL;
  for (guint i = 0; i < recipes->len; i++)
    {
      if (!add_recipe (self, pin, recipes->pdata[i], &object, error))
        return FALSE;
      if (pin->spec->with_needs || i + 1 == recipes->len) /* the last is the one of the tree */
        oci_json_set (object, "tree", oci_json_text (pin->spec->name));
    }
  return TRUE;
}

gboolean
terrane_compiled_material (TerraneStore *store, const GPtrArray *pins, json_t **out_material,
                           GError **error)
{
  g_autoptr (OciJsonValue) material = json_array ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Collection self = { .store = store, .material = material, .seen = seen };
  for (guint i = 0; i < pins->len; i++)
    if (((TerranePin *) pins->pdata[i])->recipes != NULL && !add_pin (&self, pins->pdata[i], error))
      return FALSE;
  *out_material = json_array_size (material) > 0 ? g_steal_pointer (&material) : NULL;
  return TRUE;
}
