#include "builder/build-plan.h"

#include "builder/build-plan-fetch.h"
#include "builder/build-plan-layers.h"
#include "builder/image/profile-tree.h"
#include "builder/image/tree-transforms.h"
#include "builder/remote/push-look.h"
#include "builder/resolve/resolve.h"

#include <string.h>

static void
planning_clear (TerranePlanning *self)
{
  g_free (self->name);
  terrane_image_free (self->image);
  g_clear_pointer (&self->layers, g_ptr_array_unref);
  terrane_build_watch_clear (&self->watch);
  terrane_stamp_clear (&self->stamp);
  json_decref (self->before);
  g_clear_pointer (&self->changes, g_ptr_array_unref);
  g_clear_pointer (&self->trees, g_array_unref);
  terrane_base_free (self->base);
  terrane_plan_free (self->plan);
  terrane_lock_free (self->lock);
  terrane_build_shared_clear (&self->shared);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerranePlanning, planning_clear)

static gboolean
open_cache (TerranePlanning *self, GError **error)
{
  const TerraneBuildPlanOptions *options = self->options;
  TerraneSourceContext context = self->context;
  context.remote = options->remote;
  return options->cache.from == NULL || options->cache.from->len == 0
         || terrane_build_shared_open (&self->shared, &context, &options->cache, error);
}

static gboolean
resolve (TerranePlanning *self, GError **error)
{
  const TerraneBuildPlanOptions *options = self->options;
  g_autofree char *path = terrane_lock_path (self->profile->path);
  self->lock = options->lock.ignore ? terrane_lock_new (path) : terrane_lock_load (path, error);
  if (self->lock == NULL)
    return FALSE;
  const TerraneResolveOptions resolve_options = { .store = self->store,
                                                  .remote = options->local,
                                                  .lock = self->lock,
                                                  .policy = options->lock,
                                                  .shared = self->shared.trees,
                                                  .look = TRUE,
                                                  .jobs = options->jobs,
                                                  .progress = options->progress };
  self->plan = terrane_resolve (self->profile, &resolve_options, &self->base, self->changes, error);
  if (self->plan == NULL)
    return FALSE;
  self->base->known = self->base->known || self->plan->base->is_taken;
  OciDigest digest = terrane_lock_digest (self->lock, self->plan->platform);
  terrane_plan_set_lock (self->plan, &digest);
  return terrane_stamp_init (&self->stamp, self->profile, self->base, options->progress, error);
}

/* @out_stored: (out): whether the tree is in the store as it is read */
static gboolean
look_at_image_tree (TerranePlanning *self, TerranePin *pin, TerraneSourceTree *tree,
                    gboolean *out_stored, GError **error)
{
  OciDigest digest;
  const char *text = json_string_value (json_object_get (pin->entry, "digest"));
  *out_stored = FALSE;
  if (text == NULL || !oci_digest_parse (text, &digest, NULL))
    return TRUE;
  OciDigest identity = terrane_image_tree_identity (&self->context, pin->spec, &digest);
  pin->key = terrane_source_tree_key (&identity, pin->spec, pin->modes);
  pin->has_key = TRUE;
  return terrane_source_tree_find (self->store, &pin->key, tree, out_stored, error);
}

static gboolean
look_at_source (TerranePlanning *self, TerranePin *pin, TerraneSourceTree *tree, GError **error)
{
  OciDigest identity;
  gboolean stored = FALSE, known = FALSE, ok;
  if (pin->open != NULL)
    {
      tree->made = tree->open = TRUE;
      return TRUE;
    }
  if (pin->spec->kind == TERRANE_SOURCE_IMAGE)
    ok = look_at_image_tree (self, pin, tree, &stored, error);
  else if (pin->spec->kind == TERRANE_SOURCE_COMPILE)
    ok = terrane_source_tree_set_key (self->store, pin, &identity, error)
         && terrane_source_tree_find (self->store, &pin->key, tree, &stored, error);
  else
    ok = terrane_source_tree_look (self->store, pin, self->options->jobs, tree, &stored, &known,
                                   error);
  tree->made = !stored;
  tree->open = !stored && !known;
  return ok;
}

static gboolean
wants_transforms (const TerraneSourceSpec *spec)
{
  const TerraneTransformSpec *transforms = spec->transforms;
  return transforms->strip != TERRANE_STRIP_NONE || transforms->bytecode || transforms->dedupe;
}

/* The result of transforms is known if they were applied to this tree before. */
static gboolean
look_at_transforms (TerranePlanning *self, const TerranePin *pin, TerraneSourceTree *tree,
                    GError **error)
{
  gboolean found = FALSE;
  tree->read = tree->commit;
  if (!wants_transforms (pin->spec))
    return TRUE;
  if (!self->base->here && pin->spec->transforms->bytecode)
    {
      tree->open = tree->transformed = TRUE;
      return TRUE;
    }
  if (!terrane_profile_tree_find_transformed (&self->context, pin->spec, &self->base->root.commit,
                                              self->base->config, tree, &found, error))
    return FALSE;
  tree->transformed = !found;
  tree->open = tree->open || !found;
  return TRUE;
}

/* Its listing has the content of the tree; its layers are not fetched. */
static gboolean
take_from_cache (TerranePlanning *self, TerranePin *pin, TerraneSourceTree *tree, GError **error)
{
  return self->shared.trees == NULL || !self->base->known || pin->open != NULL
         || terrane_shared_trees_take (self->shared.trees, pin, self->base, tree, error);
}

static gboolean
look_at_trees (TerranePlanning *self, GError **error)
{
  self->open = !self->base->known;
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerraneSourceTree none = { 0 };
      g_array_append_val (self->trees, none);
      TerraneSourceTree *tree = &g_array_index (self->trees, TerraneSourceTree, i);
      TerranePin *pin = self->plan->trees->pdata[i];
      if (!take_from_cache (self, pin, tree, error)
          || (!pin->is_taken
              && (!look_at_source (self, pin, tree, error)
                  || !look_at_transforms (self, pin, tree, error))))
        return FALSE;
      self->open = self->open || tree->open;
    }
  return terrane_build_watch (self->store, self->plan, &self->watch, error);
}

/* Adds the sizes in the last build to what will be made, if that had as many layers of the tree. */
static void
add_estimates (const TerranePlanning *self, json_t *plan)
{
  size_t i, k;
  json_t *row, *layer;
  json_array_foreach (json_object_get (plan, "steps"), i, row)
  {
    guint before = 0, now = 0;
    json_int_t size = 0;
    json_t *name = json_object_get (row, "name");
    if (g_strcmp0 (json_string_value (json_object_get (row, "step")), "layer") != 0
        || json_object_get (row, "size") != NULL)
      continue;
    json_array_foreach (json_object_get (self->before, "layers"), k, layer)
    {
      gboolean same = json_equal (json_object_get (layer, "tree"), name);
      before += same ? 1 : 0;
      size = same ? json_integer_value (json_object_get (layer, "size")) : size;
    }
    for (k = 0; k < self->layers->len; k++)
      now +=
          g_strcmp0 (((TerraneLayerStep *) self->layers->pdata[k])->name, json_string_value (name))
          == 0;
    if (before == 1 && now == 1 && size > 0)
      oci_json_set (row, "estimate", json_integer (size));
  }
}

/* Adds the reasons why something is unknown. */
static void
add_unknowns (const TerranePlanning *self, json_t *plan)
{
  json_t *unknowns = json_array ();
  for (guint i = 0; i <= self->plan->trees->len; i++)
    {
      const TerranePin *pin = i == 0 ? self->plan->base : self->plan->trees->pdata[i - 1];
      const TerraneSourceTree *tree =
          i == 0 ? NULL : &g_array_index (self->trees, TerraneSourceTree, i - 1);
      const char *text = NULL;
      if (pin->open != NULL)
        text = pin->open;
      else if (tree != NULL && tree->open && tree->transformed
               && (!tree->made || tree->tree != NULL))
        text = "what its transforms make of it is not known before they are applied";
      else if (tree != NULL ? tree->open : !self->base->known)
        text = "its files are not known before it is read";
      if (text == NULL)
        continue;
      json_t *unknown = json_object ();
      oci_json_set_text (unknown, "name", pin->spec->name);
      oci_json_set_text (unknown, "text", text);
      oci_json_append (unknowns, unknown);
    }
  oci_json_set (plan, "unknowns", unknowns);
}

static json_t *
explain (TerranePlanning *self, GError **error)
{
  g_autoptr (OciJsonValue) validation = NULL;
  TerraneStepState state = TERRANE_STEP_DONE;
  const TerraneImage none = { .manifest = NULL };
  if (!terrane_build_find_validation (
          self->store, self->profile, self->options->validate, self->options->sandbox,
          self->image != NULL ? self->image : &none, &validation, &state, error))
    return NULL;
  const TerraneBuildFacts facts = { .name = self->name,
                                    .plan = self->plan,
                                    .base = self->base,
                                    .trees = self->trees,
                                    .image = self->image,
                                    .validation = validation };
  g_autoptr (OciJsonValue) after = terrane_inputs_new (&facts);
  if (self->open) /* otherwise it is that of a replacement */
    (void) json_object_del (after, "assembled");
  g_autoptr (OciDescriptor) named =
      oci_layout_resolve (terrane_store_layout (self->store), self->name, NULL, NULL);
  const TerraneStepState image =
      self->image != NULL && self->image->unchanged ? TERRANE_STEP_REUSED : TERRANE_STEP_DONE;
  const TerraneStepFacts steps = {
    .facts = &facts,
    .recipes = self->watch.recipes,
    .base_made = !self->base->stored && !self->plan->base->is_taken,
    .recipes_open = self->shared.cache != NULL,
    .base_open = self->plan->base->open != NULL,
    .layers = self->layers,
    .checks = image,
    .image = image,
    .validation = state,
    .rest_open = self->open || (self->shared.cache != NULL && image == TERRANE_STEP_DONE)
  };
  return terrane_explain_build (self->store, &steps, self->before, after, named == NULL);
}

static const char *
action_word (TerranePushAction action)
{
  static const char *const words[] = { [TERRANE_PUSH_UPLOAD] = "uploaded",
                                       [TERRANE_PUSH_EXISTS] = "exists",
                                       [TERRANE_PUSH_MOUNT] = "mounted" };
  return words[action];
}

static json_t *
blob_row (const TerraneLayerStep *step, const TerranePushLook *look)
{
  OciDigestText text;
  json_t *row = json_object ();
  TerranePushAction action = look != NULL ? look->action : TERRANE_PUSH_UPLOAD;
  oci_json_set_text (row, "name", step->name);
  oci_json_set (row, "result", oci_json_text (action_word (action)));
  /* A registry may refuse a mount, and may have what is made. */
  oci_json_set (row, "certain",
                json_boolean (!step->open && look != NULL && action != TERRANE_PUSH_MOUNT));
  if (look != NULL && look->from != NULL)
    oci_json_set_text (row, "from", look->from);
  if (step->has_digest)
    oci_json_set (row, "digest", oci_json_text (oci_digest_text (&step->digest, text)));
  if (step->size > 0)
    oci_json_set (row, "size", json_integer ((json_int_t) step->size));
  return row;
}

static gboolean
any_open (const GPtrArray *layers)
{
  gboolean open = FALSE;
  for (guint i = 0; i < layers->len; i++)
    open = open || ((const TerraneLayerStep *) layers->pdata[i])->open;
  return open;
}

/* Returns: (transfer full) (nullable) */
static json_t *
look_at_push (const TerranePlanning *self, const char *text, GError **error)
{
  gboolean unchanged = FALSE;
  g_autoptr (OciReference) destination = oci_reference_parse (text, error);
  g_autoptr (GArray) looks = terrane_push_looks_new ();
  g_autoptr (OciJsonValue) push = json_object ();
  json_t *blobs = json_array ();
  oci_json_set (push, "blobs", blobs);
  if (destination == NULL)
    return NULL;
  for (guint i = 0; i < self->layers->len; i++)
    {
      const TerraneLayerStep *step = self->layers->pdata[i];
      const TerranePushLook look = { .digest = step->digest };
      if (step->has_digest)
        g_array_append_val (looks, look);
    }
  const OciDigest *manifest =
      self->image != NULL && self->image->manifest != NULL ? &self->image->manifest->digest : NULL;
  if (!terrane_remote_look_push (self->options->remote, destination, self->options->mount_from,
                                 manifest, looks, &unchanged, error))
    return NULL;
  for (guint i = 0, k = 0; i < self->layers->len; i++)
    {
      const TerraneLayerStep *step = self->layers->pdata[i];
      oci_json_append (
          blobs,
          blob_row (step, step->has_digest ? &g_array_index (looks, TerranePushLook, k++) : NULL));
    }
  oci_json_set_text (push, "destination", text);
  oci_json_set (push, "unchanged", json_boolean (unchanged));
  oci_json_set (push, "certain", json_boolean (manifest != NULL && !any_open (self->layers)));
  return g_steal_pointer (&push);
}

static gboolean
add_pushes (const TerranePlanning *self, char *const *pushes, json_t *plan, GError **error)
{
  OciDigestHex hex;
  json_t *list = json_array ();
  OciDigest digest = terrane_lock_digest (self->lock, self->plan->platform);
  g_autofree char *lock = g_strndup (oci_digest_hex (&digest, hex), 12);
  oci_json_set (plan, "pushes", list);
  for (char *const *text = pushes; text != NULL && *text != NULL; text++)
    {
      g_autofree char *expanded = terrane_profile_expand_lock (*text, lock);
      json_t *push = look_at_push (self, expanded, error);
      if (push == NULL)
        return FALSE;
      oci_json_append (list, push);
    }
  return TRUE;
}

json_t *
terrane_build_plan (TerraneStore *store, const TerraneProfile *profile,
                    const TerraneBuildPlanOptions *options, char *const *pushes, GError **error)
{
  OciDigestText text;
  g_auto (TerranePlanning) self = {
    .store = store,
    .profile = profile,
    .options = options,
    .context = { .store = store,
                 .remote = options->local,
                 .profile = profile,
                 .sandbox = options->sandbox,
                 .look = TRUE,
                 .jobs = options->jobs,
                 .progress = options->progress },
    .name = g_strconcat (profile->name, ":", options->tag != NULL ? options->tag : "latest", NULL),
    .trees = g_array_new (FALSE, TRUE, sizeof (TerraneSourceTree)),
    .changes = g_ptr_array_new_with_free_func (g_free),
    .layers = terrane_layer_steps_new (),
  };
  g_array_set_clear_func (self.trees, (GDestroyNotify) terrane_source_tree_clear);
  self.before = terrane_inputs_load (store, self.name);
  if (!open_cache (&self, error) || !resolve (&self, error) || !look_at_trees (&self, error)
      || !terrane_plan_look_at_layers (&self, error))
    return NULL;
  g_autoptr (OciJsonValue) plan = explain (&self, error);
  if (plan == NULL || !add_pushes (&self, pushes, plan, error)
      || !terrane_plan_add_fetches (&self, plan, error))
    return NULL;
  json_t *changes = json_array ();
  for (guint i = 0; i < self.changes->len; i++)
    oci_json_append (changes, oci_json_text (self.changes->pdata[i]));
  oci_json_set (plan, "lock", changes);
  add_unknowns (&self, plan);
  add_estimates (&self, plan);
  oci_json_set_text (plan, "name", self.name);
  oci_json_set_text (plan, "platform", self.plan->platform);
  if (self.image != NULL && self.image->manifest != NULL)
    oci_json_set (plan, "digest",
                  oci_json_text (oci_digest_text (&self.image->manifest->digest, text)));
  return g_steal_pointer (&plan);
}
