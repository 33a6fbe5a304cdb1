#include "builder/resolve/wheel-layers.h"

#include "builder/python/requirements.h"

#include "oci/base/text-hash.h"

#include <string.h>
#include <sys/stat.h>

enum
{
  LARGE = 1024 * 1024, /* of a wheel: sending smaller ones again is cheaper than asking for them */
  OFTEN = 4,           /* weight of a byte that changes often */
  OWN = 64,            /* weight of a byte of the project itself */
};

/* A new release in most weeks, according to the dates in the package index. */
static const char *const often[] = { "awscli",   "aws-lambda-powertools",    "boto3",
                                     "botocore", "google-api-python-client", "pandas-stubs",
                                     NULL };

/* Updated together since one requires few versions of the other: all are assigned to the layer of
 * the first one. */
static const char *const families[][6] = {
  { "botocore", "boto3", "s3transfer", "awscli", "aiobotocore", NULL },
  { "pydantic-core", "pydantic", NULL },
  { "grpcio", "grpcio-status", "grpcio-health-checking", "grpcio-reflection", NULL },
  { "torch", "torchvision", "torchaudio", NULL },
};

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static const char *
name_of (const TerraneWheelToAssign *self)
{
  const char *name = text_of (self->wheel, "name");
  return name != NULL ? name : "";
}

static uint64_t
weight_of (const TerraneWheelToAssign *self)
{
  uint64_t factor = self->own ? OWN : g_strv_contains (often, name_of (self)) ? OFTEN : 1;
  return self->size > UINT64_MAX / factor ? UINT64_MAX : self->size * factor;
}

static void
set_layer (const TerraneWheelToAssign *self, const char *layer)
{
  oci_json_set (self->wheel, "layer", oci_json_text (layer));
}

static const char *
layer_of (const TerraneWheelToAssign *self)
{
  return text_of (self->wheel, "layer");
}

/* An existing layer, with the weight of its packages. */
typedef struct
{
  const char *name;
  uint64_t weight;
} Own;

static int
compare_own (gconstpointer a, gconstpointer b)
{
  const Own *x = a, *y = b;
  if (x->weight != y->weight)
    return x->weight > y->weight ? -1 : 1;
  return strcmp (x->name, y->name);
}

static gboolean
is_others (const char *layer)
{
  return layer == NULL || strcmp (layer, TERRANE_WHEEL_LAYER_OTHERS) == 0;
}

/* Lists layers that packages were assigned to, heaviest first. */
static GArray *
find_layers (const GArray *wheels)
{
  GArray *layers = g_array_new (FALSE, FALSE, sizeof (Own));
  g_autoptr (GHashTable) places = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < wheels->len; i++)
    {
      const TerraneWheelToAssign *wheel = &g_array_index (wheels, TerraneWheelToAssign, i);
      if (is_others (wheel->before))
        continue;
      gpointer at = NULL;
      if (!g_hash_table_lookup_extended (places, wheel->before, NULL, &at))
        {
          const Own own = { .name = wheel->before };
          at = GUINT_TO_POINTER (layers->len);
          g_hash_table_insert (places, (gpointer) wheel->before, at);
          g_array_append_val (layers, own);
        }
      Own *own = &g_array_index (layers, Own, GPOINTER_TO_UINT (at));
      uint64_t weight = weight_of (wheel);
      own->weight = own->weight > UINT64_MAX - weight ? UINT64_MAX : own->weight + weight;
    }
  g_array_sort (layers, compare_own);
  return layers;
}

/* @kept: set of layers. Returns: the wheels without one of these */
static GArray *
keep (const GArray *wheels, GHashTable *kept)
{
  GArray *rest = g_array_new (FALSE, FALSE, sizeof (TerraneWheelToAssign));
  for (guint i = 0; i < wheels->len; i++)
    {
      const TerraneWheelToAssign *wheel = &g_array_index (wheels, TerraneWheelToAssign, i);
      if (wheel->before == NULL)
        g_array_append_val (rest, *wheel);
      else
        set_layer (wheel, g_hash_table_contains (kept, wheel->before) ? wheel->before
                                                                      : TERRANE_WHEEL_LAYER_OTHERS);
    }
  return rest;
}

static int
compare_weights (gconstpointer a, gconstpointer b)
{
  const TerraneWheelToAssign *x = a, *y = b;
  uint64_t first = weight_of (x), second = weight_of (y);
  if (first != second)
    return first > second ? -1 : 1;
  return strcmp (name_of (x), name_of (y));
}

/* Returns: (nullable): the package that this one is updated with */
static const TerraneWheelToAssign *
find_head (const GArray *wheels, const char *name)
{
  const char *head = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (families) && head == NULL; i++)
    if (g_strv_contains ((const char *const *) families[i] + 1, name))
      head = families[i][0];
  for (guint i = 0; head != NULL && i < wheels->len; i++)
    {
      const TerraneWheelToAssign *other = &g_array_index (wheels, TerraneWheelToAssign, i);
      if (strcmp (name_of (other), head) == 0)
        return other;
    }
  return NULL;
}

static void
join_family (const GArray *wheels, const TerraneWheelToAssign *wheel)
{
  const TerraneWheelToAssign *head = find_head (wheels, name_of (wheel));
  if (head != NULL && !is_others (layer_of (head)))
    set_layer (wheel, layer_of (head));
}

void
terrane_wheel_layers_assign (GArray *wheels, guint max)
{
  g_autoptr (GArray) layers = find_layers (wheels);
  g_autoptr (GHashTable) kept = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < layers->len && i + 1 < max; i++)
    g_hash_table_add (kept, (gpointer) g_array_index (layers, Own, i).name);
  g_autoptr (GArray) rest = keep (wheels, kept);
  g_array_sort (rest, compare_weights);
  for (guint i = 0; i < rest->len; i++)
    {
      const TerraneWheelToAssign *wheel = &g_array_index (rest, TerraneWheelToAssign, i);
      const char *name = name_of (wheel);
      gboolean alone =
          weight_of (wheel) >= LARGE && find_head (wheels, name) == NULL
          && (g_hash_table_contains (kept, name) || g_hash_table_size (kept) + 1 < max);
      set_layer (wheel, alone ? name : TERRANE_WHEEL_LAYER_OTHERS);
      if (alone)
        g_hash_table_add (kept, (gpointer) name);
    }
  for (guint i = 0; i < rest->len; i++)
    if (is_others (layer_of (&g_array_index (rest, TerraneWheelToAssign, i))))
      join_family (wheels, &g_array_index (rest, TerraneWheelToAssign, i));
}

/* Uses the file if the lock does not have the size. */
static uint64_t
size_of (const json_t *wheel, const TerraneWheelPin *pinned)
{
  struct stat st;
  json_int_t size = json_integer_value (json_object_get (wheel, "size"));
  if (size > 0)
    return (uint64_t) size;
  return pinned->path != NULL && stat (pinned->path, &st) == 0 ? (uint64_t) st.st_size
                                                               : pinned->size;
}

/* Returns the layer of a package in the lock, also if the package is updated. */
static const char *
layer_before (const TerraneResolution *self, const TerraneSourceSpec *spec, const char *name)
{
  const json_t *entry = terrane_lock_get (self->options->lock, self->platform, spec->name);
  size_t i;
  json_t *wheel;
  json_array_foreach (json_object_get (entry, "wheels"), i, wheel)
  {
    if (g_strcmp0 (text_of (wheel, "name"), name) == 0)
      return text_of (wheel, "layer");
  }
  return NULL;
}

static guint
count_layers (const GArray *wheels)
{
  g_autoptr (GHashTable) layers = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < wheels->len; i++)
    g_hash_table_add (layers,
                      (gpointer) layer_of (&g_array_index (wheels, TerraneWheelToAssign, i)));
  return g_hash_table_size (layers);
}

/* The assignment stays when there is room for more layers again: moving a package costs a transfer
 * of both layers. This is only told when the lock is made again. */
static void
suggest_new_layers (const TerraneResolution *self, const TerraneSourceSpec *spec,
                    const GArray *wheels)
{
  const TerraneLockPolicy *policy = &self->options->policy;
  if (!policy->update || policy->update_names != NULL || policy->new_layers || self->quiet)
    return;
  g_autoptr (OciJsonValue) copies = json_array ();
  g_autoptr (GArray) fresh = g_array_new (FALSE, FALSE, sizeof (TerraneWheelToAssign));
  for (guint i = 0; i < wheels->len; i++)
    {
      TerraneWheelToAssign one = g_array_index (wheels, TerraneWheelToAssign, i);
      one.wheel = json_copy (one.wheel);
      one.before = NULL;
      oci_json_append (copies, one.wheel);
      g_array_append_val (fresh, one);
    }
  terrane_wheel_layers_assign (fresh, self->profile->layers.max);
  guint now = count_layers (wheels), new = count_layers (fresh);
  if (new > now)
    terrane_progress_warn (self->options->progress,
                           "%s: its packages are in %u layer%s, as they were in the lock; 'terrane "
                           "lock --new-layers' would make %u",
                           spec->name, now, now == 1 ? "" : "s", new);
}

void
terrane_wheel_layers_pin (const TerraneResolution *self, const TerraneSourceSpec *spec,
                          TerraneWheelsPin *pin, const GPtrArray *active, json_t *wheels)
{
  const TerraneLayersSpec *layers = &self->profile->layers;
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (TerraneWheelToAssign));
  if (pin->wheels->len < active->len)
    return; /* the lock is stale */
  for (guint i = 0; i < active->len; i++)
    {
      json_t *wheel = json_array_get (wheels, i);
      const TerraneWheelToAssign one = {
        .wheel = wheel,
        .before = self->options->policy.new_layers
                      ? NULL
                      : layer_before (self, spec, text_of (wheel, "name")),
        .size = size_of (wheel, pin->wheels->pdata[i]),
        .own = ((TerraneRequirement *) active->pdata[i])->path != NULL,
      };
      (void) json_object_del (wheel, "layer");
      g_array_append_val (all, one);
    }
  if (layers->wheels != TERRANE_LAYERS_PER_PACKAGE)
    return;
  terrane_wheel_layers_assign (all, layers->max);
  suggest_new_layers (self, spec, all);
  for (guint i = 0; i < active->len; i++)
    ((TerraneWheelPin *) pin->wheels->pdata[i])->layer =
        g_strdup (text_of (json_array_get (wheels, i), "layer"));
}
