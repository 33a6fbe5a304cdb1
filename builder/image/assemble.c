#include "builder/image/assemble.h"

#include "oci/base/error.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <stdlib.h>
#include <string.h>

enum
{
  MAX_SHOWN_CONFLICTS = 10,
};

typedef struct
{
  TerraneTree *assembled;
  int tree_number;
  const char *const *names;
  gboolean overwrite;
  GHashTable *paths;  /* set of owned strings: the paths that the layer carries */
  GString *conflicts; /* lines */
  guint n_conflicts;
} Assembly;

/* Returns where @path of the tree goes: its parent is resolved in the file system so far. NULL if a
 * parent is not a directory there. */
static char *
place (const Assembly *self, const TerraneNode *node, const char *path)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *parent =
      slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup ("");
  TerraneNode *directory = terrane_tree_follow (self->assembled, parent);
  if (directory == NULL || directory->type != OCI_ENTRY_DIRECTORY)
    return NULL;
  g_autofree char *base = terrane_node_path (directory);
  g_autofree char *placed = oci_path_join (base, slash != NULL ? slash + 1 : path);
  if (node->type != OCI_ENTRY_DIRECTORY)
    return g_steal_pointer (&placed);
  /* A directory over a link to a directory means the target of the link. */
  TerraneNode *target = terrane_tree_follow (self->assembled, placed);
  return target != NULL && target->type == OCI_ENTRY_DIRECTORY ? terrane_node_path (target)
                                                               : g_steal_pointer (&placed);
}

/* Adds @path and every directory above it to the layer. */
static void
carry (Assembly *self, const char *path)
{
  g_autofree char *prefix = g_strdup (path);
  while (prefix[0] != '\0' && g_hash_table_add (self->paths, g_strdup (prefix)))
    {
      char *slash = strrchr (prefix, '/');
      if (slash == NULL)
        return;
      *slash = '\0';
    }
}

static void
note_conflict (Assembly *self, const char *path, const char *what)
{
  if (self->n_conflicts++ < MAX_SHOWN_CONFLICTS)
    g_string_append_printf (self->conflicts, "\n  /%s: %s", path, what);
}

/* Returns: (transfer full) (nullable): the path that is in the way of @node, if any */
static char *
find_obstacle (const Assembly *self, const TerraneNode *node, const TerraneNode *existing)
{
  gboolean is_directory = node->type == OCI_ENTRY_DIRECTORY;
  gboolean was_directory = existing->type == OCI_ENTRY_DIRECTORY;
  if (is_directory != was_directory)
    return g_strdup_printf ("%s here, %s in ‘%s’", is_directory ? "a directory" : "no directory",
                            was_directory ? "a directory" : "no directory",
                            self->names[existing->tree_number]);
  if (!is_directory && existing->tree_number > 0 && !self->overwrite)
    return g_strdup_printf ("differs from the one in ‘%s’", self->names[existing->tree_number]);
  return NULL;
}

static gboolean
add_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  Assembly *self = data;
  g_autofree char *placed = place (self, node, path);
  if (placed == NULL)
    {
      note_conflict (self, path, "a parent is not a directory in the image");
      return TRUE;
    }
  TerraneNode *existing = terrane_tree_lookup (self->assembled, placed);
  if (existing != NULL
      && (existing->type == OCI_ENTRY_DIRECTORY ? node->type == OCI_ENTRY_DIRECTORY
                                                : terrane_node_equal (existing, node)))
    return TRUE;
  g_autofree char *obstacle = existing != NULL ? find_obstacle (self, node, existing) : NULL;
  if (obstacle != NULL)
    {
      note_conflict (self, placed, obstacle);
      return TRUE;
    }
  OciEntry entry = terrane_node_entry (node, placed);
  TerraneNode *added = NULL;
  if (!terrane_tree_add (self->assembled, &entry, &added, error))
    return FALSE;
  added->object = node->object;
  added->fresh = node->fresh;
  added->start = node->start;
  added->tree_number = self->tree_number;
  carry (self, placed);
  return TRUE;
}

static int
compare_paths (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
sort_paths (GPtrArray *paths)
{
  if (paths->len > 0)
    qsort (paths->pdata, paths->len, sizeof paths->pdata[0], compare_paths);
}

static GPtrArray *
steal_paths (GHashTable *set)
{
  GPtrArray *paths = g_ptr_array_new_full (g_hash_table_size (set), g_free);
  GHashTableIter iter;
  gpointer path;
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (paths, path);
    }
  sort_paths (paths);
  return paths;
}

gboolean
terrane_assemble_find (TerraneTree *assembled, TerraneTree *tree, int tree_number,
                       const char *const *names, gboolean overwrite, GPtrArray **out_paths,
                       GString *conflicts, GError **error)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Assembly self = {
    .assembled = assembled,
    .tree_number = tree_number,
    .names = names,
    .overwrite = overwrite,
    .paths = paths,
    .conflicts = conflicts,
  };
  if (!terrane_tree_foreach (tree, add_node, &self, error))
    return FALSE;
  if (self.n_conflicts > MAX_SHOWN_CONFLICTS)
    g_string_append_printf (conflicts, "\n  and %u more", self.n_conflicts - MAX_SHOWN_CONFLICTS);
  *out_paths = steal_paths (paths);
  return TRUE;
}

gboolean
terrane_assemble (TerraneTree *assembled, TerraneTree *tree, int tree_number,
                  const char *const *names, const TerraneSourceSpec *spec, GPtrArray **out_paths,
                  GError **error)
{
  OCI_PREFIX (error, "%s", spec->where);
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GString) conflicts = g_string_new (NULL);
  if (!terrane_assemble_find (assembled, tree, tree_number, names, spec->overwrite, &paths,
                              conflicts, error))
    return FALSE;
  if (conflicts->len > 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the tree ‘%s’ does not fit over what is below it; leave files out with "
                      "‘exclude’, or let it win with \"overwrite\": true:%s",
                      spec->name, conflicts->str);
  *out_paths = g_steal_pointer (&paths);
  return TRUE;
}

static gboolean
add_path (G_GNUC_UNUSED TerraneNode *node, const char *path, gpointer data,
          G_GNUC_UNUSED GError **error)
{
  g_ptr_array_add (data, g_strdup (path));
  return TRUE;
}

GPtrArray *
terrane_assemble_all_paths (TerraneTree *tree)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  (void) terrane_tree_foreach (tree, add_path, paths, NULL); /* add_path cannot fail */
  sort_paths (paths);
  return paths;
}
