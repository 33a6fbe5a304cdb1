#include "builder/facts/python-dists.h"

#include "builder/python/dependency.h"
#include "builder/python/metadata.h"
#include "builder/python/name.h"

#include "oci/base/architecture.h"
#include "oci/base/path.h"

#include <string.h>

enum
{
  MIB = 1024 * 1024,
  MAX_METADATA_BYTES = 4 * MIB,
  MAX_ALL_METADATA_BYTES = 256 * MIB, /* its names and requirements stay in memory */
  MAX_ABSENT = 200000,                /* files of one package that are searched for elsewhere */
  MAX_RECORD_BYTES = 32 * 1024 * 1024,
  MAX_DISTS = 5000,
  MAX_INSTALLER_BYTES = 1000,
};

static void
dist_free (gpointer data)
{
  TerranePythonDist *self = data;
  g_free (self->name);
  g_free (self->normalised);
  g_free (self->version);
  g_free (self->requires_python);
  g_clear_pointer (&self->requires, g_ptr_array_unref);
  g_clear_pointer (&self->tags, g_ptr_array_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePythonDist, dist_free)

void
terrane_python_free (TerranePython *self)
{
  if (self == NULL)
    return;
  terrane_python_base_clear (&self->base);
  g_clear_pointer (&self->places, g_ptr_array_unref);
  g_clear_pointer (&self->dists, g_ptr_array_unref);
  g_free (self);
}

static TerraneNode *
child (const TerraneNode *directory, const char *name)
{
  return directory->type == OCI_ENTRY_DIRECTORY
             ? terrane_node_child (directory, name, strlen (name))
             : NULL;
}

static gboolean
take_tag (gpointer data, const char *name, const char *value, G_GNUC_UNUSED GError **error)
{
  TerranePythonDist *self = data;
  if (g_ascii_strcasecmp (name, "Tag") == 0 && self->tags->len < 1000)
    g_ptr_array_add (self->tags, g_strdup (value));
  return TRUE;
}

static gboolean
take_budget (uint64_t *left, uint64_t size, GError **error)
{
  if (size > *left)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "the metadata of the image's Python packages has more than %d MiB",
                      MAX_ALL_METADATA_BYTES / MIB);
  *left -= size;
  return TRUE;
}

/* An egg-info directory has its requirements in a separate file. */
static gboolean
read_egg_requires (TerranePythonDist *self, const TerraneImageView *view, uint64_t *left,
                   GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!terrane_image_view_read (view, child (self->node, "requires.txt"), MAX_METADATA_BYTES,
                                &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data, size);
  if (!take_budget (left, size * TERRANE_EGG_REQUIRES_GROWTH, error))
    return FALSE;
  g_ptr_array_unref (self->requires);
  self->requires = terrane_egg_requires_parse (text);
  return TRUE;
}

/* PEP 376: INSTALLER is "rpm" for packages of Fedora's family. Debian's have a directory of their
 * own. */
static gboolean
read_installer (TerranePythonDist *self, const TerraneImageView *view, GError **error)
{
  static const char *const systems[] = { "rpm", "debian", "dpkg", "apk", NULL };
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *directory = terrane_node_path (self->directory);
  self->system = strcmp (directory, "usr/lib/python3/dist-packages") == 0;
  if (!terrane_image_view_read (view, child (self->node, "INSTALLER"), MAX_INSTALLER_BYTES, &bytes,
                                error))
    return FALSE;
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autofree char *text = g_strndup (data != NULL ? data : "", size);
  self->system = self->system || g_strv_contains (systems, g_strstrip (text));
  return TRUE;
}

/* *@out_dist is %NULL if there is nothing that Python's importlib.metadata would understand. */
static gboolean
read_dist (const TerraneImageView *view, TerraneNode *node, uint64_t *left,
           TerranePythonDist **out_dist, GError **error)
{
  gboolean egg = g_str_has_suffix (node->name, ".egg-info");
  const TerraneNode *file = !egg                                ? child (node, "METADATA")
                            : node->type == OCI_ENTRY_DIRECTORY ? child (node, "PKG-INFO")
                                                                : node;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) wheel = NULL;
  *out_dist = NULL;
  if (!terrane_image_view_read (view, file, MAX_METADATA_BYTES, &bytes, error)
      || !terrane_image_view_read (view, child (node, "WHEEL"), MAX_METADATA_BYTES, &wheel, error))
    return FALSE;
  uint64_t size = (bytes != NULL ? g_bytes_get_size (bytes) : 0)
                  + (wheel != NULL ? g_bytes_get_size (wheel) : 0);
  if (!take_budget (left, size, error))
    return FALSE;
  g_autoptr (TerraneMetadata) metadata =
      bytes != NULL ? terrane_metadata_parse (bytes, NULL) : NULL;
  if (metadata == NULL)
    return TRUE;
  g_autoptr (TerranePythonDist) self = g_new0 (TerranePythonDist, 1);
  self->node = node;
  self->directory = node->parent;
  self->normalised = terrane_python_normalise_name (metadata->name);
  self->name = g_steal_pointer (&metadata->name);
  self->version = g_steal_pointer (&metadata->version);
  self->requires_python = g_steal_pointer (&metadata->requires_python);
  self->requires = g_ptr_array_ref (metadata->requires_dist);
  self->tags = g_ptr_array_new_with_free_func (g_free);
  if (wheel != NULL)
    (void) terrane_headers_parse (wheel, take_tag, self, NULL);
  if (!read_installer (self, view, error))
    return FALSE;
  if (egg && node->type == OCI_ENTRY_DIRECTORY && !read_egg_requires (self, view, left, error))
    return FALSE;
  *out_dist = g_steal_pointer (&self);
  return TRUE;
}

static gboolean
read_place (TerranePython *self, const TerraneImageView *view, const TerraneNode *directory,
            uint64_t *left, GError **error)
{
  for (guint i = 0; i < directory->children->len; i++)
    {
      TerraneNode *node = directory->children->pdata[i];
      TerranePythonDist *dist = NULL;
      if ((!g_str_has_suffix (node->name, ".dist-info")
           && !g_str_has_suffix (node->name, ".egg-info"))
          || self->dists->len >= MAX_DISTS)
        continue;
      if (!read_dist (view, node, left, &dist, error))
        return FALSE;
      if (dist != NULL)
        g_ptr_array_add (self->dists, dist);
    }
  return TRUE;
}

/* A configuration may contain anything. */
static const char *
architecture (const TerraneImageView *view)
{
  const OciArchitecture *known =
      oci_architecture_find (oci_image_config_architecture (view->config));
  return known != NULL ? known->name : "unknown";
}

TerranePython *
terrane_python_new (const TerraneImageView *view, gboolean lambda, GError **error)
{
  g_autoptr (TerranePython) self = g_new0 (TerranePython, 1);
  g_autofree char *path = terrane_image_view_env (view, "PATH");
  self->dists = g_ptr_array_new_with_free_func (dist_free);
  if (!terrane_python_base_find_in (view->store, view->tree, path, &self->base, error))
    return NULL;
  if (self->base.interpreter == NULL)
    return g_steal_pointer (&self);
  self->target = (TerranePythonTarget){ .python_major = self->base.python_major,
                                        .python_minor = self->base.python_minor,
                                        .python_patch = self->base.python_patch,
                                        .has_patch = self->base.has_patch,
                                        .libc = self->base.libc,
                                        .libc_major = self->base.libc_major,
                                        .libc_minor = self->base.libc_minor,
                                        .architecture = architecture (view) };
  if (!terrane_python_path_find (view, &self->base, lambda, &self->places, error))
    return NULL;
  uint64_t left = MAX_ALL_METADATA_BYTES;
  for (guint i = 0; i < self->places->len; i++)
    if (!read_place (self, view, ((TerranePythonPlace *) self->places->pdata[i])->directory, &left,
                     error))
      return NULL;
  return g_steal_pointer (&self);
}

const TerranePythonDist *
terrane_python_find (const TerranePython *self, const char *normalised)
{
  for (guint i = 0; i < self->dists->len; i++)
    {
      const TerranePythonDist *dist = self->dists->pdata[i];
      if (strcmp (dist->normalised, normalised) == 0)
        return dist;
    }
  return NULL;
}

/* Returns the index of "@name." among the sorted children, or where it would be. */
static guint
find_dotted (const TerraneNode *directory, const char *name, size_t len)
{
  guint low = 0, high = directory->children->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const char *other = ((TerraneNode *) directory->children->pdata[middle])->name;
      int order = strncmp (other, name, len);
      if (order < 0 || (order == 0 && (guint8) other[len] < (guint8) '.'))
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* "NAME.py", "NAME.pyc", "NAME.abi3.so", …, or a directory, which may be a namespace package. */
static gboolean
has_child_module (const TerraneNode *directory, const char *name, const TerraneNode **out_package)
{
  size_t len = strlen (name);
  gboolean found = FALSE;
  *out_package = child (directory, name);
  for (guint i = find_dotted (directory, name, len); i < directory->children->len && !found; i++)
    {
      const TerraneNode *node = directory->children->pdata[i];
      if (strncmp (node->name, name, len) != 0 || node->name[len] != '.')
        break;
      found = strcmp (node->name + len, ".py") == 0 || strcmp (node->name + len, ".pyc") == 0
              || g_str_has_suffix (node->name, ".so");
    }
  return found || (*out_package != NULL && (*out_package)->type != OCI_ENTRY_FILE);
}

static gboolean
has_module_below (const TerraneNode *directory, char *const *parts)
{
  const TerraneNode *package = NULL;
  if (!has_child_module (directory, parts[0], &package))
    return FALSE;
  if (parts[1] == NULL || package == NULL || package->type == OCI_ENTRY_SYMLINK)
    return TRUE; /* the target of a link, or a module made at run time, is assumed to exist */
  return has_module_below (package, parts + 1);
}

gboolean
terrane_python_has_module (const TerranePython *self, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  for (guint i = 0; parts[0] != NULL && i < self->places->len; i++)
    if (has_module_below (((TerranePythonPlace *) self->places->pdata[i])->directory, parts))
      return TRUE;
  return FALSE;
}

/* The first field of a line of CSV. */
static char *
first_field (const char *line)
{
  if (line[0] != '"')
    return g_strndup (line, strcspn (line, ",\r"));
  GString *field = g_string_new (NULL);
  for (const char *p = line + 1; *p != '\0' && (*p != '"' || p[1] == '"'); p++)
    {
      g_string_append_c (field, *p);
      p += *p == '"';
    }
  return g_string_free (field, FALSE);
}

/* Called for a field of the list and the node that it refers to, (nullable). */
typedef void (*ListFunc) (const char *field, TerraneNode *node, gpointer data);

/* *@out_found: whether there is a list */
static gboolean
read_list (const TerranePythonDist *self, const TerraneImageView *view, ListFunc func,
           gpointer data, gboolean *out_found, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const TerraneNode *list = child (self->node, "RECORD");
  const TerraneNode *start = self->directory;
  if (list == NULL)
    {
      list = child (self->node, "installed-files.txt"); /* setuptools: relative to itself */
      start = self->node;
    }
  if (!terrane_image_view_read (view, list, MAX_RECORD_BYTES, &bytes, error))
    return FALSE;
  *out_found = bytes != NULL;
  if (bytes == NULL)
    return TRUE;
  gsize size = 0;
  const char *content = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (content, size);
  g_autofree char *root = terrane_node_path (start);
  for (char *line = text, *next = NULL; line != NULL; line = next)
    {
      next = strchr (line, '\n');
      if (next != NULL)
        *next++ = '\0';
      g_autofree char *field = first_field (line);
      if (field[0] == '\0')
        continue;
      g_autofree char *path =
          field[0] == '/' ? g_strdup (field) : g_strconcat (root, "/", field, NULL);
      func (field, terrane_tree_follow (view->tree, path), data);
    }
  return TRUE;
}

typedef struct
{
  GPtrArray *files;
  GHashTable *seen; /* of TerraneNode */
} Files;

static void
take_file (G_GNUC_UNUSED const char *field, TerraneNode *node, gpointer data)
{
  Files *self = data;
  if (node != NULL && node->type == OCI_ENTRY_FILE && g_hash_table_add (self->seen, node))
    g_ptr_array_add (self->files, node);
}

gboolean
terrane_python_dist_files (const TerranePythonDist *self, const TerraneImageView *view,
                           GPtrArray **out_files, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Files list = { files, seen };
  gboolean found = FALSE;
  *out_files = NULL;
  if (!read_list (self, view, take_file, &list, &found, error))
    return FALSE;
  *out_files = found ? g_steal_pointer (&files) : NULL;
  return TRUE;
}

typedef struct
{
  const TerraneImageView *view;
  char *root; /* path that the fields are relative to */
  void (*func) (TerraneNode *node, gpointer data);
  gpointer data;
} Owned;

static void
take_owned (const char *field, G_GNUC_UNUSED TerraneNode *followed, gpointer data)
{
  const Owned *self = data;
  g_autofree char *path = oci_path_join (self->root, field);
  g_autofree char *normalised = NULL;
  TerraneNode *node = oci_path_normalise (path, &normalised, NULL)
                          ? terrane_tree_lookup (self->view->tree, normalised)
                          : NULL;
  if (node != NULL && node->type != OCI_ENTRY_DIRECTORY)
    self->func (node, self->data);
}

gboolean
terrane_python_dist_owned (const TerranePythonDist *self, const TerraneImageView *view,
                           void (*func) (TerraneNode *node, gpointer data), gpointer data,
                           GError **error)
{
  gboolean found = FALSE;
  g_autofree char *root = terrane_node_path (self->directory);
  Owned owned = { .view = view, .root = root, .func = func, .data = data };
  return read_list (self, view, take_owned, &owned, &found, error);
}

static void
take_absent (const char *field, TerraneNode *node, gpointer data)
{
  GPtrArray *paths = data;
  if (node == NULL && paths->len < MAX_ABSENT)
    g_ptr_array_add (paths, g_strdup (field));
}

gboolean
terrane_python_dist_absent_files (const TerranePythonDist *self, const TerraneImageView *view,
                                  GPtrArray **out_paths, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  gboolean found = FALSE;
  *out_paths = NULL;
  if (!read_list (self, view, take_absent, paths, &found, error))
    return FALSE;
  *out_paths = found ? g_steal_pointer (&paths) : NULL;
  return TRUE;
}
