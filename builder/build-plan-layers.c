#include "builder/build-plan-layers.h"

#include "builder/image/image-look.h"

/* Replaces an unknown tree by that of the last build, if there is one. */
static gboolean
stand_in (const TerranePlanning *self, guint i, TerraneSourceTree *out, GError **error)
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
is_open_tree (const TerranePlanning *self, const char *name)
{
  for (guint i = 0; i < self->plan->trees->len; i++)
    if (g_str_equal (((const TerranePin *) self->plan->trees->pdata[i])->spec->name, name))
      return g_array_index (self->trees, TerraneSourceTree, i).open;
  return FALSE;
}

/* Also for the layer of several trees, "a+b". */
static gboolean
is_open (const TerranePlanning *self, const char *name)
{
  gboolean open = is_open_tree (self, name);
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  for (char **part = parts; *part != NULL; part++)
    open = open || is_open_tree (self, *part);
  return open;
}

/* Whether the content of the layer, or of one below it, is partly unknown. */
static gboolean
is_uncertain (const TerranePlanning *self, const char *name)
{
  gboolean open = FALSE;
  gboolean found = g_str_equal (name, "base");
  for (guint i = 0; !found && i < self->plan->trees->len; i++)
    {
      const char *tree = ((const TerranePin *) self->plan->trees->pdata[i])->spec->name;
      open = open || g_array_index (self->trees, TerraneSourceTree, i).open;
      found = g_str_equal (tree, name);
    }
  return open || (!found && is_open (self, name));
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

static gboolean
is_same_wheel (const json_t *before, const json_t *after)
{
  const json_t *old = json_object_get (before, "sha256"), *now = json_object_get (after, "sha256");
  return old != NULL && now != NULL && json_equal ((json_t *) old, (json_t *) now);
}

/* Whether the wheels of a layer are those of the last build: then it is most likely the same
 * layer. */
static gboolean
has_same_wheels (const TerranePlanning *self, const char *name, char *const *packages)
{
  const json_t *before = json_object_get (terrane_inputs_source (self->before, name), "entry");
  const json_t *after = NULL;
  for (guint i = 0; i < self->plan->trees->len; i++)
    if (g_str_equal (((const TerranePin *) self->plan->trees->pdata[i])->spec->name, name))
      after = ((const TerranePin *) self->plan->trees->pdata[i])->entry;
  for (char *const *package = packages; package != NULL && *package != NULL; package++)
    {
      if (!is_same_wheel (find_wheel (before, *package), find_wheel (after, *package)))
        return FALSE;
    }
  return packages != NULL;
}

static void
set_digest (TerraneLayerStep *step, const OciDigest *digest, uint64_t size)
{
  step->has_digest = TRUE;
  step->digest = *digest;
  step->size = size;
}

static void
take_base_layers (TerranePlanning *self)
{
  const OciManifest *manifest = self->base->manifest;
  for (guint i = 0; manifest != NULL && i < manifest->layers->len; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      set_digest (terrane_layer_steps_add (self->layers, "base", NULL), &layer->digest,
                  layer->size);
    }
}

/* Takes the layers of a stored image, unless their tree was replaced. */
static void
take_image_layers (TerranePlanning *self)
{
  for (guint i = 0; i < self->image->layers->len; i++)
    {
      const TerraneImageLayer *layer = self->image->layers->pdata[i];
      TerraneLayerStep *step = terrane_layer_steps_add (self->layers, layer->name,
                                                        (const char *const *) layer->packages);
      gboolean open = is_open (self, layer->name);
      step->open = is_uncertain (self, layer->name);
      step->made = open && !has_same_wheels (self, layer->name, layer->packages);
      if (!step->made)
        set_digest (step, &layer->digest, layer->size);
    }
}

static void
take_look (TerranePlanning *self, const TerraneImageLook *look)
{
  TerraneLayerStep *step =
      terrane_layer_steps_add (self->layers, look->name, (const char *const *) look->packages);
  gboolean open = is_open (self, look->name);
  step->made = look->layer == NULL || (open && !has_same_wheels (self, look->name, look->packages));
  step->open = look->claimed || is_uncertain (self, look->name);
  if (!step->made)
    set_digest (step, &look->layer->digest, look->layer->size);
  else if (!open)
    step->content = look->content_bytes;
}

/* Whether the layer @name is that of the tree, or of several including it. */
static gboolean
is_layer_of (const char *name, const char *tree)
{
  g_auto (GStrv) parts = g_strsplit (name, "+", -1);
  return g_str_equal (name, tree) || g_strv_contains ((const char *const *) parts, tree);
}

/* An unknown tree without a replacement has no layer yet, but will have one. */
static void
take_missing (TerranePlanning *self, const GPtrArray *looks, guint tree)
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
take_looks (TerranePlanning *self, const GPtrArray *looks)
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

/* Lists everything that would be made if nothing is known about what is below. */
static void
take_all (TerranePlanning *self)
{
  if (self->base->manifest == NULL)
    {
      TerraneLayerStep *step = terrane_layer_steps_add (self->layers, "base", NULL);
      step->made = self->plan->base->spec->kind != TERRANE_SOURCE_IMAGE;
      step->open = TRUE; /* an image may have several */
    }
  take_base_layers (self);
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerraneLayerStep *step = terrane_layer_steps_add (
          self->layers, ((const TerranePin *) self->plan->trees->pdata[i])->spec->name, NULL);
      step->made = step->open = TRUE;
    }
}

/* Assembling consumes the base's own tree, so a copy is used. */
static gboolean
look_at_image (TerranePlanning *self, GArray *trees, GPtrArray *looks, GError **error)
{
  static const TerraneProgress silent = { .phase = NULL }; /* for reading the trees */
  g_autoptr (TerraneTree) root = NULL;
  const TerraneImageOptions options = { .stamp = &self->stamp,
                                        .texts = &self->plan->texts,
                                        .pins = self->plan->trees,
                                        .remote = self->shared.layers,
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

gboolean
terrane_plan_look_at_layers (TerranePlanning *self, GError **error)
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
  /* It is that of the replacement, or one with other layers. */
  self->image->unchanged = FALSE;
  g_clear_pointer (&self->image->manifest, oci_descriptor_free);
  return TRUE;
}
