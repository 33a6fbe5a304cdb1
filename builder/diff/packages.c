#include "builder/diff/packages.h"

#include "builder/facts/packages.h"
#include "builder/python/metadata.h"
#include "builder/python/name.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_METADATA_BYTES = 4 * 1024 * 1024,
  MAX_DISTS = 5000,
};

/* The packages of one side. */
typedef struct
{
  TerraneImageView view;
  TerranePython python; /* only its list of distributions */
  GPtrArray *packages;  /* of TerranePackage */
  GHashTable *owners;   /* TerraneNode -> TerranePackage */
} Side;

/* One package of both sides. */
typedef struct
{
  const TerranePackage *a, *b; /* (nullable) */
  guint files;                 /* number of files that differ */
  uint64_t bytes_a, bytes_b;   /* their sizes */
} Pair;

struct _TerraneDiffPackages
{
  Side a, b;
  GPtrArray *pairs; /* of Pair */
};

static void
dist_free (gpointer data)
{
  TerranePythonDist *self = data;
  g_free (self->name);
  g_free (self->normalised);
  g_free (self->version);
  g_ptr_array_unref (self->requires);
  g_ptr_array_unref (self->tags);
  g_free (self);
}

static const TerraneNode *
child (const TerraneNode *directory, const char *name)
{
  return terrane_node_child (directory, name, strlen (name));
}

/* Unreadable metadata is not a distribution. */
static gboolean
add_dist (Side *self, TerraneNode *node, GError **error)
{
  const TerraneNode *file = node;
  g_autoptr (GBytes) bytes = NULL;
  if (node->type == OCI_ENTRY_DIRECTORY)
    file = g_str_has_suffix (node->name, ".egg-info") ? child (node, "PKG-INFO")
                                                      : child (node, "METADATA");
  if (file == NULL || self->python.dists->len >= MAX_DISTS)
    return TRUE;
  if (!terrane_image_view_read (&self->view, file, MAX_METADATA_BYTES, &bytes, error))
    return FALSE;
  g_autoptr (TerraneMetadata) metadata =
      bytes != NULL ? terrane_metadata_parse (bytes, NULL) : NULL;
  if (metadata == NULL)
    return TRUE;
  TerranePythonDist *dist = g_new0 (TerranePythonDist, 1);
  dist->node = node;
  dist->directory = node->parent;
  dist->normalised = terrane_python_normalise_name (metadata->name);
  dist->name = g_steal_pointer (&metadata->name);
  dist->version = g_steal_pointer (&metadata->version);
  dist->requires = g_ptr_array_new ();
  dist->tags = g_ptr_array_new ();
  g_ptr_array_add (self->python.dists, dist);
  return TRUE;
}

static void
own_node (Side *self, TerraneNode *node, TerranePackage *package)
{
  if (!g_hash_table_contains (self->owners, node))
    g_hash_table_insert (self->owners, node, package);
}

/* Assigns dpkg's files about a package besides the list of its files: NAME.md5sums, NAME.postinst,
 * … */
static void
own_dpkg_files (Side *self)
{
  g_autoptr (GHashTable) stems = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  const TerraneNode *directory = terrane_tree_lookup (self->view.tree, "var/lib/dpkg/info");
  for (guint i = 0; i < self->packages->len; i++)
    {
      TerranePackage *package = self->packages->pdata[i];
      const char *dot = strrchr (package->node->name, '.');
      if (package->dist == NULL && dot != NULL)
        g_hash_table_insert (
            stems, g_strndup (package->node->name, (gsize) (dot - package->node->name)), package);
    }
  for (guint i = 0;
       directory != NULL && directory->type == OCI_ENTRY_DIRECTORY && i < directory->children->len;
       i++)
    {
      TerraneNode *node = directory->children->pdata[i];
      const char *dot = strrchr (node->name, '.');
      g_autofree char *stem = g_strndup (node->name, dot != NULL ? (gsize) (dot - node->name) : 0);
      TerranePackage *package = g_hash_table_lookup (stems, stem);
      if (package != NULL)
        own_node (self, node, package);
    }
}

/* Assigns a distribution's own directory, even if its RECORD does not list all of it. */
static void
own_below (Side *self, TerraneNode *node, TerranePackage *package)
{
  own_node (self, node, package);
  for (guint i = 0; node->type == OCI_ENTRY_DIRECTORY && i < node->children->len; i++)
    own_below (self, node->children->pdata[i], package);
}

/* Lists of packages name their files; the tree contains those that differ. */
static void
own_all (Side *self)
{
  for (guint i = 0; i < self->packages->len; i++)
    {
      TerranePackage *package = self->packages->pdata[i];
      for (guint j = 0; j < package->files->len; j++)
        own_node (self, package->files->pdata[j], package);
      if (package->dist != NULL)
        own_below (self, package->node, package);
    }
  own_dpkg_files (self);
}

/* Bytecode compiled by an installer is in no list: it belongs to the package of its module. */
static const TerranePackage *
owner_of (const Side *self, const TerraneNode *node)
{
  const TerranePackage *owner = g_hash_table_lookup (self->owners, node);
  const TerraneNode *directory = node->parent;
  if (owner != NULL || directory == NULL || directory->parent == NULL
      || strcmp (directory->name, "__pycache__") != 0)
    return owner;
  g_autofree char *stem = g_strndup (node->name, strcspn (node->name, "."));
  g_autofree char *source = g_strconcat (stem, ".py", NULL);
  const TerraneNode *module = child (directory->parent, source);
  return module != NULL ? g_hash_table_lookup (self->owners, module) : NULL;
}

static gboolean
read_side (Side *self, const TerraneDiffSide *side, TerraneTree *tree, const GPtrArray *dists,
           GError **error)
{
  static const char *const dpkg[] = { "var/lib/dpkg/status", "var/lib/dpkg/info",
                                      "var/lib/dpkg/status.d" };
  const TerraneDiffRoot root = { .store = side->store, .commit = &side->files.commit };
  self->view =
      (TerraneImageView){ .store = side->store, .tree = tree, .config = side->image->config };
  self->python.dists = g_ptr_array_new_with_free_func (dist_free);
  self->owners = g_hash_table_new (NULL, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (dpkg); i++)
    if (!terrane_tree_diff_load (&root, tree, dpkg[i], error))
      return FALSE;
  for (guint i = 0; i < dists->len; i++)
    if (!add_dist (self, dists->pdata[i], error))
      return FALSE;
  if (!terrane_packages_find (&self->view, &self->python, &self->packages, error))
    return FALSE;
  own_all (self);
  return TRUE;
}

static const char *
kind_of (const TerranePackage *package)
{
  return package->dist != NULL ? "python" : "debian";
}

static char *
key_of (const TerranePackage *package)
{
  return g_strconcat (kind_of (package), " ",
                      package->dist != NULL ? package->dist->normalised : package->name, NULL);
}

/* Groups packages by name, of which there may be several. */
static GHashTable *
by_name (const GPtrArray *packages)
{
  GHashTable *names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                             (GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < packages->len; i++)
    {
      g_autofree char *key = key_of (packages->pdata[i]);
      GPtrArray *list = g_hash_table_lookup (names, key);
      if (list == NULL)
        {
          list = g_ptr_array_new ();
          g_hash_table_insert (names, g_steal_pointer (&key), list);
        }
      g_ptr_array_add (list, packages->pdata[i]);
    }
  return names;
}

/* Among several of one name takes the one of the same version, else the first. Removes it from the
 * list. */
static const TerranePackage *
take_partner (GPtrArray *list, const TerranePackage *package)
{
  guint best = 0;
  if (list == NULL || list->len == 0)
    return NULL;
  for (guint i = list->len; i > 0; i--)
    if (g_strcmp0 (((TerranePackage *) list->pdata[i - 1])->version, package->version) == 0)
      best = i - 1;
  return g_ptr_array_steal_index (list, best);
}

static void
add_pair (TerraneDiffPackages *self, const TerranePackage *a, const TerranePackage *b)
{
  Pair *pair = g_new0 (Pair, 1);
  pair->a = a;
  pair->b = b;
  g_ptr_array_add (self->pairs, pair);
}

static void
pair_up (TerraneDiffPackages *self)
{
  g_autoptr (GHashTable) names = by_name (self->b.packages);
  for (guint i = 0; i < self->a.packages->len; i++)
    {
      const TerranePackage *package = self->a.packages->pdata[i];
      g_autofree char *key = key_of (package);
      add_pair (self, package, take_partner (g_hash_table_lookup (names, key), package));
    }
  GHashTableIter iter;
  gpointer list;
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, NULL, &list))
    for (guint i = 0; i < ((GPtrArray *) list)->len; i++)
      add_pair (self, NULL, ((GPtrArray *) list)->pdata[i]);
}

static void
count (Pair *pair, const TerraneNode *node, gboolean is_a)
{
  uint64_t *bytes = is_a ? &pair->bytes_a : &pair->bytes_b;
  *bytes += node->type == OCI_ENTRY_FILE ? node->size : 0;
}

/* Counts the differences of each package. */
static void
count_changes (TerraneDiffPackages *self, const TerraneTreeDiff *diff)
{
  g_autoptr (GHashTable) pairs = g_hash_table_new (NULL, NULL); /* TerranePackage -> Pair */
  for (guint i = 0; i < self->pairs->len; i++)
    {
      Pair *pair = self->pairs->pdata[i];
      if (pair->a != NULL)
        g_hash_table_insert (pairs, (gpointer) pair->a, pair);
      if (pair->b != NULL)
        g_hash_table_insert (pairs, (gpointer) pair->b, pair);
    }
  for (guint i = 0; i < diff->changes->len; i++)
    {
      const TerraneDiffChange *change = diff->changes->pdata[i];
      const TerranePackage *a = change->a != NULL ? owner_of (&self->a, change->a) : NULL;
      const TerranePackage *b = change->b != NULL ? owner_of (&self->b, change->b) : NULL;
      Pair *of_a = a != NULL ? g_hash_table_lookup (pairs, a) : NULL;
      Pair *of_b = b != NULL ? g_hash_table_lookup (pairs, b) : NULL;
      if (of_a != NULL)
        count (of_a, change->a, TRUE);
      if (of_b != NULL)
        count (of_b, change->b, FALSE);
      if (of_a != NULL && change->a->type != OCI_ENTRY_DIRECTORY)
        of_a->files++;
      if (of_b != NULL && of_b != of_a && change->b->type != OCI_ENTRY_DIRECTORY)
        of_b->files++;
    }
}

TerraneDiffPackages *
terrane_diff_packages_new (const TerraneDiffSide *a, const TerraneDiffSide *b,
                           TerraneTreeDiff *diff, GError **error)
{
  g_autoptr (TerraneDiffPackages) self = g_new0 (TerraneDiffPackages, 1);
  self->pairs = g_ptr_array_new_with_free_func (g_free);
  if (!read_side (&self->a, a, diff->a, diff->dists_a, error)
      || !read_side (&self->b, b, diff->b, diff->dists_b, error))
    return NULL;
  pair_up (self);
  count_changes (self, diff);
  return g_steal_pointer (&self);
}

static void
side_clear (Side *self)
{
  g_clear_pointer (&self->packages, g_ptr_array_unref);
  g_clear_pointer (&self->python.dists, g_ptr_array_unref);
  g_clear_pointer (&self->owners, g_hash_table_unref);
}

void
terrane_diff_packages_free (TerraneDiffPackages *self)
{
  if (self == NULL)
    return;
  side_clear (&self->a);
  side_clear (&self->b);
  g_ptr_array_unref (self->pairs);
  g_free (self);
}

const char *
terrane_diff_packages_owner (const TerraneDiffPackages *self, const TerraneDiffChange *change)
{
  const TerranePackage *owner = change->b != NULL ? owner_of (&self->b, change->b) : NULL;
  if (owner == NULL && change->a != NULL)
    owner = owner_of (&self->a, change->a);
  return owner != NULL ? owner->name : NULL;
}

static uint64_t
weight (const Pair *pair)
{
  return pair->bytes_a > pair->bytes_b ? pair->bytes_a - pair->bytes_b
                                       : pair->bytes_b - pair->bytes_a;
}

/* Sorts other versions before other files of the same version. */
static gboolean
has_other_version (const Pair *pair)
{
  return pair->a == NULL || pair->b == NULL || g_strcmp0 (pair->a->version, pair->b->version) != 0;
}

static int
compare_pairs (gconstpointer a, gconstpointer b)
{
  const Pair *left = *(const Pair *const *) a, *right = *(const Pair *const *) b;
  int versions = (int) has_other_version (right) - (int) has_other_version (left);
  uint64_t m = weight (left), n = weight (right);
  if (versions != 0)
    return versions;
  if (m != n)
    return m < n ? 1 : -1;
  return strcmp ((left->b != NULL ? left->b : left->a)->name,
                 (right->b != NULL ? right->b : right->a)->name);
}

static json_t *
pair_to_json (const Pair *pair)
{
  const TerranePackage *some = pair->b != NULL ? pair->b : pair->a;
  json_t *row = json_object ();
  oci_json_set (row, "kind", oci_json_text (kind_of (some)));
  oci_json_set (row, "name", oci_json_text (some->name));
  oci_json_set (row, "change",
                oci_json_text (pair->a == NULL            ? "added"
                               : pair->b == NULL          ? "removed"
                               : has_other_version (pair) ? "version"
                                                          : "files"));
  if (pair->a != NULL)
    oci_json_set_text (row, "a", pair->a->version);
  if (pair->b != NULL)
    oci_json_set_text (row, "b", pair->b->version);
  oci_json_set (row, "files", json_integer (pair->files));
  oci_json_set (row, "bytes",
                json_integer ((json_int_t) pair->bytes_b - (json_int_t) pair->bytes_a));
  return row;
}

json_t *
terrane_diff_packages_to_json (const TerraneDiffPackages *self)
{
  json_t *rows = json_array ();
  g_autoptr (GPtrArray) pairs = g_ptr_array_new ();
  for (guint i = 0; i < self->pairs->len; i++)
    {
      Pair *pair = self->pairs->pdata[i];
      if (has_other_version (pair) || pair->files > 0)
        g_ptr_array_add (pairs, pair);
    }
  g_ptr_array_sort (pairs, compare_pairs);
  for (guint i = 0; i < pairs->len; i++)
    oci_json_append (rows, pair_to_json (pairs->pdata[i]));
  return rows;
}
