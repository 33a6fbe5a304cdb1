#include "builder/facts/packages.h"

#include "oci/base/text-hash.h"

#include "oci/base/text.h"

#include <string.h>

enum
{
  MAX_LIST_BYTES = 8 * 1024 * 1024,
  MAX_STATUS_BYTES = 32 * 1024 * 1024,
  MAX_PACKAGES = 20000,
  MAX_LIST_ENTRIES = 8 * 1024 * 1024, /* for all packages; further entries are ignored */
};

typedef struct
{
  const TerraneImageView *view;
  GPtrArray *packages;
  GHashTable *owned;    /* TerraneNode: a set */
  GHashTable *versions; /* name -> version */
  GHashTable *depends;  /* name -> text */
  size_t field_bytes;   /* remaining budget: versions and dependencies */
  guint list_entries;   /* remaining budget: files of all packages */
} Search;

static void
package_free (gpointer data)
{
  TerranePackage *self = data;
  g_free (self->name);
  g_free (self->version);
  g_free (self->depends);
  g_ptr_array_unref (self->files);
  g_free (self);
}

/* @files: (transfer full) */
static TerranePackage *
add (Search *self, const char *name, TerraneNode *node, GPtrArray *files)
{
  TerranePackage *package = g_new0 (TerranePackage, 1);
  package->name = g_strdup (name);
  package->node = node;
  package->files = files;
  g_ptr_array_set_size (files, (int) MIN (files->len, self->list_entries));
  self->list_entries -= files->len;
  for (guint i = 0; i < files->len; i++)
    if (g_hash_table_add (self->owned, files->pdata[i]))
      package->bytes += ((TerraneNode *) files->pdata[i])->size;
  g_ptr_array_add (self->packages, package);
  return package;
}

/* @out_text: (out) (transfer full): to be split into lines */
static gboolean
read_text (const Search *self, const TerraneNode *node, uint64_t max, char **out_text,
           GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!terrane_image_view_read (self->view, node, max, &bytes, error))
    return FALSE;
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : "";
  *out_text = g_strndup (data, size);
  return TRUE;
}

/* Keeps a field of a stanza; the first one of a package counts. */
static void
keep_field (Search *self, GHashTable *table, const char *name, const char *line)
{
  const char *value = strchr (line, ' ') + 1;
  size_t len = strlen (name) + strlen (value);
  if (len > self->field_bytes || g_hash_table_contains (table, name))
    return;
  self->field_bytes -= len;
  g_hash_table_insert (table, g_strdup (name), g_strdup (value));
}

/* dpkg-query(1): stanzas of fields, which may continue on lines that begin with a space. */
static gboolean
read_status (Search *self, const TerraneNode *node, GError **error)
{
  g_autofree char *text = NULL;
  const char *name = NULL;
  if (!read_text (self, node, MAX_STATUS_BYTES, &text, error))
    return FALSE;
  for (char *at = text, *line; (line = oci_next_line (&at)) != NULL;)
    {
      if (line[0] == '\0')
        name = NULL;
      else if (g_str_has_prefix (line, "Package: "))
        name = line + strlen ("Package: ");
      else if (name != NULL && g_str_has_prefix (line, "Version: "))
        keep_field (self, self->versions, name, line);
      else if (name != NULL && g_str_has_prefix (line, "Depends: "))
        keep_field (self, self->depends, name, line);
    }
  return TRUE;
}

/* One "/usr/bin/x" per line. md5sums of distroless images: "DIGEST usr/bin/x". */
static gboolean
read_list (Search *self, TerraneNode *node, const char *name, GError **error)
{
  g_autofree char *text = NULL;
  if (!read_text (self, node, MAX_LIST_BYTES, &text, error))
    return FALSE;
  GPtrArray *files = g_ptr_array_new ();
  for (char *at = text, *line; (line = oci_next_line (&at)) != NULL;)
    {
      const char *path = strstr (line, "  ");
      path = path != NULL && line[0] != '/' ? path + 2 : line;
      TerraneNode *file = path[0] != '\0' ? terrane_tree_follow (self->view->tree, path) : NULL;
      if (file != NULL && file->type == OCI_ENTRY_FILE)
        g_ptr_array_add (files, file);
    }
  TerranePackage *package = add (self, name, node, files);
  package->version = g_strdup (g_hash_table_lookup (self->versions, name));
  package->depends = g_strdup (g_hash_table_lookup (self->depends, name));
  return TRUE;
}

/* Files NAME.list or NAME:ARCH.list; in status.d NAME with the stanza, NAME.md5sums with the
 * files. */
static gboolean
read_directory (Search *self, const char *path, const char *suffix, GError **error)
{
  const TerraneNode *directory = terrane_tree_follow (self->view->tree, path);
  for (guint i = 0; directory != NULL && directory->type == OCI_ENTRY_DIRECTORY
                    && i < directory->children->len && self->packages->len < MAX_PACKAGES;
       i++)
    {
      TerraneNode *node = directory->children->pdata[i];
      if (!g_str_has_suffix (node->name, suffix) || node->type != OCI_ENTRY_FILE)
        continue;
      g_autofree char *name = g_strndup (node->name, strlen (node->name) - strlen (suffix));
      name[strcspn (name, ":")] = '\0';
      const TerraneNode *stanza = terrane_node_child (directory, name, strlen (name));
      if (stanza != NULL && stanza != node && !read_status (self, stanza, error))
        return FALSE;
      if (!read_list (self, node, name, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_python (Search *self, const TerranePython *python, GError **error)
{
  for (guint i = 0; i < python->dists->len; i++)
    {
      const TerranePythonDist *dist = python->dists->pdata[i];
      GPtrArray *files = NULL;
      if (!terrane_python_dist_files (dist, self->view, &files, error))
        return FALSE;
      TerranePackage *package =
          add (self, dist->name, dist->node, files != NULL ? files : g_ptr_array_new ());
      package->version = g_strdup (dist->version);
      package->dist = dist;
    }
  return TRUE;
}

gboolean
terrane_packages_find (const TerraneImageView *view, const TerranePython *python,
                       GPtrArray **out_packages, GError **error)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new_with_free_func (package_free);
  g_autoptr (GHashTable) owned = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) versions =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) depends =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  Search self = {
    .view = view,
    .packages = packages,
    .owned = owned,
    .versions = versions,
    .depends = depends,
    .field_bytes = MAX_STATUS_BYTES,
    .list_entries = MAX_LIST_ENTRIES,
  };
  const TerraneNode *status = terrane_tree_follow (view->tree, "var/lib/dpkg/status");
  if (!read_python (&self, python, error) || (status != NULL && !read_status (&self, status, error))
      || !read_directory (&self, "var/lib/dpkg/info", ".list", error)
      || !read_directory (&self, "var/lib/dpkg/status.d", ".md5sums", error))
    return FALSE;
  *out_packages = g_steal_pointer (&packages);
  return TRUE;
}
