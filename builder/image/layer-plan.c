#include "builder/image/layer-plan.h"

#include "builder/facts/python-dists.h"
#include "builder/python/name.h"

#include "oci/base/text-hash.h"

#include <stdlib.h>
#include <string.h>

#define INFO_SUFFIX ".dist-info"
#define CACHE_DIRECTORY "__pycache__"

/* The state while paths are assigned. */
typedef struct
{
  GHashTable *packages; /* set of names, borrowed from the pin */
  GHashTable *paths;    /* set of owned strings */
} Layer;

typedef struct
{
  TerraneTree *assembled;
  GHashTable *wheels; /* name -> TerraneWheelPin */
  GHashTable *owners; /* TerraneNode -> TerraneWheelPin */
  GHashTable *layers; /* name -> Layer */
  GPtrArray *names;   /* of layers, sorted, with that of the other packages last; borrowed */
  guint max;
} Plan;

static void
layer_free (gpointer data)
{
  Layer *self = data;
  g_hash_table_unref (self->packages);
  g_hash_table_unref (self->paths);
  g_free (self);
}

void
terrane_layer_part_free (TerraneLayerPart *self)
{
  g_strfreev (self->packages);
  g_ptr_array_unref (self->paths);
  g_free (self);
}

static int
compare_texts (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Returns the keys of a set, and empties it. */
static GPtrArray *
steal_sorted (GHashTable *set)
{
  GPtrArray *texts = g_ptr_array_new_full (g_hash_table_size (set), g_free);
  GHashTableIter iter;
  gpointer text;
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &text, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (texts, text);
    }
  if (texts->len > 0)
    qsort (texts->pdata, texts->len, sizeof texts->pdata[0], compare_texts);
  return texts;
}

static const char *
layer_of (const TerraneWheelPin *wheel)
{
  return wheel != NULL && wheel->layer != NULL ? wheel->layer : TERRANE_WHEEL_LAYER_OTHERS;
}

static int
compare_layers (const void *a, const void *b)
{
  const char *x = *(const char *const *) a, *y = *(const char *const *) b;
  gboolean x_last = strcmp (x, TERRANE_WHEEL_LAYER_OTHERS) == 0;
  gboolean y_last = strcmp (y, TERRANE_WHEEL_LAYER_OTHERS) == 0;
  return x_last != y_last ? x_last - y_last : strcmp (x, y);
}

/* Adds the layers that the pin names, and that of the other packages. */
static guint
name_layers (Plan *self, const TerraneWheelsPin *wheels)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  g_hash_table_add (seen, (gpointer) TERRANE_WHEEL_LAYER_OTHERS);
  g_ptr_array_add (self->names, (gpointer) TERRANE_WHEEL_LAYER_OTHERS);
  for (guint i = 0; i < wheels->wheels->len; i++)
    {
      TerraneWheelPin *wheel = wheels->wheels->pdata[i];
      g_hash_table_insert (self->wheels, wheel->name, wheel);
      if (g_hash_table_add (seen, (gpointer) layer_of (wheel)))
        g_ptr_array_add (self->names, (gpointer) layer_of (wheel));
    }
  qsort (self->names->pdata, self->names->len, sizeof self->names->pdata[0], compare_layers);
  guint folded = self->names->len > self->max ? self->names->len - self->max : 0;
  if (folded > 0) /* the last ones, into the layer of the others */
    {
      g_ptr_array_set_size (self->names, (int) self->max - 1);
      g_ptr_array_add (self->names, (gpointer) TERRANE_WHEEL_LAYER_OTHERS);
    }
  for (guint i = 0; i < self->names->len; i++)
    {
      Layer *layer = g_new0 (Layer, 1);
      layer->packages = g_hash_table_new (oci_text_hash, g_str_equal);
      layer->paths = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (self->layers, self->names->pdata[i], layer);
    }
  return folded;
}

typedef struct
{
  GHashTable *owners;
  TerraneWheelPin *wheel;
} Claim;

/* If wheels contain the same file, the later one by name wins, as at installation. */
static void
claim (TerraneNode *node, gpointer data)
{
  const Claim *self = data;
  g_hash_table_insert (self->owners, node, self->wheel);
}

/* Returns the wheel that a directory such as "numpy-2.2.0.dist-info" belongs to. */
static TerraneWheelPin *
wheel_of (const Plan *self, const TerraneNode *node)
{
  if (node->type != OCI_ENTRY_DIRECTORY || !g_str_has_suffix (node->name, INFO_SUFFIX))
    return NULL;
  g_autofree char *name = g_strndup (node->name, strlen (node->name) - strlen (INFO_SUFFIX));
  char *dash = strrchr (name, '-');
  if (dash == NULL)
    return NULL;
  *dash = '\0';
  g_autofree char *normalised = terrane_python_normalise_name (name);
  return g_hash_table_lookup (self->wheels, normalised);
}

typedef struct
{
  TerraneNode *node; /* of the dist-info */
  TerraneWheelPin *wheel;
} Info;

static int
compare_infos (gconstpointer a, gconstpointer b)
{
  const Info *x = a, *y = b;
  return strcmp (x->wheel->name, y->wheel->name);
}

static gboolean
find_owners (Plan *self, TerraneStore *store, const TerranePin *pin, GError **error)
{
  TerraneNode *directory = terrane_tree_follow (self->assembled, pin->spec->prefix);
  const TerraneImageView view = { .store = store, .tree = self->assembled };
  g_autoptr (GArray) infos = g_array_new (FALSE, FALSE, sizeof (Info));
  if (directory == NULL || directory->type != OCI_ENTRY_DIRECTORY)
    return TRUE;
  for (guint i = 0; i < directory->children->len; i++)
    {
      Info info = { .node = directory->children->pdata[i] };
      info.wheel = wheel_of (self, info.node);
      if (info.wheel != NULL)
        g_array_append_val (infos, info);
    }
  g_array_sort (infos, compare_infos);
  for (guint i = 0; i < infos->len; i++)
    {
      const Info *info = &g_array_index (infos, Info, i);
      const TerranePythonDist dist = { .node = info->node, .directory = directory };
      Claim one = { .owners = self->owners, .wheel = info->wheel };
      if (!terrane_python_dist_owned (&dist, &view, claim, &one, error))
        return FALSE;
    }
  return TRUE;
}

/* "a/__pycache__/b.cpython-312.pyc" belongs to the wheel that has "a/b.py". */
static TerraneWheelPin *
owner_of_source (const Plan *self, const TerraneNode *node)
{
  const TerraneNode *directory = node->parent;
  if (directory == NULL || directory->parent == NULL
      || strcmp (directory->name, CACHE_DIRECTORY) != 0)
    return NULL;
  g_autofree char *name = g_strdup_printf ("%.*s.py", (int) strcspn (node->name, "."), node->name);
  TerraneNode *source = terrane_node_child (directory->parent, name, strlen (name));
  return source != NULL ? g_hash_table_lookup (self->owners, source) : NULL;
}

/* Adds @path and every directory above it. */
static void
carry (Layer *layer, const char *path)
{
  g_autofree char *prefix = g_strdup (path);
  while (g_hash_table_add (layer->paths, g_strdup (prefix)))
    {
      char *slash = strrchr (prefix, '/');
      if (slash == NULL)
        return;
      *slash = '\0';
    }
}

static Layer *
find_layer (const Plan *self, const TerraneWheelPin *wheel)
{
  Layer *layer = g_hash_table_lookup (self->layers, layer_of (wheel));
  return layer != NULL ? layer : g_hash_table_lookup (self->layers, TERRANE_WHEEL_LAYER_OTHERS);
}

static void
assign (const Plan *self, const GPtrArray *paths)
{
  g_autoptr (GHashTable) carried = g_hash_table_new (NULL, NULL); /* directories with content */
  for (guint i = paths->len; i > 0; i--) /* the contents of a directory before the directory */
    {
      const char *path = paths->pdata[i - 1];
      const TerraneNode *node = terrane_tree_lookup (self->assembled, path);
      g_hash_table_add (carried, node->parent);
      if (g_hash_table_contains (carried, node))
        continue;
      TerraneWheelPin *wheel = g_hash_table_lookup (self->owners, node);
      if (wheel == NULL)
        wheel = owner_of_source (self, node);
      Layer *layer = find_layer (self, wheel);
      carry (layer, path);
      if (wheel != NULL)
        g_hash_table_add (layer->packages, wheel->name);
    }
}

static char **
sorted_names (GHashTable *set)
{
  guint length = 0;
  gpointer *names = g_hash_table_get_keys_as_array (set, &length);
  if (length > 0)
    qsort (names, length, sizeof names[0], compare_texts);
  char **copy = g_strdupv ((char **) names);
  g_free (names);
  return copy;
}

GPtrArray *
terrane_layer_plan_whole (GPtrArray *paths)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_layer_part_free);
  TerraneLayerPart *part = g_new0 (TerraneLayerPart, 1);
  part->paths = paths;
  g_ptr_array_add (parts, part);
  return parts;
}

static GPtrArray *
take_parts (const Plan *self)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_layer_part_free);
  for (guint i = 0; i < self->names->len; i++)
    {
      Layer *layer = g_hash_table_lookup (self->layers, self->names->pdata[i]);
      if (g_hash_table_size (layer->paths) == 0)
        continue;
      TerraneLayerPart *part = g_new0 (TerraneLayerPart, 1);
      part->packages = sorted_names (layer->packages);
      part->paths = steal_sorted (layer->paths);
      g_ptr_array_add (parts, part);
    }
  if (parts->len == 1) /* it is the whole tree */
    g_clear_pointer (&((TerraneLayerPart *) parts->pdata[0])->packages, g_strfreev);
  return parts;
}

GPtrArray *
terrane_layer_plan (TerraneStore *store, TerraneTree *assembled, const TerranePin *pin,
                    GPtrArray *paths, guint max, guint *out_folded, GError **error)
{
  g_autoptr (GPtrArray) own_paths = paths;
  g_autoptr (GHashTable) wheels = g_hash_table_new (oci_text_hash, g_str_equal);
  g_autoptr (GHashTable) owners = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) layers =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, layer_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Plan self = { .assembled = assembled,
                .wheels = wheels,
                .owners = owners,
                .layers = layers,
                .names = names,
                .max = max };
  *out_folded = name_layers (&self, pin->wheels);
  if (!find_owners (&self, store, pin, error))
    return NULL;
  assign (&self, own_paths);
  return take_parts (&self);
}

json_t *
terrane_layer_plan_key (const TerranePin *pin)
{
  json_t *key = json_object ();
  for (guint i = 0; pin->wheels != NULL && i < pin->wheels->wheels->len; i++)
    {
      const TerraneWheelPin *wheel = pin->wheels->wheels->pdata[i];
      oci_json_set (key, wheel->name, oci_json_text (layer_of (wheel)));
    }
  return key;
}
