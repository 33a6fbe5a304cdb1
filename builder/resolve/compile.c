/* Compiled sources: every file that recipes name, by its digest, and the file system in which they
 * are compiled. */
#include "builder/source/compile.h"
#include "builder/image/source-tree.h"
#include "builder/resolve/source-fetcher.h"
#include "builder/resolve/source-resolver.h"
#include "builder/source/file-digest.h"

#include "oci/http/url.h"

#include <string.h>

static void
add_input (json_t *inputs, const char *kind, const char *place, const OciDigest *digest)
{
  OciDigestHex hex;
  json_t *input = json_object ();
  oci_json_set (input, kind, oci_json_text (place));
  oci_json_set (input, "sha256", oci_json_text (oci_digest_hex (digest, hex)));
  oci_json_append (inputs, input);
}

static void
add_file (const TerraneResolution *self, const char *path, const OciDigest *digest, json_t *inputs)
{
  g_autofree char *text = terrane_resolution_path (self, path);
  add_input (inputs, "file", text, digest);
}

/* A user and password in a URL are only for the server, and a lock does not keep a query, which is
 * often a signature. */
static gboolean
add_source (const TerraneResolution *self, const TerraneArchiveFile *file, json_t *inputs,
            GError **error)
{
  g_autofree char *url = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (file->url == NULL)
    {
      add_file (self, file->path, &file->sha256, inputs);
      return TRUE;
    }
  if (!oci_url_take_user (file->url, &url, &authorization, error))
    return FALSE;
  url[strcspn (url, "?#")] = '\0';
  add_input (inputs, "url", url, &file->sha256);
  return TRUE;
}

static gboolean
add_recipe (const TerraneResolution *self, const TerraneRecipe *recipe, json_t *inputs,
            GError **error)
{
  add_file (self, recipe->path, &recipe->digest, inputs);
  for (guint i = 0; i < recipe->sources->len; i++)
    if (!add_source (self, &((TerraneRecipeSource *) recipe->sources->pdata[i])->file, inputs,
                     error))
      return FALSE;
  for (guint i = 0; i < recipe->patches->len; i++)
    {
      const TerraneRecipeFile *patch = recipe->patches->pdata[i];
      add_file (self, patch->path, &patch->digest, inputs);
    }
  if (recipe->script != NULL)
    add_file (self, recipe->script->path, &recipe->script->digest, inputs);
  return TRUE;
}

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  OCI_PREFIX (error, "%s.compile", spec->where);
  g_autoptr (TerraneRecipeSet) set = terrane_recipe_set_load (
      spec->recipe, spec->prefix, spec->recipe_variables, self->profile->absolute, error);
  if (set == NULL)
    return NULL;
  g_autoptr (OciJsonValue) entry = json_object ();
  g_autofree char *recipe = terrane_resolution_path (self, spec->recipe);
  json_t *inputs = json_array ();
  oci_json_set (entry, "recipe", oci_json_text (recipe));
  oci_json_set (entry, "inputs", inputs);
  for (guint i = 0; i < set->recipes->len; i++)
    if (!add_recipe (self, set->recipes->pdata[i], inputs, error))
      return NULL;
  json_t *in =
      terrane_source_resolver_of (spec->compile_in->kind)->ask (self, spec->compile_in, error);
  if (in == NULL)
    return NULL;
  oci_json_set (entry, "in", in);
  return g_steal_pointer (&entry);
}

/* A default of the profile for all trees is resolved once, since a tag may move between two trees.
 * Returns: (transfer none) (nullable): the answer that a tree before @pin got */
static const json_t *
find_answer (const TerraneResolution *self, const TerranePin *pin)
{
  for (guint i = 0; i < self->plan->trees->len && self->plan->trees->pdata[i] != pin; i++)
    {
      const TerranePin *other = self->plan->trees->pdata[i];
      if (other->in != NULL && other->in->spec == pin->in->spec && other->entry != NULL)
        return json_object_get (other->entry, "in");
    }
  return NULL;
}

static gboolean
answer (TerraneResolution *self, TerranePin *pin, const json_t *locked, json_t *entry,
        GError **error)
{
  const json_t *known = find_answer (self, pin);
  const TerraneSourceResolver *resolver = terrane_source_resolver_of (pin->spec->compile_in->kind);
  {
    OCI_PREFIX (error, "%s.compile", pin->spec->where);
    pin->recipes =
        terrane_recipe_set_load (pin->spec->recipe, pin->spec->prefix, pin->spec->recipe_variables,
                                 self->profile->absolute, error);
  }
  return pin->recipes != NULL
         && resolver->answer (self, pin->in, known != NULL ? known : json_object_get (locked, "in"),
                              json_object_get (entry, "in"), error);
}

const TerraneSourceResolver terrane_resolver_compile = {
  .ask = ask,
  .answer = answer,
};

static void
fetch_sources (TerraneFetch *self, const TerranePin *pin, const TerraneRecipe *recipe)
{
  for (guint j = 0; j < recipe->sources->len; j++)
    {
      const TerraneRecipeSource *source = recipe->sources->pdata[j];
      if (source->file.url == NULL)
        continue;
      terrane_fetch_add_file (
          self, source->file.url, source->file.sha256, recipe->name,
          g_strdup_printf ("%s: %s: sources[%u]", pin->spec->where, recipe->path, j));
    }
}

static gboolean
is_compiled (const TerraneFetch *self, const TerranePin *pin, const TerraneRecipe *recipe,
             gboolean *out_found, GError **error)
{
  OciDigest commit;
  OciDigest key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
  return terrane_source_tree_find_commit (terrane_remote_store (self->remote), &key, &commit,
                                          out_found, error);
}

/* A compiled result needs neither sources nor a file system to compile in. */
static gboolean
fetch (TerraneFetch *self, const TerranePin *pin, GError **error)
{
  const TerraneSourceFetcher *fetcher = terrane_source_fetcher_of (pin->in->spec->kind);
  const GPtrArray *recipes = pin->recipes->recipes;
  gboolean found = pin->has_key;
  for (guint i = pin->spec->with_needs ? 0 : recipes->len - 1; found && i < recipes->len; i++)
    if (!is_compiled (self, pin, recipes->pdata[i], &found, error))
      return FALSE;
  if (found)
    return TRUE;
  for (guint i = 0; i < recipes->len; i++)
    {
      const TerraneRecipe *recipe = recipes->pdata[i];
      if (pin->has_key && !is_compiled (self, pin, recipe, &found, error))
        return FALSE;
      if (!found)
        fetch_sources (self, pin, recipe);
    }
  return fetcher->fetch == NULL || fetcher->fetch (self, pin->in, error);
}

const TerraneSourceFetcher terrane_fetcher_compile = { .fetch = fetch };
