#include "builder/report/contents.h"

#include "builder/facts/packages.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_PATHS = 12000, /* listed individually: about 1 MB of the page */
};

/* The files in one tree of one package, or of no package in one directory. */
typedef struct
{
  const TerranePackage *package; /* (nullable) */
  char *place;                   /* (nullable): "/usr/share" */
  const char *tree;              /* borrowed from the side */
  uint64_t bytes;
  guint files;
  json_t *paths; /* array of [path, bytes], the largest first */
  guint unlisted;
  uint64_t unlisted_bytes;
} Group;

static void
group_free (gpointer data)
{
  Group *self = data;
  g_free (self->place);
  json_decref (self->paths);
  g_free (self);
}

/* A file during sorting. */
typedef struct
{
  char *path;
  uint64_t bytes;
  Group *group;
} File;

static void
file_clear (gpointer data)
{
  g_free (((File *) data)->path);
}

typedef struct
{
  TerraneDiffSide *side;
  TerraneImageView view;
  GHashTable *owners; /* TerraneNode -> TerranePackage */
  GHashTable *groups; /* text -> Group: owned */
  GArray *files;      /* of File */
} Contents;

/* "/usr/share" of "usr/share/doc/x", "/" of "init". */
static char *
place_of (const char *path)
{
  const char *first = strchr (path, '/');
  const char *second = first != NULL ? strchr (first + 1, '/') : NULL;
  const char *end = second != NULL ? second : first;
  return end != NULL ? g_strdup_printf ("/%.*s", (int) (end - path), path) : g_strdup ("/");
}

static Group *
group_of (Contents *self, const TerraneNode *node, const char *path)
{
  const TerranePackage *package = g_hash_table_lookup (self->owners, node);
  const char *tree = terrane_diff_side_layer (self->side, node);
  g_autofree char *place = package == NULL ? place_of (path) : NULL;
  g_autofree char *key = package != NULL ? g_strdup_printf ("%s\n%p", tree, (const void *) package)
                                         : g_strdup_printf ("%s\n%s", tree, place);
  Group *group = g_hash_table_lookup (self->groups, key);
  if (group != NULL)
    return group;
  group = g_new0 (Group, 1);
  group->package = package;
  group->place = g_steal_pointer (&place);
  group->tree = tree;
  group->paths = json_array ();
  g_hash_table_insert (self->groups, g_steal_pointer (&key), group);
  return group;
}

static gboolean
is_hard_link (const Contents *self, const TerraneNode *node, const char *path)
{
  return self->side->files.audit != NULL && node->tree_number > 0
         && terrane_layer_audit_is_link (self->side->files.audit, (guint) node->tree_number - 1,
                                         path);
}

static gboolean
visit (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  Contents *self = data;
  if (node->type != OCI_ENTRY_FILE || is_hard_link (self, node, path))
    return TRUE;
  const File file = { .path = g_strconcat ("/", path, NULL),
                      .bytes = node->size,
                      .group = group_of (self, node, path) };
  file.group->bytes += node->size;
  file.group->files++;
  g_array_append_val (self->files, file);
  return TRUE;
}

static int
compare_files (const void *a, const void *b)
{
  const File *left = a, *right = b;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  return strcmp (left->path, right->path);
}

static void
list_paths (Contents *self)
{
  g_array_sort (self->files, compare_files);
  for (guint i = 0; i < self->files->len; i++)
    {
      const File *file = &g_array_index (self->files, File, i);
      if (i < MAX_PATHS)
        {
          json_t *pair = json_array ();
          oci_json_append (pair, oci_json_text (file->path));
          oci_json_append (pair, json_integer ((json_int_t) file->bytes));
          oci_json_append (file->group->paths, pair);
        }
      else
        {
          file->group->unlisted++;
          file->group->unlisted_bytes += file->bytes;
        }
    }
}

static json_t *
describe (const Group *group)
{
  json_t *object = json_object ();
  const TerranePackage *package = group->package;
  oci_json_set_text (object, "name", package != NULL ? package->name : group->place);
  if (package != NULL)
    {
      oci_json_set (object, "kind", oci_json_text (package->dist != NULL ? "python" : "debian"));
      oci_json_set_text (object, "version", package->version);
    }
  oci_json_set (object, "bytes", json_integer ((json_int_t) group->bytes));
  oci_json_set (object, "count", json_integer (group->files));
  oci_json_set (object, "files", json_incref (group->paths));
  if (group->unlisted > 0)
    {
      oci_json_set (object, "unlisted", json_integer (group->unlisted));
      oci_json_set (object, "unlisted_bytes", json_integer ((json_int_t) group->unlisted_bytes));
    }
  return object;
}

static int
compare_groups (const void *a, const void *b)
{
  const Group *left = *(Group *const *) a, *right = *(Group *const *) b;
  if (left->bytes != right->bytes)
    return left->bytes > right->bytes ? -1 : 1;
  const char *left_name = left->package != NULL ? left->package->name : left->place;
  const char *right_name = right->package != NULL ? right->package->name : right->place;
  return strcmp (left_name, right_name);
}

/* Sorts in the order of the layers. */
static json_t *
describe_trees (const Contents *self, GPtrArray *groups)
{
  json_t *trees = json_array ();
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  for (char **name = self->side->layer_names; *name != NULL; name++)
    {
      uint64_t bytes = 0;
      if (!g_hash_table_add (seen, *name))
        continue;
      json_t *object = json_object (), *parts = json_array ();
      for (guint i = 0; i < groups->len; i++)
        {
          const Group *group = groups->pdata[i];
          if (!g_str_equal (group->tree, *name))
            continue;
          bytes += group->bytes;
          oci_json_append (parts, describe (group));
        }
      if (json_array_size (parts) == 0)
        {
          json_decref (object);
          json_decref (parts);
          continue;
        }
      oci_json_set (object, "name", oci_json_text (*name));
      oci_json_set (object, "bytes", json_integer ((json_int_t) bytes));
      oci_json_set (object, "parts", parts);
      oci_json_append (trees, object);
    }
  return trees;
}

static json_t *
describe_packages (const Contents *self, const GPtrArray *packages)
{
  json_t *rows = json_array ();
  for (guint i = 0; i < packages->len; i++)
    {
      const TerranePackage *package = packages->pdata[i];
      json_t *row = json_object ();
      oci_json_set_text (row, "name", package->name);
      oci_json_set_text (row, "version", package->version);
      oci_json_set (row, "kind", oci_json_text (package->dist != NULL ? "python" : "debian"));
      oci_json_set (row, "tree",
                    oci_json_text (terrane_diff_side_layer (self->side, package->node)));
      oci_json_set (row, "bytes", json_integer ((json_int_t) package->bytes));
      oci_json_append (rows, row);
    }
  return rows;
}

gboolean
terrane_report_contents (TerraneDiffSide *side, json_t *document, GError **error)
{
  g_autoptr (GPtrArray) packages = NULL;
  Contents self = { .side = side,
                    .view = terrane_image_files_view (&side->files, side->store,
                                                      side->image->config, side->layer_names) };
  g_autoptr (TerranePython) python = terrane_python_new (&self.view, TRUE, error);
  if (python == NULL || !terrane_packages_find (&self.view, python, &packages, error))
    return FALSE;
  g_autoptr (GHashTable) owners = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) groups =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, group_free);
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (File));
  g_array_set_clear_func (files, file_clear);
  for (guint i = packages->len; i > 0; i--) /* the first package that lists a file has it */
    {
      TerranePackage *package = packages->pdata[i - 1];
      for (guint j = 0; j < package->files->len; j++)
        g_hash_table_insert (owners, package->files->pdata[j], package);
    }
  self.owners = owners;
  self.groups = groups;
  self.files = files;
  if (!terrane_tree_foreach (self.view.tree, visit, &self, error))
    return FALSE;
  list_paths (&self);
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer group;
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    g_ptr_array_add (sorted, group);
  g_ptr_array_sort (sorted, compare_groups);
  oci_json_set (document, "trees", describe_trees (&self, sorted));
  oci_json_set (document, "packages", describe_packages (&self, packages));
  return TRUE;
}
