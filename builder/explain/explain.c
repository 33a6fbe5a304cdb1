#include "builder/explain/explain.h"

#include "builder/explain/compare.h"
#include "builder/source/compile.h"

#include "oci/base/text-hash.h"

#include <string.h>

#define FROM_CACHE "--cache-from has it"
#define ANOTHER_VERSION "terrane is another one"
#define GONE "was not in the store any more: gc removed it, or the store is another one"

typedef struct
{
  TerraneStore *store;
  const TerraneStepFacts *facts;
  const json_t *before; /* (nullable) */
  const json_t *after;
  json_t *causes;
  const char *unknown; /* (nullable): why nothing can be compared */
  json_t *steps;
  GHashTable *changed; /* of char *: names of recipes that are compiled, or have changed */
} Explanation;

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

static void say (json_t *reasons, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (json_t *reasons, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  oci_json_append (reasons, oci_json_text (text));
}

static gboolean
has (const json_t *reasons)
{
  return json_array_size (reasons) > 0;
}

static void
extend (json_t *reasons, json_t *more)
{
  if (json_array_extend (reasons, more) < 0)
    g_error ("out of memory while building JSON");
  json_decref (more);
}

/* @reasons: (transfer full) */
static json_t *
add_step (Explanation *self, const char *step, const char *name, const char *result, gboolean open,
          json_t *reasons)
{
  json_t *row = json_object ();
  oci_json_set (row, "step", oci_json_text (step));
  if (name != NULL)
    oci_json_set_text (row, "name", name);
  oci_json_set (row, "result", oci_json_text (result));
  oci_json_set (row, "certain", json_boolean (!open));
  oci_json_set (row, "reasons", reasons);
  oci_json_append (self->steps, row);
  return row;
}

static gboolean
tool_changed (const Explanation *self, const char *const *tools)
{
  const json_t *old = json_object_get (self->before, "tools");
  const json_t *now = json_object_get (self->after, "tools");
  for (; *tools != NULL; tools++)
    if (!json_equal (json_object_get (old, *tools), json_object_get (now, *tools)))
      return TRUE;
  return FALSE;
}

static gboolean
is_same (const json_t *before, const json_t *after, const char *member)
{
  const json_t *old = json_object_get (before, member), *now = json_object_get (after, member);
  return old != NULL && now != NULL && json_equal ((json_t *) old, (json_t *) now);
}

static const json_t *
source_of (const json_t *inputs, const char *name)
{
  return terrane_inputs_source (inputs, g_str_equal (name, "base") ? NULL : name);
}

/* Returns why a source is read, or has changed without being read. */
static json_t *
source_reasons (const Explanation *self, const char *name, gboolean made)
{
  static const char *const tools[] = { "assembler", "reader", NULL };
  json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_SOURCE, name, NULL);
  const json_t *old = source_of (self->before, name), *now = source_of (self->after, name);
  if (!made)
    {
      if (has (reasons) && !is_same (old, now, "read"))
        say (reasons, "an earlier build made it");
      return reasons;
    }
  if (has (reasons))
    return reasons;
  if (self->before == NULL)
    say (reasons, "%s", self->unknown);
  else if (tool_changed (self, tools))
    say (reasons, ANOTHER_VERSION);
  else if (is_same (old, now, "key"))
    say (reasons, "it " GONE);
  return reasons;
}

/* Returns: (transfer full): lines: which of the recipes that it needs has changed */
static json_t *
need_reasons (const Explanation *self, const char *tree, const char *recipe)
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
        say (reasons, "it needs %s", json_string_value (need));
    }
  }
  return reasons;
}

/* @reasons: for a compiled recipe: what changed in it, and in those that it needs */
static void
add_other_reason (const Explanation *self, const char *tree, const char *recipe, json_t *reasons)
{
  static const char *const tools[] = { "assembler", "reader", NULL };
  g_autoptr (OciJsonValue) in =
      terrane_causes_find (self->causes, TERRANE_CAUSE_SOURCE, tree, NULL);
  if (has (reasons))
    return;
  if (self->before == NULL)
    say (reasons, "%s", self->unknown);
  else if (tool_changed (self, tools))
    say (reasons, ANOTHER_VERSION);
  else if (has (in))
    say (reasons, "%s is compiled in another file system, or for another prefix", recipe);
  else
    say (reasons, "it " GONE);
}

/* Trees share recipes: one that is compiled for a tree has also changed for later ones. */
static void
add_recipes (Explanation *self, const char *tree, const json_t *recipes)
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
    const gboolean changed = made || has (reasons) || has (needs);
    if (made)
      {
        extend (reasons, json_incref (needs));
        add_other_reason (self, tree, name, reasons);
      }
    else if (taken || !needed)
      {
        (void) json_array_clear (reasons);
        say (reasons, taken ? FROM_CACHE : "what is made of it is there");
      }
    else if (g_hash_table_contains (self->changed, name))
      {
        (void) json_array_clear (reasons);
        say (reasons, "a tree above has it, too");
      }
    json_t *row = add_step (self, "recipe", name,
                            made     ? "compiled"
                            : needed ? "reused"
                                     : "not needed",
                            made && self->facts->recipes_open, reasons);
    oci_json_set_text (row, "tree", tree);
    if (changed)
      g_hash_table_add (self->changed, (gpointer) name);
  }
}

static void
add_transforms (Explanation *self, const TerranePin *pin, const TerraneSourceTree *tree)
{
  static const char *const tools[] = { "assembler", NULL };
  const char *name = pin->spec->name;
  const json_t *old = source_of (self->before, name), *now = source_of (self->after, name);
  json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_TRANSFORM, name, NULL);
  if (tree->transforms == NULL)
    {
      json_decref (reasons);
      return;
    }
  if (!tree->transformed && has (reasons))
    say (reasons, "an earlier build made it");
  if (tree->transformed && !has (reasons))
    {
      if (self->before == NULL)
        say (reasons, "%s", self->unknown);
      else if (!is_same (old, now, "read"))
        say (reasons, "the tree %s is another one", name);
      else if (tool_changed (self, tools))
        say (reasons, ANOTHER_VERSION);
      else if (is_same (old, now, "transforms"))
        say (reasons, "the result " GONE);
      else
        say (reasons, "what the base's Python can read changed");
    }
  (void) add_step (self, "transforms", name, tree->transformed ? "made" : "reused", tree->open,
                   reasons);
}

/* Returns why a source is reused or made. */
static json_t *
pin_reasons (const Explanation *self, const TerranePin *pin, gboolean made)
{
  json_t *reasons = source_reasons (self, pin->spec->name, made);
  if (!pin->is_taken)
    return reasons;
  (void) json_array_clear (reasons);
  say (reasons, FROM_CACHE);
  return reasons;
}

static void
add_sources (Explanation *self)
{
  const TerraneStepFacts *facts = self->facts;
  const TerranePlan *plan = facts->facts->plan;
  gboolean of_image = plan->base->spec->kind == TERRANE_SOURCE_IMAGE
                      && g_str_has_prefix (plan->base->spec->image, OCI_REFERENCE_SCHEME);
  (void) add_step (self, "base", "base",
                   !facts->base_made ? "reused"
                   : of_image        ? "fetched"
                                     : "made",
                   facts->base_open, pin_reasons (self, plan->base, facts->base_made));
  for (guint i = 0; i < plan->trees->len; i++)
    {
      const TerranePin *pin = plan->trees->pdata[i];
      const TerraneSourceTree *tree = &g_array_index (facts->facts->trees, TerraneSourceTree, i);
      const json_t *recipes = facts->recipes->pdata[i];
      add_recipes (self, pin->spec->name, recipes);
      json_t *reasons = pin_reasons (self, pin, tree->made);
      if (tree->made && recipes != NULL && !has (reasons))
        say (reasons, "what its recipe makes is another one");
      (void) add_step (self, "tree", pin->spec->name, tree->made ? "made" : "reused",
                       tree->open && pin->open != NULL, reasons);
      add_transforms (self, pin, tree);
    }
}

/* For a layer of several trees, "a+b", all of them. */
static gboolean
is_same_tree (const Explanation *self, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  if (source_of (self->after, name) != NULL)
    return is_same (source_of (self->before, name), source_of (self->after, name), "commit");
  for (char **part = parts; *part != NULL; part++)
    if (!is_same (source_of (self->before, *part), source_of (self->after, *part), "commit"))
      return FALSE;
  return TRUE;
}

/* Returns: (transfer none) (nullable): the source below @name, or itself, that has changed */
static const char *
find_changed (const Explanation *self, const char *name)
{
  const GPtrArray *trees = self->facts->facts->plan->trees;
  const char *changed = NULL;
  if (!is_same_tree (self, name))
    return name;
  if (!is_same (source_of (self->before, "base"), source_of (self->after, "base"), "commit"))
    return "base";
  for (guint i = 0; changed == NULL && i < trees->len; i++)
    {
      const char *below = ((const TerranePin *) trees->pdata[i])->spec->name;
      if (g_str_equal (below, name))
        break;
      if (!is_same (source_of (self->before, below), source_of (self->after, below), "commit"))
        changed = below;
    }
  return changed;
}

/* Adds why the same files are divided differently into layers: by the profile, or by the lock.
 * @tree: (nullable): one of them */
static void
add_division (const Explanation *self, const char *tree, json_t *reasons)
{
  size_t i;
  json_t *text;
  g_autoptr (OciJsonValue) all =
      terrane_causes_find (self->causes, TERRANE_CAUSE_CHECKS, NULL, NULL);
  extend (all, terrane_causes_find (self->causes, TERRANE_CAUSE_SOURCE, tree, NULL));
  json_array_foreach (all, i, text)
  {
    if (g_str_has_prefix (json_string_value (text), "layers.")
        || g_str_has_prefix (json_string_value (text), "other layers for "))
      oci_json_append (reasons, json_incref (text));
  }
}

static json_t *
layer_reasons (const Explanation *self, const TerraneLayerStep *layer)
{
  static const char *const tools[] = { "assembler", "compressor", NULL };
  json_t *reasons = json_array ();
  const char *changed = self->before != NULL ? find_changed (self, layer->name) : NULL;
  g_autoptr (OciJsonValue) order =
      terrane_causes_find (self->causes, TERRANE_CAUSE_ORDER, NULL, NULL);
  if (!layer->made)
    return reasons;
  if (self->before == NULL)
    say (reasons, "%s", self->unknown);
  else if (changed != NULL && g_str_equal (changed, layer->name))
    say (reasons,
         g_str_equal (changed, "base") ? "the base is another one" : "its tree is another one");
  else if (tool_changed (self, tools))
    say (reasons, ANOTHER_VERSION);
  else if (changed != NULL && g_str_equal (changed, "base"))
    say (reasons, "the base below it is another one");
  else if (changed != NULL)
    say (reasons, "the tree %s below it is another one", changed);
  else if (has (order))
    say (reasons, "the trees are others");
  else
    add_division (self, layer->name, reasons);
  if (!has (reasons))
    say (reasons, "the layer " GONE);
  return reasons;
}

static void
add_layers (Explanation *self)
{
  for (guint i = 0; i < self->facts->layers->len; i++)
    {
      OciDigestText text;
      const TerraneLayerStep *layer = self->facts->layers->pdata[i];
      json_t *row = add_step (self, "layer", layer->name, layer->made ? "made" : "reused",
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

static gboolean
any_cause (const Explanation *self, TerraneCauseKind kind)
{
  g_autoptr (OciJsonValue) found = terrane_causes_find (self->causes, kind, NULL, NULL);
  return has (found);
}

/* Adds the causes shared by checks and validation. */
static void
add_image_changes (const Explanation *self, json_t *reasons, gboolean with_config)
{
  if (!is_same (self->before, self->after, "assembled"))
    say (reasons, "the file system is another one");
  if (with_config && any_cause (self, TERRANE_CAUSE_CONFIG))
    say (reasons, "the configuration is another one");
}

static void
add_checks (Explanation *self)
{
  static const char *const tools[] = { "assembler", "compressor", "checks", NULL };
  gboolean run = self->facts->checks == TERRANE_STEP_DONE;
  json_t *reasons = json_array ();
  if (run && self->before == NULL)
    say (reasons, "%s", self->unknown);
  else if (run)
    {
      add_image_changes (self, reasons, TRUE);
      extend (reasons, terrane_causes_find (self->causes, TERRANE_CAUSE_CHECKS, NULL, NULL));
      if (!has (reasons) && tool_changed (self, tools))
        say (reasons, ANOTHER_VERSION);
      if (!has (reasons))
        add_division (self, NULL, reasons);
      if (!has (reasons))
        say (reasons, "the image " GONE);
    }
  else if (self->facts->image == TERRANE_STEP_DONE)
    say (reasons, FROM_CACHE);
  (void) add_step (self, "checks", NULL, run ? "run" : "reused", self->facts->rest_open, reasons);
}

static void
add_image (Explanation *self)
{
  gboolean made = self->facts->image == TERRANE_STEP_DONE;
  json_t *reasons = terrane_causes_find (self->causes, TERRANE_CAUSE_CONFIG, NULL, NULL);
  if (made && self->before == NULL)
    {
      (void) json_array_clear (reasons);
      say (reasons, "%s", self->unknown);
    }
  else if (made && !is_same (self->before, self->after, "assembled"))
    say (reasons, "the file system is another one");
  else if (made && !has (reasons) && json_array_size (self->causes) == 0)
    say (reasons, "the image " GONE);
  else if (made && !has (reasons))
    add_division (self, NULL, reasons);
  (void) add_step (self, "image", NULL, made ? "made" : "unchanged", self->facts->rest_open,
                   reasons);
}

static void
add_validation (Explanation *self)
{
  static const char *const words[] = { [TERRANE_STEP_NOT_WANTED] = "not run",
                                       [TERRANE_STEP_REUSED] = "reused",
                                       [TERRANE_STEP_DONE] = "run" };
  static const char *const tools[] = { "terrane", NULL };
  TerraneStepState state = self->facts->validation;
  json_t *reasons = json_array ();
  if (state == TERRANE_STEP_DONE && self->before == NULL)
    say (reasons, "%s", self->unknown);
  else if (state == TERRANE_STEP_DONE)
    {
      extend (reasons, terrane_causes_find (self->causes, TERRANE_CAUSE_VALIDATION, NULL, NULL));
      add_image_changes (self, reasons, FALSE);
      const json_t *old = json_object_get (self->before, "validation");
      const json_t *now = json_object_get (self->after, "validation");
      if (old != NULL && now != NULL && !is_same (old, now, "config"))
        say (reasons, "the configuration is another one");
      if (!has (reasons) && tool_changed (self, tools))
        say (reasons, ANOTHER_VERSION);
      if (!has (reasons) && old == NULL)
        say (reasons, "the last build ran none");
      if (!has (reasons))
        say (reasons, "its results were not in the store any more");
    }
  else if (state == TERRANE_STEP_NOT_WANTED)
    say (reasons, "nothing is asked for, or it was left out");
  (void) add_step (self, "validation", NULL, words[state],
                   self->facts->rest_open && state != TERRANE_STEP_NOT_WANTED, reasons);
}

json_t *
terrane_explain_build (TerraneStore *store, const TerraneStepFacts *steps, const json_t *before,
                       const json_t *after, gboolean first)
{
  OciDigest digest;
  OciDigestText text;
  json_t *result = json_object ();
  g_autoptr (GHashTable) changed = g_hash_table_new (oci_text_hash, g_str_equal);
  Explanation self = { .store = store,
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
  add_checks (&self);
  add_image (&self);
  add_validation (&self);
  oci_json_set (result, "causes", self.causes);
  oci_json_set (result, "steps", self.steps);
  return result;
}
