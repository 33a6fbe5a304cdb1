#include "builder/explain/explain.h"

#include "builder/explain/compare.h"
#include "builder/explain/explain-image.h"
#include "builder/explain/explanation.h"
#include "builder/source/compile.h"

#include "oci/base/text-hash.h"

#include <string.h>

static void
layer_step_free (gpointer data)
{
  TerraneLayerStep *self = data;
  g_free (self->name);
  g_strfreev (self->packages);
  g_free (self);
}

GPtrArray *
terrane_layer_steps_new (void)
{
  return g_ptr_array_new_with_free_func (layer_step_free);
}

TerraneLayerStep *
terrane_layer_steps_add (GPtrArray *steps, const char *name, const char *const *packages)
{
  TerraneLayerStep *self = g_new0 (TerraneLayerStep, 1);
  self->name = g_strdup (name);
  self->packages = g_strdupv ((char **) packages);
  g_ptr_array_add (steps, self);
  return self;
}

/* Whether the tree, or all results that it is made from, exist: then nothing is compiled for it. */
static gboolean
is_complete (TerraneStore *store, const TerranePin *pin, gboolean *out_complete, GError **error)
{
  OciDigest commit;
  const GPtrArray *recipes = pin->recipes->recipes;
  if (!terrane_source_tree_find_commit (store, &pin->key, &commit, out_complete, error))
    return FALSE;
  if (*out_complete)
    return TRUE;
  *out_complete = TRUE;
  for (guint i = pin->spec->with_needs ? 0 : recipes->len - 1; *out_complete && i < recipes->len;
       i++)
    {
      OciDigest key = terrane_compile_key (recipes->pdata[i], pin->spec->prefix, &pin->in->key);
      if (!terrane_source_tree_find_commit (store, &key, &commit, out_complete, error))
        return FALSE;
    }
  return TRUE;
}

json_t *
terrane_recipes_look (TerraneStore *store, const TerranePin *pin, GHashTable *compiled,
                      GError **error)
{
  OciDigest commit;
  OciDigestHex hex;
  gboolean complete = FALSE;
  g_autoptr (OciJsonValue) list = json_array ();
  if (!is_complete (store, pin, &complete, error))
    return NULL;
  for (guint i = 0; i < pin->recipes->recipes->len; i++)
    {
      const TerraneRecipe *recipe = pin->recipes->recipes->pdata[i];
      OciDigest key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
      gboolean found = g_hash_table_contains (compiled, oci_digest_hex (&key, hex));
      if (!found && !terrane_source_tree_find_commit (store, &key, &commit, &found, error))
        return NULL;
      const gboolean needed = found || !complete;
      if (!found && needed)
        g_hash_table_add (compiled, g_strdup (oci_digest_hex (&key, hex)));
      json_t *row = json_object ();
      oci_json_set (row, "name", oci_json_text (recipe->name));
      oci_json_set (row, "version", oci_json_text (recipe->version));
      oci_json_set (row, "compile", json_boolean (!found && needed));
      oci_json_set (row, "needed", json_boolean (needed));
      oci_json_set (row, "taken",
                    json_boolean (pin->taken_recipes != NULL
                                  && g_hash_table_contains (pin->taken_recipes, recipe->name)));
      oci_json_append (list, row);
    }
  return g_steal_pointer (&list);
}

static const json_t *
source_of (const json_t *inputs, const char *name)
{
  return terrane_inputs_source (inputs, g_str_equal (name, "base") ? NULL : name);
}

/* Returns why a source is read, or has changed without being read. */
static json_t *
source_reasons (const TerraneExplanation *self, const char *name, gboolean made)
{
  static const char *const tools[] = { "assembler", "reader", NULL };
  json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_SOURCE, name, NULL);
  const json_t *old = source_of (self->before, name), *now = source_of (self->after, name);
  if (!made)
    {
      if (terrane_reasons_exist (reasons) && !terrane_explanation_is_same (old, now, "read"))
        terrane_reasons_say (reasons, "an earlier build made it");
      return reasons;
    }
  if (terrane_reasons_exist (reasons))
    return reasons;
  if (self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (terrane_explanation_tool_changed (self, tools))
    terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
  else if (terrane_explanation_is_same (old, now, "key"))
    terrane_reasons_say (reasons, "it " TERRANE_GONE);
  return reasons;
}

/* Returns: (transfer full): lines: which of the recipes that it needs has changed */
static json_t *
need_reasons (const TerraneExplanation *self, const char *tree, const char *recipe)
{
  size_t i, k;
  json_t *part, *need, *reasons = json_array ();
  json_array_foreach (json_object_get (source_of (self->after, tree), "recipes"), i, part)
  {
    if (g_strcmp0 (json_string_value (json_object_get (part, "name")), recipe) != 0)
      continue;
    json_array_foreach (json_object_get (part, "needs"), k, need)
    {
      if (g_hash_table_contains (self->changed, json_string_value (need)))
        terrane_reasons_say (reasons, "it needs %s", json_string_value (need));
    }
  }
  return reasons;
}

/* @reasons: for a compiled recipe: what changed in it, and in those that it needs */
static void
add_other_reason (const TerraneExplanation *self, const char *tree, const char *recipe,
                  json_t *reasons)
{
  static const char *const tools[] = { "assembler", "reader", NULL };
  g_autoptr (OciJsonValue) in =
      terrane_causes_find (self->causes, TERRANE_CAUSE_SOURCE, tree, NULL);
  if (terrane_reasons_exist (reasons))
    return;
  if (self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (terrane_explanation_tool_changed (self, tools))
    terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
  else if (terrane_reasons_exist (in))
    terrane_reasons_say (reasons, "%s is compiled in another file system, or for another prefix",
                         recipe);
  else
    terrane_reasons_say (reasons, "it " TERRANE_GONE);
}

/* Trees share recipes: one that is compiled for a tree has also changed for later ones. */
static void
add_recipes (TerraneExplanation *self, const char *tree, const json_t *recipes)
{
  size_t i;
  json_t *recipe;
  json_array_foreach ((json_t *) recipes, i, recipe)
  {
    const char *name = json_string_value (json_object_get (recipe, "name"));
    gboolean made = json_is_true (json_object_get (recipe, "compile"));
    gboolean needed = json_is_true (json_object_get (recipe, "needed"));
    gboolean taken = json_is_true (json_object_get (recipe, "taken"));
    json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_RECIPE, tree, name);
    g_autoptr (OciJsonValue) needs = need_reasons (self, tree, name);
    const gboolean changed =
        made || terrane_reasons_exist (reasons) || terrane_reasons_exist (needs);
    if (made)
      {
        terrane_reasons_extend (reasons, json_incref (needs));
        add_other_reason (self, tree, name, reasons);
      }
    else if (taken || !needed)
      {
        (void) json_array_clear (reasons);
        terrane_reasons_say (reasons, "%s",
                             taken ? TERRANE_FROM_CACHE : "what is made of it is there");
      }
    else if (g_hash_table_contains (self->changed, name))
      {
        (void) json_array_clear (reasons);
        terrane_reasons_say (reasons, "a tree above has it, too");
      }
    const char *result = made ? "compiled" : needed ? "reused" : "not needed";
    json_t *row = terrane_explanation_add_step (self, "recipe", name, result,
                                                made && self->facts->recipes_open, reasons);
    oci_json_set_text (row, "tree", tree);
    if (changed)
      g_hash_table_add (self->changed, (gpointer) name);
  }
}

static void
add_transforms (TerraneExplanation *self, const TerranePin *pin, const TerraneSourceTree *tree)
{
  static const char *const tools[] = { "assembler", NULL };
  const char *name = pin->spec->name;
  const json_t *old = source_of (self->before, name), *now = source_of (self->after, name);
  json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_TRANSFORM, name, NULL);
  if (tree->transforms == NULL && !tree->transformed)
    {
      json_decref (reasons);
      return;
    }
  if (!tree->transformed && terrane_reasons_exist (reasons))
    terrane_reasons_say (reasons, "an earlier build made it");
  if (tree->transformed && !terrane_reasons_exist (reasons))
    {
      if (self->before == NULL)
        terrane_reasons_say (reasons, "%s", self->unknown);
      else if (!terrane_explanation_is_same (old, now, "read"))
        terrane_reasons_say (reasons, "the tree %s is another one", name);
      else if (terrane_explanation_tool_changed (self, tools))
        terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
      else if (terrane_explanation_is_same (old, now, "transforms"))
        terrane_reasons_say (reasons, "the result " TERRANE_GONE);
      else
        terrane_reasons_say (reasons, "what the base's Python can read changed");
    }
  (void) terrane_explanation_add_step (self, "transforms", name,
                                       tree->transformed ? "made" : "reused", tree->open, reasons);
}

/* Returns why a source is reused or made. */
static json_t *
pin_reasons (const TerraneExplanation *self, const TerranePin *pin, gboolean made)
{
  json_t *reasons = source_reasons (self, pin->spec->name, made);
  if (!pin->is_taken)
    return reasons;
  (void) json_array_clear (reasons);
  terrane_reasons_say (reasons, TERRANE_FROM_CACHE);
  return reasons;
}

static void
add_sources (TerraneExplanation *self)
{
  const TerraneStepFacts *facts = self->facts;
  const TerranePlan *plan = facts->facts->plan;
  gboolean of_image = plan->base->spec->kind == TERRANE_SOURCE_IMAGE
                      && g_str_has_prefix (plan->base->spec->image, OCI_REFERENCE_SCHEME);
  (void) terrane_explanation_add_step (self, "base", "base",
                                       !facts->base_made ? "reused"
                                       : of_image        ? "fetched"
                                                         : "made",
                                       facts->base_open,
                                       pin_reasons (self, plan->base, facts->base_made));
  for (guint i = 0; i < plan->trees->len; i++)
    {
      const TerranePin *pin = plan->trees->pdata[i];
      const TerraneSourceTree *tree = &g_array_index (facts->facts->trees, TerraneSourceTree, i);
      const json_t *recipes = facts->recipes->pdata[i];
      add_recipes (self, pin->spec->name, recipes);
      json_t *reasons = pin_reasons (self, pin, tree->made);
      if (tree->made && recipes != NULL && !terrane_reasons_exist (reasons))
        terrane_reasons_say (reasons, "what its recipe makes is another one");
      (void) terrane_explanation_add_step (self, "tree", pin->spec->name,
                                           tree->made ? "made" : "reused",
                                           tree->open && pin->open != NULL, reasons);
      add_transforms (self, pin, tree);
    }
}

/* For a layer of several trees, "a+b", all of them. */
static gboolean
is_same_tree (const TerraneExplanation *self, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  if (source_of (self->after, name) != NULL)
    return terrane_explanation_is_same (source_of (self->before, name),
                                        source_of (self->after, name), "commit");
  for (char **part = parts; *part != NULL; part++)
    if (!terrane_explanation_is_same (source_of (self->before, *part),
                                      source_of (self->after, *part), "commit"))
      return FALSE;
  return TRUE;
}

/* Returns: (transfer none) (nullable): the source below @name, or itself, that has changed */
static const char *
find_changed (const TerraneExplanation *self, const char *name)
{
  const GPtrArray *trees = self->facts->facts->plan->trees;
  const char *changed = NULL;
  if (!is_same_tree (self, name))
    return name;
  if (!terrane_explanation_is_same (source_of (self->before, "base"),
                                    source_of (self->after, "base"), "commit"))
    return "base";
  for (guint i = 0; changed == NULL && i < trees->len; i++)
    {
      const char *below = ((const TerranePin *) trees->pdata[i])->spec->name;
      if (g_str_equal (below, name))
        break;
      if (!terrane_explanation_is_same (source_of (self->before, below),
                                        source_of (self->after, below), "commit"))
        changed = below;
    }
  return changed;
}

static json_t *
layer_reasons (const TerraneExplanation *self, const TerraneLayerStep *layer)
{
  static const char *const tools[] = { "assembler", "compressor", NULL };
  json_t *reasons = json_array ();
  const char *changed = self->before != NULL ? find_changed (self, layer->name) : NULL;
  if (!layer->made)
    return reasons;
  if (self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (changed != NULL && g_str_equal (changed, layer->name))
    terrane_reasons_say (reasons, g_str_equal (changed, "base") ? "the base is another one"
                                                                : "its tree is another one");
  else if (terrane_explanation_tool_changed (self, tools))
    terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
  else if (changed != NULL && g_str_equal (changed, "base"))
    terrane_reasons_say (reasons, "the base below it is another one");
  else if (changed != NULL)
    terrane_reasons_say (reasons, "the tree %s below it is another one", changed);
  else
    {
      terrane_explanation_add_structure (self, reasons);
      terrane_explanation_add_division (self, layer->name, reasons);
    }
  if (!terrane_reasons_exist (reasons))
    terrane_reasons_say (reasons, "the layer " TERRANE_GONE);
  return reasons;
}

static void
add_layers (TerraneExplanation *self)
{
  for (guint i = 0; i < self->facts->layers->len; i++)
    {
      OciDigestText text;
      const TerraneLayerStep *layer = self->facts->layers->pdata[i];
      json_t *row =
          terrane_explanation_add_step (self, "layer", layer->name, layer->made ? "made" : "reused",
                                        layer->open, layer_reasons (self, layer));
      json_t *packages = json_array ();
      for (char **package = layer->packages; package != NULL && *package != NULL; package++)
        oci_json_append (packages, oci_json_text (*package));
      if (layer->packages != NULL)
        oci_json_set (row, "packages", packages);
      else
        json_decref (packages);
      if (layer->has_digest)
        oci_json_set (row, "digest", oci_json_text (oci_digest_text (&layer->digest, text)));
      if (layer->size > 0)
        oci_json_set (row, "size", json_integer ((json_int_t) layer->size));
      if (layer->content > 0)
        oci_json_set (row, "content_size", json_integer ((json_int_t) layer->content));
    }
}

json_t *
terrane_explain_build (TerraneStore *store, const TerraneStepFacts *steps, const json_t *before,
                       const json_t *after, gboolean first)
{
  OciDigest digest;
  OciDigestText text;
  json_t *result = json_object ();
  g_autoptr (GHashTable) changed = g_hash_table_new (oci_text_hash, g_str_equal);
  TerraneExplanation self = { .store = store,
                              .facts = steps,
                              .before = before,
                              .after = after,
                              .unknown = first ? "this is the first build of the name"
                                               : "not known: the last build kept no inputs",
                              .steps = json_array (),
                              .changed = changed };
  self.causes =
      before != NULL ? terrane_inputs_compare (store, steps->facts, before, after) : json_array ();
  if (terrane_inputs_digest (before, "manifest", &digest))
    oci_json_set (result, "since", oci_json_text (oci_digest_text (&digest, text)));
  if (before == NULL)
    oci_json_set (result, "unknown", oci_json_text (self.unknown));
  add_sources (&self);
  add_layers (&self);
  terrane_explain_image (&self);
  oci_json_set (result, "causes", self.causes);
  oci_json_set (result, "steps", self.steps);
  return result;
}
