#include "builder/build-plan-fetch.h"

#include "builder/store/downloads.h"

#include <string.h>

typedef struct
{
  guint files;
  guint unknown; /* number of those with unknown size */
  uint64_t bytes;
  gboolean open; /* it may not be downloaded after all */
} Fetch;

static gboolean
add_download (const TerranePlanning *self, const OciDigest *sha256, uint64_t size, Fetch *fetch,
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
add_archive (const TerranePlanning *self, const TerraneArchiveFile *file, Fetch *fetch,
             GError **error)
{
  return file->url == NULL || add_download (self, &file->sha256, 0, fetch, error);
}

static gboolean
add_wheels (const TerranePlanning *self, const TerranePin *pin, Fetch *fetch, GError **error)
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

/* Adds the sources of the recipes that have to be compiled. */
static gboolean
add_recipe_sources (const TerranePlanning *self, const TerranePin *pin, Fetch *fetch,
                    GError **error)
{
  guint tree = 0;
  (void) g_ptr_array_find (self->plan->trees, pin, &tree); /* it comes from @trees */
  const json_t *looks = self->watch.recipes->pdata[tree];
  for (guint i = 0; pin->recipes != NULL && i < pin->recipes->recipes->len; i++)
    {
      const TerraneRecipe *recipe = pin->recipes->recipes->pdata[i];
      if (!json_is_true (json_object_get (json_array_get (looks, i), "compile")))
        continue;
      for (guint k = 0; k < recipe->sources->len; k++)
        if (!add_archive (self, &((TerraneRecipeSource *) recipe->sources->pdata[k])->file, fetch,
                          error))
          return FALSE;
    }
  return TRUE;
}

/* Adds the layers of an image in a registry that the store lacks. */
static gboolean
add_layers (const TerranePlanning *self, const OciManifest *manifest, Fetch *fetch, GError **error)
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

/* Finds what would be downloaded for a source that has to be read. */
static gboolean
find_fetch (const TerranePlanning *self, const TerranePin *pin, Fetch *fetch, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  gboolean ok = TRUE;
  for (guint i = 0; spec->kind == TERRANE_SOURCE_ARCHIVE && ok && i < spec->archives->len; i++)
    ok = add_archive (self, spec->archives->pdata[i], fetch, error);
  if (spec->kind == TERRANE_SOURCE_WHEELS)
    ok = add_wheels (self, pin, fetch, error);
  else if (spec->kind == TERRANE_SOURCE_COMPILE)
    ok = add_recipe_sources (self, pin, fetch, error);
  else if (spec->kind == TERRANE_SOURCE_IMAGE
           && g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME))
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
  oci_json_set (object, "certain", json_boolean (!fetch->open));
  oci_json_set (row, "fetch", object);
}

/* Why a build fetches the layers that --cache-from has. */
typedef struct
{
  gboolean complete;  /* nothing is pushed: the image in the store gets its layers */
  gboolean validated; /* files that are not in the store are executed, unless results are known */
  gboolean compiles;  /* the base's Python compiles bytecode */
} Needs;

static gboolean
find_needs (const TerranePlanning *self, const json_t *plan, Needs *out, GError **error)
{
  const json_t *validation = find_step (plan, "validation", NULL);
  gboolean here = FALSE;
  *out = (Needs){ .complete = json_array_size (json_object_get (plan, "pushes")) == 0 };
  /* Without trees from a cache, the image is written to the store as a whole. */
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      const TerranePin *pin = self->plan->trees->pdata[i];
      out->validated = out->validated || pin->is_taken;
      out->compiles =
          out->compiles
          || (self->plan->base->is_taken && !pin->is_taken && pin->spec->transforms->bytecode
              && g_array_index (self->trees, TerraneSourceTree, i).transformed);
    }
  if (self->image != NULL && !self->open
      && !terrane_commit_find (self->store, &self->image->assembled, &here, error))
    return FALSE;
  out->validated =
      (out->validated || self->plan->base->is_taken) && !here
      && g_strcmp0 (json_string_value (json_object_get (validation, "result")), "run") == 0;
  return TRUE;
}

/* Whether a push sends the layer from here. */
static gboolean
is_uploaded (const json_t *plan, guint layer)
{
  size_t i;
  json_t *push;
  json_array_foreach (json_object_get (plan, "pushes"), i, push)
  {
    const json_t *blob = json_array_get (json_object_get (push, "blobs"), layer);
    if (g_strcmp0 (json_string_value (json_object_get (blob, "result")), "uploaded") == 0)
      return TRUE;
  }
  return FALSE;
}

static json_t *
layer_row (const json_t *plan, guint layer)
{
  size_t i;
  json_t *row;
  json_array_foreach (json_object_get (plan, "steps"), i, row)
  {
    if (g_strcmp0 (json_string_value (json_object_get (row, "step")), "layer") == 0 && layer-- == 0)
      return row;
  }
  return NULL;
}

/* A base image that is not taken from a cache is fetched as a whole: its own row says so. */
static gboolean
add_layer_fetches (const TerranePlanning *self, json_t *plan, GError **error)
{
  Needs needs;
  OciLayout *layout = terrane_store_layout (self->store);
  if (!find_needs (self, plan, &needs, error))
    return FALSE;
  for (guint i = 0; i < self->layers->len; i++)
    {
      const TerraneLayerStep *step = self->layers->pdata[i];
      gboolean found = FALSE, is_base = g_str_equal (step->name, "base");
      gboolean compiles = needs.compiles && is_base;
      gboolean wanted = compiles || needs.complete || needs.validated || is_uploaded (plan, i);
      if (!wanted || !step->has_digest
          || (is_base && self->base->manifest != NULL && !self->plan->base->is_taken))
        continue;
      if (!oci_layout_find_blob (layout, &step->digest, &found, NULL, error))
        return FALSE;
      const Fetch fetch = {
        .files = 1,
        .bytes = step->size,
        .open = step->open || !(compiles || needs.complete || is_uploaded (plan, i)),
      };
      if (!found)
        set_fetch (layer_row (plan, i), &fetch);
    }
  return TRUE;
}

gboolean
terrane_plan_add_fetches (const TerranePlanning *self, json_t *plan, GError **error)
{
  Fetch of_base = { 0 };
  if (!find_fetch (self, self->plan->base, &of_base, error))
    return FALSE;
  if (of_base.files > 0 && !self->plan->base->is_taken
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
  return add_layer_fetches (self, plan, error);
}
