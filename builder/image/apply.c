#include "builder/image/apply.h"

#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_WHITEOUT ".wh..wh..opq"

enum
{
  MAX_LINKS = 40, /* like Linux's path walk */
  DEFAULT_MODE = 0755,
};

struct _TerraneApplier
{
  TerraneIngest *ingest;
  TerraneLayerAudit *audit;
  GHashTable *specials; /* path of a device or the like, which the tree cannot hold -> its layer */
  int layer;            /* from 1 */
};

TerraneApplier *
terrane_applier_new (TerraneIngest *ingest, TerraneLayerAudit *audit)
{
  TerraneApplier *self = g_new0 (TerraneApplier, 1);
  self->ingest = ingest;
  self->audit = audit;
  self->specials = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  return self;
}

void
terrane_applier_free (TerraneApplier *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->specials);
  g_free (self);
}

void
terrane_applier_begin_layer (TerraneApplier *self, guint index)
{
  self->layer = (int) index + 1;
}

static TerraneTree *
tree_of (const TerraneApplier *self)
{
  return terrane_ingest_tree (self->ingest);
}

static void
remove_node (const TerraneApplier *self, const TerraneNode *node)
{
  g_autofree char *path = terrane_node_path (node);
  terrane_tree_remove (tree_of (self), path);
}

/* Whether the current layer has a device or the like in @directory. */
static gboolean
has_own_special (const TerraneApplier *self, const TerraneNode *directory)
{
  g_autofree char *path = terrane_node_path (directory);
  GHashTableIter iter;
  gpointer special, layer;
  g_hash_table_iter_init (&iter, self->specials);
  while (g_hash_table_iter_next (&iter, &special, &layer))
    if (GPOINTER_TO_INT (layer) == self->layer && oci_path_is_below (special, path))
      return TRUE;
  return FALSE;
}

static gboolean hide (const TerraneApplier *self, TerraneNode *node);

static void
hide_children (const TerraneApplier *self, TerraneNode *directory)
{
  for (guint i = directory->children->len; i-- > 0;)
    if (!hide (self, directory->children->pdata[i]))
      remove_node (self, directory->children->pdata[i]);
}

/* Removes the entries of lower layers at @node and below; those of this layer stay.
 *
 * Returns: whether @node has to stay */
static gboolean
hide (const TerraneApplier *self, TerraneNode *node)
{
  gboolean own = node->layer == self->layer;
  if (node->type != OCI_ENTRY_DIRECTORY)
    return own;
  hide_children (self, node);
  gboolean stays = own || node->children->len > 0 || has_own_special (self, node);
  if (stays && !own)
    {
      /* Stays only as the parent of entries of this layer, which has no entry for it. */
      node->mode = DEFAULT_MODE;
      node->uid = node->gid = 0;
      node->layer = 0;
      g_clear_pointer (&node->xattrs, g_variant_unref);
    }
  return stays;
}

static gboolean
apply_whiteout (const TerraneApplier *self, const char *parent, const char *name, GError **error)
{
  TerraneNode *directory = terrane_tree_lookup (tree_of (self), parent);
  const char *hidden = name + strlen (WHITEOUT_PREFIX);
  if (hidden[0] == '\0' || strcmp (hidden, ".") == 0 || strcmp (hidden, "..") == 0)
    {
      g_autofree char *path = oci_path_join (parent, name);
      g_autofree char *quoted = oci_quote (path);
      return oci_throw (error, OCI_ERROR_FORMAT, "%s is not a valid whiteout", quoted);
    }
  if (directory == NULL || directory->type != OCI_ENTRY_DIRECTORY)
    return TRUE; /* nothing there to hide */
  if (strcmp (name, OPAQUE_WHITEOUT) == 0)
    {
      hide_children (self, directory);
      return TRUE;
    }
  TerraneNode *node = terrane_node_child (directory, hidden, strlen (hidden));
  if (node != NULL && !hide (self, node))
    remove_node (self, node);
  return TRUE;
}

/* Continues at the link's target, before the rest of the path. */
static gboolean
enter_link (const TerraneNode *link, GString *done, GString *rest, unsigned *links, GError **error)
{
  if (++*links > MAX_LINKS || rest->len > OCI_PATH_MAX)
    {
      g_autofree char *path = terrane_node_path (link);
      g_autofree char *quoted = oci_quote (path);
      return oci_throw (error, OCI_ERROR_FORMAT, "too many symbolic links in its path, at %s",
                        quoted);
    }
  if (link->target[0] == '/')
    g_string_truncate (done, 0);
  g_string_prepend_c (rest, '/');
  g_string_prepend (rest, link->target);
  return TRUE;
}

/* Appends @name, which is not a symbolic link, to the path @done. */
static void
descend (GString *done, const char *name)
{
  const char *slash = strrchr (done->str, '/');
  if (strcmp (name, "..") == 0)
    g_string_truncate (done, slash != NULL ? (gsize) (slash - done->str) : 0);
  else
    g_string_append_printf (done, "%s%s", done->len > 0 ? "/" : "", name);
}

/* Resolves the directory @path, following links like umoci and containerd: never beyond the image's
 * root, and lexically beyond the last existing component. @out_link: (out) (transfer full)
 * (nullable): the first link of a lower layer on the way */
static char *
resolve_directory (const TerraneApplier *self, const char *path, char **out_link, GError **error)
{
  const TerraneNode *straight = terrane_tree_lookup (tree_of (self), path);
  if (straight != NULL && straight->type == OCI_ENTRY_DIRECTORY)
    return g_strdup (path);
  g_autoptr (GString) done = g_string_new (NULL);
  g_autoptr (GString) rest = g_string_new (path);
  unsigned links = 0;
  while (rest->len > 0)
    {
      size_t len = strcspn (rest->str, "/");
      g_autofree char *name = g_strndup (rest->str, len);
      g_string_erase (rest, 0, (gssize) (len + (rest->str[len] == '/')));
      if (name[0] == '\0' || strcmp (name, ".") == 0)
        continue;
      const TerraneNode *directory = terrane_tree_lookup (tree_of (self), done->str);
      const TerraneNode *child =
          directory != NULL ? terrane_node_child (directory, name, len) : NULL;
      if (child == NULL || child->type != OCI_ENTRY_SYMLINK)
        {
          descend (done, name);
          continue;
        }
      if (*out_link == NULL && child->layer != self->layer)
        *out_link = terrane_node_path (child);
      if (!enter_link (child, done, rest, &links, error))
        return NULL;
    }
  return g_strdup (done->str);
}

/* Returns: (transfer full) (nullable): where the entry at @path goes */
static char *
place (const TerraneApplier *self, const char *path, char **out_parent, char **out_link,
       GError **error)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *named = slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup ("");
  *out_parent = resolve_directory (self, named, out_link, error);
  if (*out_parent == NULL)
    return NULL;
  g_autofree char *placed = oci_path_join (*out_parent, slash != NULL ? slash + 1 : path);
  if (strlen (placed) <= OCI_PATH_MAX)
    return g_steal_pointer (&placed);
  g_autofree char *quoted = oci_quote (path);
  oci_throw (error, OCI_ERROR_LIMIT, "%s leads through symbolic links to a path of over %d bytes",
             quoted, OCI_PATH_MAX);
  return NULL;
}

/* Removes a file that is where the entry needs a directory. */
static void
clear_way (const TerraneApplier *self, const char *parent)
{
  const char *p = parent;
  while (*p != '\0')
    {
      p += strcspn (p, "/");
      g_autofree char *prefix = g_strndup (parent, (gsize) (p - parent));
      const TerraneNode *node = terrane_tree_lookup (tree_of (self), prefix);
      if (node == NULL)
        return;
      if (node->type != OCI_ENTRY_DIRECTORY)
        remove_node (self, node);
      p += *p == '/';
    }
}

static void
make_directories (const TerraneApplier *self, const char *path)
{
  OciEntry entry = { .path = path, .type = OCI_ENTRY_DIRECTORY, .mode = DEFAULT_MODE };
  if (terrane_tree_lookup (tree_of (self), path) == NULL)
    (void) terrane_tree_add (tree_of (self), &entry, NULL, NULL); /* clear_way() made sure */
}

/* Devices and the like are recorded where the tree has nothing. */
static gboolean
add_special (TerraneApplier *self, const char *path, const char *parent)
{
  const TerraneNode *old = terrane_tree_lookup (tree_of (self), path);
  if (old != NULL && old->parent != NULL)
    remove_node (self, old);
  make_directories (self, parent);
  g_hash_table_insert (self->specials, g_strdup (path), GINT_TO_POINTER (self->layer));
  return TRUE;
}

static gboolean
is_reserved (const char *path)
{
  return g_str_has_prefix (path, WHITEOUT_PREFIX) || strstr (path, "/" WHITEOUT_PREFIX) != NULL;
}

/* @entry: with its final path and target in the image */
static gboolean
add_placed (TerraneApplier *self, const OciEntry *entry, TerraneReadFunc read, gpointer data,
            GError **error)
{
  TerraneTree *tree = tree_of (self);
  const TerraneNode *old = terrane_tree_lookup (tree, entry->path);
  gboolean replaces = old != NULL && old->parent != NULL && old->type == OCI_ENTRY_DIRECTORY
                      && entry->type != OCI_ENTRY_DIRECTORY;
  if (replaces)
    remove_node (self, old);
  if (!terrane_ingest_add (self->ingest, entry, read, data, error))
    return FALSE;
  TerraneNode *node = terrane_tree_lookup (tree, entry->path);
  if (node != NULL)
    node->layer = self->layer;
  g_hash_table_remove (self->specials, entry->path);
  return TRUE;
}

gboolean
terrane_applier_add (TerraneApplier *self, const OciEntry *entry, TerraneReadFunc read,
                     gpointer data, GError **error)
{
  const char *slash = strrchr (entry->path, '/');
  const char *name = slash != NULL ? slash + 1 : entry->path;
  g_autofree char *parent = NULL, *link = NULL, *target_parent = NULL, *target_link = NULL;
  OciEntry placed = *entry;
  terrane_layer_audit_entry (self->audit, (guint) self->layer - 1, entry);
  g_autofree char *path = place (self, entry->path, &parent, &link, error);
  if (path == NULL)
    return FALSE;
  if (link != NULL)
    terrane_layer_audit_linked_parent (self->audit, (guint) self->layer - 1, entry->path, link);
  if (g_str_has_prefix (name, WHITEOUT_PREFIX))
    return apply_whiteout (self, parent, name, error);
  if (is_reserved (path))
    return TRUE; /* below aufs's own directories: layer.md reserves such names */

  placed.path = path;
  clear_way (self, parent);
  g_autofree char *target = entry->type == OCI_ENTRY_HARDLINK
                                ? place (self, entry->target, &target_parent, &target_link, error)
                                : NULL;
  if (entry->type == OCI_ENTRY_HARDLINK && target == NULL)
    return FALSE;
  if (entry->type == OCI_ENTRY_SPECIAL
      || (target != NULL && g_hash_table_contains (self->specials, target)))
    return add_special (self, path, parent);
  if (target != NULL)
    placed.target = target;
  return add_placed (self, &placed, read, data, error);
}
