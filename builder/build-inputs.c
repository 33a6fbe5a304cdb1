#include "builder/build-inputs.h"

#include "builder/validate.h"

#include "oci/base/text-hash.h"

static void
recipes_free (gpointer data)
{
  json_decref (data);
}

gboolean
terrane_build_watch (TerraneStore *store, TerranePlan *plan, TerraneBuildWatch *watch,
                     GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  watch->recipes = g_ptr_array_new_with_free_func (recipes_free);
  for (guint i = 0; i < plan->trees->len; i++)
    {
      TerranePin *pin = plan->trees->pdata[i];
      json_t *recipes = NULL;
      OciDigest identity;
      gboolean compiled = pin->recipes != NULL && pin->open == NULL && !pin->is_taken;
      if (compiled
          && ((!pin->has_key && !terrane_source_tree_set_key (store, pin, &identity, error))
              || (recipes = terrane_recipes_look (store, pin, seen, error)) == NULL))
        return FALSE;
      g_ptr_array_add (watch->recipes, recipes);
    }
  return TRUE;
}

void
terrane_build_watch_clear (TerraneBuildWatch *self)
{
  g_clear_pointer (&self->recipes, g_ptr_array_unref);
}

gboolean
terrane_build_find_validation (TerraneStore *store, const TerraneProfile *profile,
                               gboolean validate, TerraneSandboxKind sandbox,
                               const TerraneImage *image, json_t **out_inputs,
                               TerraneStepState *out_state, GError **error)
{
  g_auto (TerraneEmulator) emulator = { 0 };
  gboolean known = FALSE;
  *out_inputs = NULL;
  *out_state = TERRANE_STEP_NOT_WANTED;
  if (!validate || !terrane_validate_wanted (profile))
    return TRUE;
  terrane_emulator_find_here (profile->platform.architecture, &emulator);
  if (!terrane_emulator_require (&emulator, profile->platform.architecture, NULL))
    return TRUE;
  const TerraneValidateOptions options = { .sandbox = sandbox, .emulator = &emulator };
  if (!terrane_validate_find (store, profile, image, &options, out_inputs, &known, error))
    return FALSE;
  *out_state = known ? TERRANE_STEP_REUSED : TERRANE_STEP_DONE;
  return TRUE;
}

static GPtrArray *
list_layers (const TerraneImage *image)
{
  GPtrArray *steps = terrane_layer_steps_new ();
  for (guint i = 0; i < image->layers->len; i++)
    {
      const TerraneImageLayer *layer = image->layers->pdata[i];
      TerraneLayerStep *step =
          terrane_layer_steps_add (steps, layer->name, (const char *const *) layer->packages);
      step->made = !layer->reused;
      step->has_digest = TRUE;
      step->digest = layer->digest;
      step->size = layer->size;
    }
  return steps;
}

static json_t *
explain (TerraneStore *store, const TerraneBuildFacts *facts, const TerraneBuildWatch *watch,
         TerraneStepState validation, const json_t *inputs)
{
  g_autoptr (GPtrArray) layers = list_layers (facts->image);
  g_autoptr (OciJsonValue) before = terrane_inputs_load (store, facts->name);
  g_autoptr (OciDescriptor) named =
      oci_layout_resolve (terrane_store_layout (store), facts->name, NULL, NULL);
  const TerraneStepState image = facts->image->unchanged ? TERRANE_STEP_REUSED : TERRANE_STEP_DONE;
  const TerraneStepFacts steps = { .facts = facts,
                                   .recipes = watch->recipes,
                                   .base_made = facts->base->root.made || facts->base->files.read,
                                   .layers = layers,
                                   .checks =
                                       facts->image->checks_known ? TERRANE_STEP_REUSED : image,
                                   .image = image,
                                   .validation = validation };
  return terrane_explain_build (store, &steps, before, inputs, named == NULL);
}

json_t *
terrane_build_note_inputs (TerraneStore *store, const TerraneBuildFacts *facts,
                           TerraneStepState validation, const TerraneBuildWatch *watch,
                           json_t **out_explanation)
{
  json_t *inputs = terrane_inputs_new (facts);
  *out_explanation =
      watch->recipes != NULL ? explain (store, facts, watch, validation, inputs) : NULL;
  return inputs;
}
