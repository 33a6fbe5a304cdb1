/* Source "compile": the result of a recipe. Here it is only identified;
 * builder/image/compiled-tree.c makes it, which needs an image and a sandbox. */
#include "builder/source/compile.h"

#include "builder/source/compiled-document.h"
#include "builder/version.h"

enum
{
  FORMAT = 2, /* raised if equal recipes would run differently */
};

static json_t *
hex_text (const OciDigest *digest)
{
  OciDigestHex hex;
  return oci_json_text (oci_digest_hex (digest, hex));
}

static OciDigest
digest_of (const json_t *key)
{
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

static json_t *
texts (char *const *list)
{
  json_t *array = json_array ();
  for (; list != NULL && *list != NULL; list++)
    oci_json_append (array, oci_json_text (*list));
  return array;
}

static json_t *
sources (const TerraneRecipe *recipe)
{
  json_t *array = json_array ();
  for (guint i = 0; i < recipe->sources->len; i++)
    {
      const TerraneRecipeSource *source = recipe->sources->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "sha256", hex_text (&source->file.sha256));
      oci_json_set (object, "directory", oci_json_text (source->directory));
      oci_json_set (object, "strip", json_integer (source->strip_components));
      oci_json_append (array, object);
    }
  return array;
}

static json_t *
steps (const TerraneRecipe *recipe)
{
  json_t *array = json_array ();
  for (guint i = 0; i < recipe->steps->len; i++)
    oci_json_append (array, texts (recipe->steps->pdata[i]));
  return array;
}

/* The inputs of keys besides recipes, and the known keys: several recipes may need one. */
typedef struct
{
  const char *prefix;
  const OciDigest *root;
  GHashTable *known; /* of TerraneRecipe → OciDigest */
} Keys;

static const OciDigest *key_of (const Keys *self, const TerraneRecipe *recipe);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as recipes may need each other */
static json_t *
make_inputs (const Keys *self, const TerraneRecipe *recipe)
{
  json_t *key = json_object ();
  json_t *patches = json_array (), *needs = json_array ();
  for (guint i = 0; i < recipe->patches->len; i++)
    oci_json_append (patches,
                     hex_text (&((TerraneRecipeFile *) recipe->patches->pdata[i])->digest));
  for (guint i = 0; i < recipe->needs->len; i++)
    oci_json_append (needs, hex_text (key_of (self, recipe->needs->pdata[i])));
  oci_json_set (key, "format", json_integer (FORMAT));
  oci_json_set (key, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (key, "reader", oci_json_text (TERRANE_READER_VERSION));
  oci_json_set (key, "root", hex_text (self->root));
  oci_json_set (key, "prefix", oci_json_text (self->prefix));
  oci_json_set (key, "name", oci_json_text (recipe->name));
  oci_json_set (key, "version", oci_json_text (recipe->version));
  oci_json_set (key, "sources", sources (recipe));
  oci_json_set (key, "patches", patches);
  oci_json_set (key, "needs", needs);
  oci_json_set (key, "steps", steps (recipe));
  if (json_object_size (recipe->values) > 0)
    oci_json_set (key, "variables", json_incref (recipe->values));
  if (recipe->script != NULL)
    oci_json_set (key, "script", hex_text (&recipe->script->digest));
  if (recipe->environment != NULL)
    oci_json_set (key, "environment", json_incref (recipe->environment));
  if (recipe->include != NULL)
    oci_json_set (key, "include", texts (recipe->include));
  oci_json_set (key, "exclude", texts (recipe->exclude));
  if (recipe->license_files != NULL)
    oci_json_set (key, "license_files", texts (recipe->license_files));
  return key;
}

/* NOLINTNEXTLINE(misc-no-recursion): see make_inputs() */
static const OciDigest *
key_of (const Keys *self, const TerraneRecipe *recipe)
{
  const OciDigest *known = g_hash_table_lookup (self->known, recipe);
  if (known != NULL)
    return known;
  g_autoptr (OciJsonValue) inputs = make_inputs (self, recipe);
  OciDigest key = digest_of (inputs);
  OciDigest *fresh = g_memdup2 (&key, sizeof key);
  g_hash_table_insert (self->known, (gpointer) recipe, fresh);
  return fresh;
}

json_t *
terrane_compile_inputs (const TerraneRecipe *recipe, const char *prefix, const OciDigest *root)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  const Keys keys = { .prefix = prefix, .root = root, .known = known };
  return make_inputs (&keys, recipe);
}

OciDigest
terrane_compile_key (const TerraneRecipe *recipe, const char *prefix, const OciDigest *root)
{
  g_autoptr (OciJsonValue) key = terrane_compile_inputs (recipe, prefix, root);
  return digest_of (key);
}

/* Returns: (transfer full): the documents in the image about each included recipe */
static json_t *
documents (const TerranePin *pin)
{
  const GPtrArray *recipes = pin->recipes->recipes;
  json_t *array = json_array ();
  for (guint i = pin->spec->with_needs ? 0 : recipes->len - 1; i < recipes->len; i++)
    oci_json_append (array, terrane_compiled_describe (recipes->pdata[i]));
  return array;
}

/* Returns: (transfer full): the patterns of the files that are left out of the result of each
 * recipe */
static json_t *
developments (const GPtrArray *recipes)
{
  json_t *array = json_array ();
  for (guint i = 0; i < recipes->len; i++)
    oci_json_append (array, texts (((const TerraneRecipe *) recipes->pdata[i])->development));
  return array;
}

OciDigest
terrane_compile_identity (const TerranePin *pin, const OciDigest *root)
{
  const TerraneRecipe *recipe = terrane_recipe_set_main (pin->recipes);
  OciDigest made = terrane_compile_key (recipe, pin->spec->prefix, root);
  g_autoptr (OciJsonValue) key = json_object ();
  oci_json_set (key, "compiled", hex_text (&made));
  oci_json_set (key, "development", texts (recipe->development));
  oci_json_set (key, "documents", documents (pin));
  if (pin->spec->with_needs)
    oci_json_set (key, "needs", developments (pin->recipes->recipes));
  return digest_of (key);
}

/* The pin of the image to compile in has its key. */
static gboolean
identify (G_GNUC_UNUSED TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
          G_GNUC_UNUSED GError **error)
{
  *out_identity = terrane_compile_identity (pin, &pin->in->key);
  return TRUE;
}

const TerraneSourceType terrane_source_compile = { .name = "compile", .identify = identify };
