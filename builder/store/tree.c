#include "builder/store/tree.h"

#include "oci/base/error.h"
#include "oci/base/path.h"

#include <string.h>

enum
{
  MAX_LINKS = 40, /* like Linux's path walk */
};

struct _TerraneTree
{
  TerraneNode *root;
  GPtrArray *retired; /* replaced nodes: a writer may still be filling in their objects */
};

static void
node_free (gpointer data)
{
  TerraneNode *node = data;
  if (node->children != NULL)
    g_ptr_array_unref (node->children);
  if (node->xattrs != NULL)
    g_variant_unref (node->xattrs);
  g_free (node->target);
  g_free (node->name);
  g_free (node);
}

static TerraneNode *
node_new (const char *name, size_t len, OciEntryType type)
{
  TerraneNode *node = g_new0 (TerraneNode, 1);
  node->name = g_strndup (name, len);
  node->type = type;
  node->mode = 0755;
  if (type == OCI_ENTRY_DIRECTORY)
    node->children = g_ptr_array_new_with_free_func (node_free);
  return node;
}

TerraneTree *
terrane_tree_new (void)
{
  TerraneTree *self = g_new0 (TerraneTree, 1);
  self->root = node_new ("", 0, OCI_ENTRY_DIRECTORY);
  self->retired = g_ptr_array_new_with_free_func (node_free);
  return self;
}

void
terrane_tree_free (TerraneTree *self)
{
  if (self == NULL)
    return;
  node_free (self->root);
  g_ptr_array_unref (self->retired);
  g_free (self);
}

TerraneNode *
terrane_tree_root (TerraneTree *self)
{
  return self->root;
}

/* Orders names as bytes; names are not NUL-terminated inside paths. */
static int
compare_name (const char *name, size_t len, const char *other)
{
  int order = strncmp (name, other, len);
  return order != 0 || other[len] == '\0' ? order : -1;
}

/* Returns the index of the child, or of the place for it. */
static guint
find_child (const TerraneNode *directory, const char *name, size_t len, gboolean *out_found)
{
  const GPtrArray *children = directory->children;
  guint low = 0, high = children->len;
  *out_found = FALSE;
  /* Archives are mostly sorted: the end is tried first. */
  if (high > 0 && compare_name (name, len, ((TerraneNode *) children->pdata[high - 1])->name) > 0)
    return high;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      int order = compare_name (name, len, ((TerraneNode *) children->pdata[middle])->name);
      if (order == 0)
        {
          *out_found = TRUE;
          return middle;
        }
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

TerraneNode *
terrane_node_child (const TerraneNode *directory, const char *name, size_t len)
{
  if (directory->type != OCI_ENTRY_DIRECTORY)
    return NULL;
  gboolean found;
  guint index = find_child (directory, name, len, &found);
  return found ? directory->children->pdata[index] : NULL;
}

TerraneNode *
terrane_tree_lookup (TerraneTree *self, const char *path)
{
  TerraneNode *node = self->root;
  while (node != NULL && *path != '\0')
    {
      size_t len = strcspn (path, "/");
      node = terrane_node_child (node, path, len);
      path += path[len] == '/' ? len + 1 : len;
    }
  return node;
}

static TerraneNode *
resolve_from (TerraneTree *self, TerraneNode *node, const char *path, unsigned *links)
{
  if (*path == '/')
    node = self->root;
  while (node != NULL && *path != '\0')
    {
      size_t len = strcspn (path, "/");
      if (node->type != OCI_ENTRY_DIRECTORY)
        return NULL;
      if (len == 2 && path[0] == '.' && path[1] == '.')
        node = node->parent != NULL ? node->parent : node;
      else if (len > 0 && !(len == 1 && path[0] == '.'))
        {
          TerraneNode *child = terrane_node_child (node, path, len);
          if (child != NULL && child->type == OCI_ENTRY_SYMLINK)
            child = (*links)++ < MAX_LINKS ? resolve_from (self, node, child->target, links) : NULL;
          node = child;
        }
      if (node != NULL && path[len] == '/' && node->type != OCI_ENTRY_DIRECTORY)
        return NULL;
      path += path[len] == '/' ? len + 1 : len;
    }
  return node;
}

TerraneNode *
terrane_tree_follow (TerraneTree *self, const char *path)
{
  unsigned links = 0;
  return resolve_from (self, self->root, path, &links);
}

TerraneNode *
terrane_tree_follow_directory (TerraneTree *self, const char *path)
{
  TerraneNode *node = terrane_tree_follow (self, path);
  return node != NULL && node->type == OCI_ENTRY_DIRECTORY ? node : NULL;
}

/* Returns the directory for the last component of @path; *@out_name is that component. */
static TerraneNode *
make_parents (TerraneTree *self, const char *path, const char **out_name, GError **error)
{
  TerraneNode *node = self->root;
  for (;;)
    {
      size_t len = strcspn (path, "/");
      if (path[len] == '\0')
        {
          *out_name = path;
          return node;
        }
      gboolean found;
      guint index = find_child (node, path, len, &found);
      if (!found)
        {
          TerraneNode *child = node_new (path, len, OCI_ENTRY_DIRECTORY);
          child->parent = node;
          g_ptr_array_insert (node->children, (int) index, child);
        }
      TerraneNode *child = node->children->pdata[index];
      if (child->type != OCI_ENTRY_DIRECTORY)
        {
          g_autofree char *at = terrane_node_path (child);
          g_autofree char *quoted = oci_quote (child->target);
          if (child->type == OCI_ENTRY_SYMLINK)
            oci_throw (error, OCI_ERROR_FORMAT, "the path goes through %s, a symbolic link to %s",
                       at, quoted);
          else
            oci_throw (error, OCI_ERROR_FORMAT, "the path goes through %s, which is a file", at);
          return NULL;
        }
      node = child;
      path += len + 1;
    }
}

static void
set_attributes (TerraneNode *node, const OciEntry *entry)
{
  node->mode = entry->type == OCI_ENTRY_SYMLINK ? 0777 : entry->mode;
  node->uid = entry->uid;
  node->gid = entry->gid;
  node->size = entry->type == OCI_ENTRY_FILE ? entry->size : 0;
  g_clear_pointer (&node->xattrs, g_variant_unref);
  if (entry->xattrs != NULL)
    node->xattrs = g_variant_ref (entry->xattrs);
}

/* Removes the child at @index without freeing it yet. */
static void
retire_child (TerraneTree *self, TerraneNode *directory, guint index)
{
  g_ptr_array_add (self->retired, g_ptr_array_steal_index (directory->children, index));
}

gboolean
terrane_tree_add (TerraneTree *self, const OciEntry *entry, TerraneNode **out_node, GError **error)
{
  OCI_PREFIX (error, "%s", entry->path[0] != '\0' ? entry->path : "/");
  g_assert (entry->type == OCI_ENTRY_FILE || entry->type == OCI_ENTRY_DIRECTORY
            || entry->type == OCI_ENTRY_SYMLINK);
  if (entry->path[0] == '\0')
    {
      if (entry->type != OCI_ENTRY_DIRECTORY)
        return oci_throw (error, OCI_ERROR_FORMAT, "the root must be a directory");
      set_attributes (self->root, entry);
      if (out_node != NULL)
        *out_node = self->root;
      return TRUE;
    }

  const char *name = NULL;
  TerraneNode *parent = make_parents (self, entry->path, &name, error);
  if (parent == NULL)
    return FALSE;
  gboolean found;
  guint index = find_child (parent, name, strlen (name), &found);
  TerraneNode *node = found ? parent->children->pdata[index] : NULL;
  if (node != NULL && node->type == OCI_ENTRY_DIRECTORY && entry->type != OCI_ENTRY_DIRECTORY
      && node->children->len > 0)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "a file would replace a directory that is not empty");
  if (node != NULL && !(node->type == OCI_ENTRY_DIRECTORY && entry->type == OCI_ENTRY_DIRECTORY))
    {
      retire_child (self, parent, index);
      node = NULL;
    }
  if (node == NULL)
    {
      node = node_new (name, strlen (name), entry->type);
      node->parent = parent;
      if (entry->type == OCI_ENTRY_SYMLINK)
        node->target = g_strdup (entry->target);
      g_ptr_array_insert (parent->children, (int) index, node);
    }
  set_attributes (node, entry);
  if (out_node != NULL)
    *out_node = node;
  return TRUE;
}

void
terrane_tree_remove (TerraneTree *self, const char *path)
{
  TerraneNode *node = terrane_tree_lookup (self, path);
  if (node == NULL || node->parent == NULL)
    return;
  gboolean found;
  guint index = find_child (node->parent, node->name, strlen (node->name), &found);
  retire_child (self, node->parent, index);
}

void
terrane_tree_clear_directory (TerraneTree *self, TerraneNode *directory)
{
  while (directory->children->len > 0)
    retire_child (self, directory, directory->children->len - 1);
}

char *
terrane_node_path (const TerraneNode *node)
{
  if (node->parent == NULL)
    return g_strdup ("");
  g_autofree char *parent = terrane_node_path (node->parent);
  return oci_path_join (parent, node->name);
}

OciEntry
terrane_node_entry (const TerraneNode *node, const char *path)
{
  return (OciEntry){
    .path = path,
    .type = node->type,
    .target = node->target,
    .mode = node->mode,
    .uid = node->uid,
    .gid = node->gid,
    .size = node->size,
    .xattrs = node->xattrs,
  };
}

gboolean
terrane_node_equal (const TerraneNode *a, const TerraneNode *b)
{
  if (a->type != b->type)
    return FALSE;
  /* An object's digest covers mode, owner, xattrs and content. */
  if (a->type != OCI_ENTRY_DIRECTORY)
    return oci_digest_equal (&a->object, &b->object);
  gboolean same_xattrs =
      a->xattrs == b->xattrs
      || (a->xattrs != NULL && b->xattrs != NULL && g_variant_equal (a->xattrs, b->xattrs));
  return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && same_xattrs;
}

static gboolean
foreach_below (TerraneNode *directory, GString *path, TerraneNodeFunc func, gpointer data,
               GError **error)
{
  gsize len = path->len;
  for (guint i = 0; i < directory->children->len; i++)
    {
      TerraneNode *child = directory->children->pdata[i];
      if (len > 0)
        g_string_append_c (path, '/');
      g_string_append (path, child->name);
      gboolean ok =
          func (child, path->str, data, error)
          && (child->type != OCI_ENTRY_DIRECTORY || foreach_below (child, path, func, data, error));
      g_string_truncate (path, len);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_tree_foreach (TerraneTree *self, TerraneNodeFunc func, gpointer data, GError **error)
{
  g_autoptr (GString) path = g_string_new (NULL);
  return foreach_below (self->root, path, func, data, error);
}

static gboolean
count_node (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  TerraneTreeTotals *totals = data;
  totals->files += node->type == OCI_ENTRY_FILE;
  totals->directories += node->type == OCI_ENTRY_DIRECTORY;
  totals->symlinks += node->type == OCI_ENTRY_SYMLINK;
  totals->bytes += node->size;
  return TRUE;
}

TerraneTreeTotals
terrane_tree_totals (TerraneTree *self)
{
  TerraneTreeTotals totals = { 0 };
  (void) terrane_tree_foreach (self, count_node, &totals, NULL); /* counting cannot fail */
  return totals;
}

static gboolean
copy_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  TerraneNode *copy = NULL;
  const OciEntry entry = terrane_node_entry (node, path);
  if (!terrane_tree_add (data, &entry, &copy, error))
    return FALSE;
  g_assert (copy != NULL); /* terrane_tree_add() has set it */
  copy->object = node->object;
  copy->fresh = node->fresh;
  copy->start = node->start;
  copy->size = node->size;
  return TRUE;
}

gboolean
terrane_tree_copy (TerraneTree *from, TerraneTree *to, GError **error)
{
  return copy_node (terrane_tree_root (from), "", to, error)
         && terrane_tree_foreach (from, copy_node, to, error);
}
