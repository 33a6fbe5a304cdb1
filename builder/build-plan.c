#include "builder/build-plan.h"

#include "builder/build-inputs.h"
#include "builder/image/image-look.h"
#include "builder/image/profile-tree.h"
#include "builder/image/tree-transforms.h"
#include "builder/resolve/resolve.h"
#include "builder/store/downloads.h"

#include <string.h>

/* A build that is being planned. */
typedef struct
{
  TerraneStore *store;
  const TerraneProfile *profile;
  const TerraneBuildPlanOptions *options;
  TerraneSourceContext context;
  char *name;
  TerraneLock *lock;
  TerranePlan *plan;
  TerraneBase *base;
  GArray *trees;      /* of TerraneSourceTree: as they are or would be */
  GPtrArray *changes; /* of char *: of the lock */
  json_t *before;     /* (nullable): what the last build was made of */
  TerraneStamp stamp;
  TerraneBuildWatch watch;
  GPtrArray *layers;   /* of TerraneLayerStep */
  TerraneImage *image; /* (nullable): its manifest too when it is known */
  gboolean open;       /* something is not known without doing it */
} Planning;

static void
planning_clear (Planning *self)
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
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Planning, planning_clear)

static gboolean
resolve (Planning *self, GError **error)
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
                                                  .look = TRUE,
                                                  .jobs = options->jobs,
                                                  .progress = options->progress };
  self->plan = terrane_resolve (self->profile, &resolve_options, &self->base, self->changes, error);
  if (self->plan == NULL)
    return FALSE;
  OciDigest digest = terrane_lock_digest (self->lock, self->plan->platform);
  terrane_plan_set_lock (self->plan, &digest);
  return terrane_stamp_init (&self->stamp, self->profile, self->base, options->progress, error);
}

/* @out_stored: whether the tree is in the store as it is read */
static gboolean
look_at_image_tree (Planning *self, TerranePin *pin, TerraneSourceTree *tree, gboolean *out_stored,
                    GError **error)
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
look_at_source (Planning *self, TerranePin *pin, TerraneSourceTree *tree, GError **error)
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

/* What transforms make of a tree is known when they have made it before. */
static gboolean
look_at_transforms (Planning *self, const TerranePin *pin, TerraneSourceTree *tree, GError **error)
{
  gboolean found = FALSE;
  tree->read = tree->commit;
  if (!wants_transforms (pin->spec))
    return TRUE;
  if (!self->base->stored && pin->spec->transforms->bytecode)
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

static gboolean
look_at_trees (Planning *self, GError **error)
{
  self->open = self->options->has_cache || !self->base->known;
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerraneSourceTree none = { 0 };
      g_array_append_val (self->trees, none);
      TerraneSourceTree *tree = &g_array_index (self->trees, TerraneSourceTree, i);
      TerranePin *pin = self->plan->trees->pdata[i];
      if (!look_at_source (self, pin, tree, error) || !look_at_transforms (self, pin, tree, error))
        return FALSE;
      self->open = self->open || tree->open;
    }
  return terrane_build_watch (self->store, self->plan, &self->watch, error);
}

/* In place of a tree that is not known: what it was in the last build, else nothing. */
static gboolean
stand_in (const Planning *self, guint i, TerraneSourceTree *out, GError **error)
{
  const TerranePin *pin = self->plan->trees->pdata[i];
  const TerraneSourceTree *tree = &g_array_index (self->trees, TerraneSourceTree, i);
  gboolean found = FALSE;
  *out = (TerraneSourceTree){ .commit = tree->commit };
  if (tree->open)
    {
      if (terrane_inputs_digest (terrane_inputs_source (self->before, pin->spec->name), "commit",
                                 &out->commit)
          && !terrane_commit_find (self->store, &out->commit, &found, error))
        return FALSE;
      if (found)
        return TRUE;
      out->tree = terrane_tree_new ();
      out->commit = terrane_commit_digest (out->tree);
      return TRUE;
    }
  out->findings = json_incref (tree->findings);
  if (tree->tree == NULL)
    return TRUE;
  out->tree = terrane_tree_new ();
  return terrane_tree_copy (tree->tree, out->tree, error);
}

static gboolean
is_open_tree (const Planning *self, const char *name)
{
  for (guint i = 0; i < self->plan->trees->len; i++)
    if (g_str_equal (((const TerranePin *) self->plan->trees->pdata[i])->spec->name, name))
      return g_array_index (self->trees, TerraneSourceTree, i).open;
  return FALSE;
}

/* Also of the layer of several trees, "a+b". */
static gboolean
is_open (const Planning *self, const char *name)
{
  gboolean open = is_open_tree (self, name);
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  for (char **part = parts; *part != NULL; part++)
    open = open || is_open_tree (self, *part);
  return open;
}

static const json_t *
find_wheel (const json_t *entry, const char *package)
{
  size_t i;
  json_t *wheel;
  json_array_foreach (json_object_get (entry, "wheels"), i, wheel)
  {
    if (g_strcmp0 (json_string_value (json_object_get (wheel, "name")), package) == 0)
      return wheel;
  }
  return NULL;
}

/* Whether the wheels of a layer are those of the last build: then it is most likely that layer. */
static gboolean
has_same_wheels (const Planning *self, const TerraneImageLook *look)
{
  const json_t *before =
      json_object_get (terrane_inputs_source (self->before, look->name), "entry");
  const json_t *after = NULL;
  for (guint i = 0; i < self->plan->trees->len; i++)
    if (g_str_equal (((const TerranePin *) self->plan->trees->pdata[i])->spec->name, look->name))
      after = ((const TerranePin *) self->plan->trees->pdata[i])->entry;
  for (char **package = look->packages; package != NULL && *package != NULL; package++)
    {
      const json_t *old = find_wheel (before, *package), *now = find_wheel (after, *package);
      if (old == NULL || now == NULL || !json_equal ((json_t *) old, (json_t *) now))
        return FALSE;
    }
  return look->packages != NULL;
}

static void
set_digest (TerraneLayerStep *step, const OciDigest *digest, uint64_t size)
{
  step->has_digest = TRUE;
  step->digest = *digest;
  step->size = size;
}

static void
take_base_layers (Planning *self)
{
  const OciManifest *manifest = self->base->manifest;
  for (guint i = 0; manifest != NULL && i < manifest->layers->len; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      set_digest (terrane_layer_steps_add (self->layers, "base", NULL), &layer->digest,
                  layer->size);
    }
}

/* Those of a stored image, unless something stood in for their tree. */
static void
take_image_layers (Planning *self)
{
  for (guint i = 0; i < self->image->layers->len; i++)
    {
      const TerraneImageLayer *layer = self->image->layers->pdata[i];
      TerraneLayerStep *step = terrane_layer_steps_add (self->layers, layer->name,
                                                        (const char *const *) layer->packages);
      step->made = step->open = is_open (self, layer->name);
      if (!step->made)
        set_digest (step, &layer->digest, layer->size);
    }
}

static void
take_look (Planning *self, const TerraneImageLook *look)
{
  TerraneLayerStep *step =
      terrane_layer_steps_add (self->layers, look->name, (const char *const *) look->packages);
  gboolean open = is_open (self, look->name);
  step->made = look->layer == NULL || (open && !has_same_wheels (self, look));
  step->open = open || self->open;
  if (!step->made)
    set_digest (step, &look->layer->digest, look->layer->size);
  else if (!open)
    step->content = look->content_bytes;
}

/* Whether the layer @name is of the tree, or of several with it. */
static gboolean
is_layer_of (const char *name, const char *tree)
{
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  return g_str_equal (name, tree) || g_strv_contains ((const char *const *) parts, tree);
}

/* A tree that nothing stands in for has no layer so far, and will have one. */
static void
take_missing (Planning *self, const GPtrArray *looks, guint tree)
{
  const char *name = ((const TerranePin *) self->plan->trees->pdata[tree])->spec->name;
  for (guint i = 0; i < looks->len; i++)
    if (is_layer_of (((const TerraneImageLook *) looks->pdata[i])->name, name))
      return;
  if (!is_open_tree (self, name)) /* it adds nothing */
    return;
  TerraneLayerStep *step = terrane_layer_steps_add (self->layers, name, NULL);
  step->made = step->open = TRUE;
}

static void
take_looks (Planning *self, const GPtrArray *looks)
{
  guint tree = 0;
  take_base_layers (self);
  for (guint i = 0; i < looks->len; i++)
    {
      const TerraneImageLook *look = looks->pdata[i];
      for (; tree < self->plan->trees->len && !g_str_equal (look->name, "base")
             && !is_layer_of (look->name,
                              ((const TerranePin *) self->plan->trees->pdata[tree])->spec->name);
           tree++)
        take_missing (self, looks, tree);
      take_look (self, look);
    }
  for (; tree < self->plan->trees->len; tree++)
    take_missing (self, looks, tree);
}

/* All that would be made when nothing can be said of what is below. */
static void
take_all (Planning *self)
{
  if (self->base->manifest == NULL)
    {
      TerraneLayerStep *step = terrane_layer_steps_add (self->layers, "base", NULL);
      step->made = step->open = self->plan->base->spec->kind != TERRANE_SOURCE_IMAGE;
    }
  take_base_layers (self);
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerraneLayerStep *step = terrane_layer_steps_add (
          self->layers, ((const TerranePin *) self->plan->trees->pdata[i])->spec->name, NULL);
      step->made = step->open = TRUE;
    }
}

/* What becomes of the base's own tree when it is put together is of no use here. */
static gboolean
look_at_image (Planning *self, GArray *trees, GPtrArray *looks, GError **error)
{
  static const TerraneProgress silent = { .phase = NULL }; /* of what stands in */
  g_autoptr (TerraneTree) root = NULL;
  const TerraneImageOptions options = { .stamp = &self->stamp,
                                        .texts = &self->plan->texts,
                                        .pins = self->plan->trees,
                                        .jobs = self->options->jobs,
                                        .look = looks,
                                        .progress = &silent };
  if (self->base->root.tree != NULL)
    {
      root = terrane_tree_new ();
      if (!terrane_tree_copy (self->base->root.tree, root, error))
        return FALSE;
    }
  self->image =
      terrane_image_build (self->store, self->profile, self->base, trees, &options, error);
  if (self->base->root.tree == NULL)
    self->base->root.tree = g_steal_pointer (&root);
  return self->image != NULL;
}

static gboolean
look_at_layers (Planning *self, GError **error)
{
  g_autoptr (GPtrArray) looks = terrane_image_looks_new ();
  g_autoptr (GArray) trees = g_array_new (FALSE, TRUE, sizeof (TerraneSourceTree));
  g_array_set_clear_func (trees, (GDestroyNotify) terrane_source_tree_clear);
  if (!self->base->known)
    {
      take_all (self);
      return TRUE;
    }
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerraneSourceTree none = { 0 };
      g_array_append_val (trees, none);
      if (!stand_in (self, i, &g_array_index (trees, TerraneSourceTree, i), error))
        return FALSE;
    }
  if (!look_at_image (self, trees, looks, error))
    return FALSE;
  if (self->image->unchanged)
    take_image_layers (self);
  else
    take_looks (self, looks);
  if (!self->open || self->image->manifest == NULL)
    return TRUE;
  /* It is that of what stood in. */
  self->image->unchanged = FALSE;
  g_clear_pointer (&self->image->manifest, oci_descriptor_free);
  return TRUE;
}

typedef struct
{
  guint files;
  guint unknown; /* of them: whose size nobody said */
  uint64_t bytes;
} Fetch;

static gboolean
add_download (const Planning *self, const OciDigest *sha256, uint64_t size, Fetch *fetch,
              GError **error)
{
  gboolean found = FALSE;
  if (!terrane_downloads_find (self->store, sha256, &found, error))
    return FALSE;
  if (found)
    return TRUE;
  fetch->files++;
  fetch->unknown += size == 0;
  fetch->bytes += size;
  return TRUE;
}

static gboolean
add_archive (const Planning *self, const TerraneArchiveFile *file, Fetch *fetch, GError **error)
{
  return file->url == NULL || add_download (self, &file->sha256, 0, fetch, error);
}

static gboolean
add_wheels (const Planning *self, const TerranePin *pin, Fetch *fetch, GError **error)
{
  for (guint i = 0; pin->wheels != NULL && i < pin->wheels->wheels->len; i++)
    {
      size_t k;
      json_t *locked;
      const TerraneWheelPin *wheel = pin->wheels->wheels->pdata[i];
      uint64_t size = wheel->size;
      json_array_foreach (json_object_get (pin->entry, "wheels"), k, locked)
      {
        const char *file = json_string_value (json_object_get (locked, "file"));
        json_int_t said = json_integer_value (json_object_get (locked, "size"));
        if (g_strcmp0 (file, wheel->file_name) == 0 && said > 0)
          size = (uint64_t) said;
      }
      if (wheel->path == NULL && !add_download (self, &wheel->sha256, size, fetch, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_recipe_sources (const Planning *self, const TerranePin *pin, Fetch *fetch, GError **error)
{
  for (guint i = 0; pin->recipes != NULL && i < pin->recipes->recipes->len; i++)
    {
      const TerraneRecipe *recipe = pin->recipes->recipes->pdata[i];
      for (guint k = 0; k < recipe->sources->len; k++)
        if (!add_archive (self, &((TerraneRecipeSource *) recipe->sources->pdata[k])->file, fetch,
                          error))
          return FALSE;
    }
  return TRUE;
}

/* The layers of an image in a registry that the store lacks. */
static gboolean
add_layers (const Planning *self, const OciManifest *manifest, Fetch *fetch, GError **error)
{
  for (guint i = 0; manifest != NULL && i < manifest->layers->len; i++)
    {
      gboolean found = FALSE;
      const OciDescriptor *layer = manifest->layers->pdata[i];
      if (!oci_layout_find_blob (terrane_store_layout (self->store), &layer->digest, &found, NULL,
                                 error))
        return FALSE;
      fetch->files += !found;
      fetch->bytes += found ? 0 : layer->size;
    }
  return TRUE;
}

/* What would be downloaded for a source that is read. */
static gboolean
find_fetch (const Planning *self, const TerranePin *pin, Fetch *fetch, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  gboolean ok = TRUE;
  for (guint i = 0; spec->kind == TERRANE_SOURCE_ARCHIVE && ok && i < spec->archives->len; i++)
    ok = add_archive (self, spec->archives->pdata[i], fetch, error);
  if (spec->kind == TERRANE_SOURCE_WHEELS)
    ok = add_wheels (self, pin, fetch, error);
  else if (spec->kind == TERRANE_SOURCE_COMPILE)
    ok = add_recipe_sources (self, pin, fetch, error);
  else if (spec->kind == TERRANE_SOURCE_IMAGE && g_str_has_prefix (spec->image, "docker://"))
    {
      gboolean is_base = pin == self->plan->base;
      fetch->unknown = is_base && self->base->manifest != NULL ? 0 : 1;
      fetch->files = fetch->unknown;
      if (is_base)
        ok = add_layers (self, self->base->manifest, fetch, error);
    }
  else if (spec->kind == TERRANE_SOURCE_OSTREE && strstr (spec->ostree_repository, "://") != NULL)
    fetch->files = fetch->unknown = 1;
  return ok;
}

static json_t *
find_step (const json_t *plan, const char *step, const char *name)
{
  size_t i;
  json_t *row;
  json_array_foreach (json_object_get (plan, "steps"), i, row)
  {
    if (g_strcmp0 (json_string_value (json_object_get (row, "step")), step) == 0
        && g_strcmp0 (json_string_value (json_object_get (row, "name")), name) == 0)
      return row;
  }
  return NULL;
}

static void
set_fetch (json_t *row, const Fetch *fetch)
{
  json_t *object = json_object ();
  oci_json_set (object, "files", json_integer (fetch->files));
  oci_json_set (object, "bytes", json_integer ((json_int_t) fetch->bytes));
  oci_json_set (object, "unknown", json_integer (fetch->unknown));
  oci_json_set (row, "fetch", object);
}

static gboolean
add_fetches (const Planning *self, json_t *plan, GError **error)
{
  Fetch of_base = { 0 };
  if (!find_fetch (self, self->plan->base, &of_base, error))
    return FALSE;
  if (of_base.files > 0
      && (self->plan->base->spec->kind == TERRANE_SOURCE_IMAGE || !self->base->stored))
    set_fetch (find_step (plan, "base", "base"), &of_base);
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      Fetch fetch = { 0 };
      const TerranePin *pin = self->plan->trees->pdata[i];
      if (!g_array_index (self->trees, TerraneSourceTree, i).made)
        continue;
      if (!find_fetch (self, pin, &fetch, error))
        return FALSE;
      if (fetch.files > 0)
        set_fetch (find_step (plan, "tree", pin->spec->name), &fetch);
    }
  return TRUE;
}

/* How large what is made was in the last build, when that had as many layers of the tree. */
static void
add_estimates (const Planning *self, json_t *plan)
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

/* Why something cannot be said. */
static void
add_unknowns (const Planning *self, json_t *plan)
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
      else if (tree == NULL && !self->base->known)
        text = "its files are not known before it is read";
      else if (tree != NULL && tree->open && tree->transformed && !tree->made)
        text = "what its transforms make of it is not known before they are applied";
      else if (tree != NULL && tree->open)
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
explain (Planning *self, GError **error)
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
  if (self->open) /* else it is that of what stood in */
    (void) json_object_del (after, "assembled");
  g_autoptr (OciDescriptor) named =
      oci_layout_resolve (terrane_store_layout (self->store), self->name, NULL, NULL);
  const TerraneStepState image =
      self->image != NULL && self->image->unchanged ? TERRANE_STEP_REUSED : TERRANE_STEP_DONE;
  const TerraneStepFacts steps = { .facts = &facts,
                                   .recipes = self->watch.recipes,
                                   .base_made = !self->base->stored,
                                   .base_open = self->plan->base->open != NULL,
                                   .layers = self->layers,
                                   .checks = image,
                                   .image = image,
                                   .validation = state,
                                   .rest_open = self->open };
  return terrane_explain (self->store, &steps, self->before, after, named == NULL);
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
  oci_json_set (row, "certain", json_boolean (!step->open));
  if (look != NULL && look->from != NULL)
    oci_json_set_text (row, "from", look->from);
  if (step->has_digest)
    oci_json_set (row, "digest", oci_json_text (oci_digest_text (&step->digest, text)));
  if (step->size > 0)
    oci_json_set (row, "size", json_integer ((json_int_t) step->size));
  return row;
}

/* Returns: (transfer full) (nullable) */
static json_t *
look_at_push (const Planning *self, const char *text, GError **error)
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
  return g_steal_pointer (&push);
}

static gboolean
add_pushes (const Planning *self, char *const *pushes, json_t *plan, GError **error)
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
  g_auto (Planning) self = {
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
  if (!resolve (&self, error) || !look_at_trees (&self, error) || !look_at_layers (&self, error))
    return NULL;
  g_autoptr (OciJsonValue) plan = explain (&self, error);
  if (plan == NULL || !add_fetches (&self, plan, error) || !add_pushes (&self, pushes, plan, error))
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
