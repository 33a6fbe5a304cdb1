#include "builder/facts/python-path.h"

#include "oci/base/path.h"

#include <string.h>

enum
{
  MAX_PTH_BYTES = 64 * 1024,
  MAX_PLACES = 200,
};

typedef struct
{
  const TerraneImageView *view;
  GPtrArray *places;
} Search;

static void
place_free (gpointer data)
{
  TerranePythonPlace *place = data;
  g_free (place->path);
  g_free (place);
}

gboolean
terrane_python_path_has (const GPtrArray *places, const TerraneNode *directory)
{
  for (guint i = 0; i < places->len; i++)
    if (((TerranePythonPlace *) places->pdata[i])->directory == directory)
      return TRUE;
  return FALSE;
}

static gboolean
add (Search *self, const char *path, gboolean library)
{
  const char *relative = path + strspn (path, "/");
  TerraneNode *node = terrane_tree_follow (self->view->tree, path);
  if (node == NULL || node->type != OCI_ENTRY_DIRECTORY || self->places->len >= MAX_PLACES
      || relative[0] == '\0' || terrane_python_path_has (self->places, node))
    return FALSE;
  TerranePythonPlace *place = g_new0 (TerranePythonPlace, 1);
  place->directory = node;
  place->path = g_strdup (relative);
  place->library = library;
  g_ptr_array_add (self->places, place);
  return TRUE;
}

static void
add_list (Search *self, const char *list)
{
  g_auto (GStrv) directories = g_strsplit (list != NULL ? list : "", ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    if ((*directory)[0] == '/')
      (void) add (self, *directory, FALSE);
}

/* site.addpackage(): each line is a path, unless it is code. */
static gboolean
add_pth (Search *self, const char *site, const TerraneNode *file, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!terrane_image_view_read (self->view, file, MAX_PTH_BYTES, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **each = lines; *each != NULL; each++)
    {
      const char *line = g_strstrip (*each);
      if (line[0] == '\0' || line[0] == '#' || g_str_has_prefix (line, "import ")
          || g_str_has_prefix (line, "import\t"))
        continue;
      g_autofree char *path =
          line[0] == '/' ? g_strdup (line) : g_strconcat (site, "/", line, NULL);
      (void) add (self, path, FALSE);
    }
  return TRUE;
}

/* site.addsitedir() */
static gboolean
add_site (Search *self, const char *path, GError **error)
{
  if (!add (self, path, FALSE))
    return TRUE;
  const TerraneNode *directory =
      ((TerranePythonPlace *) self->places->pdata[self->places->len - 1])->directory;
  for (guint i = 0; i < directory->children->len; i++)
    {
      const TerraneNode *child = directory->children->pdata[i];
      if (g_str_has_suffix (child->name, ".pth") && child->name[0] != '.'
          && !add_pth (self, path, child, error))
        return FALSE;
    }
  return TRUE;
}

/* sys.platlibdir: "lib64" for Fedora's family. */
static const char *const library_names[] = { "lib", "lib64", NULL };

/* Whether @prefix has the standard library, or with @landmark that file in it.
 * Returns: (transfer none) (nullable): the one of library_names that contains it */
static const char *
find_library (const TerraneImageView *view, const char *prefix, const char *version,
              const char *landmark)
{
  for (const char *const *name = library_names; *name != NULL; name++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s/%s%s", prefix, *name, version, landmark);
      if (terrane_tree_follow (view->tree, path) != NULL)
        return *name;
    }
  return NULL;
}

/* Finds the directory that contains bin/python3.N and lib/python3.N: CPython's getpath goes up from
 * the program, with links followed, until it finds the standard library. @out_library: "lib" or
 * "lib64" */
static char *
find_prefix (const TerraneImageView *view, const TerranePythonBase *python, const char *version,
             const char **out_library)
{
  const TerraneNode *program = terrane_tree_follow (view->tree, python->interpreter);
  g_autofree char *path = program != NULL ? terrane_node_path (program) : NULL;
  static const char *const usual[] = { "usr", "usr/local", "var/lang", NULL };
  for (char *slash = path != NULL ? strrchr (path, '/') : NULL; slash != NULL;
       slash = strrchr (path, '/'))
    {
      *slash = '\0';
      *out_library = find_library (view, path, version, "/os.py");
      if (*out_library != NULL)
        return g_strdup (path);
    }
  for (const char *const *prefix = usual; *prefix != NULL; prefix++)
    {
      *out_library = find_library (view, *prefix, version, "");
      if (*out_library != NULL)
        return g_strdup (*prefix);
    }
  return NULL;
}

/* PEP 405: pyvenv.cfg next to the program's directory. Returns: (transfer full) (nullable) */
static char *
find_environment (const TerraneImageView *view, const TerranePythonBase *python)
{
  g_autofree char *bin = g_path_get_dirname (python->interpreter);
  g_autofree char *environment = g_path_get_dirname (bin);
  g_autofree char *file = g_strconcat (environment, "/pyvenv.cfg", NULL);
  return terrane_tree_follow (view->tree, file) != NULL ? g_steal_pointer (&environment) : NULL;
}

char *
terrane_python_prefix (const TerraneImageView *view, const TerranePythonBase *python)
{
  if (python->interpreter == NULL)
    return NULL;
  char *environment = find_environment (view, python);
  if (environment != NULL)
    return environment;
  const char *library = NULL;
  g_autofree char *version = g_strdup_printf ("python3.%u", python->python_minor);
  g_autofree char *prefix = find_prefix (view, python, version, &library);
  return prefix != NULL ? g_strconcat ("/", prefix, NULL) : NULL;
}

/* site.getsitepackages(): if sys.platlibdir is lib64, that comes first, and lib after it. Fedora's
 * family searches /usr/local before. */
static gboolean
add_platform_sites (Search *self, const char *version, const char *prefix, GError **error)
{
  static const char *const directories[] = { "lib64", "lib", NULL };
  const char *const prefixes[] = { strcmp (prefix, "usr") == 0 ? "usr/local" : prefix, prefix,
                                   NULL };
  for (const char *const *each = prefixes; *each != NULL; each++)
    for (const char *const *directory = directories; *directory != NULL; directory++)
      {
        g_autofree char *site =
            g_strdup_printf ("%s/%s/%s/site-packages", *each, *directory, version);
        if (!add_site (self, site, error))
          return FALSE;
      }
  return TRUE;
}

/* @library: "lib" or "lib64" */
static gboolean
add_sites (Search *self, const TerranePythonBase *python, const char *version, const char *prefix,
           const char *library, GError **error)
{
  g_autofree char *environment = find_environment (self->view, python);
  if (environment != NULL)
    {
      g_autofree char *site = g_strdup_printf ("%s/lib/%s/site-packages", environment, version);
      g_autofree char *other = g_strdup_printf ("%s/lib64/%s/site-packages", environment, version);
      return add_site (self, site, error)
             && (strcmp (library, "lib64") != 0 || add_site (self, other, error));
    }
  if (strcmp (library, "lib64") == 0)
    return add_platform_sites (self, version, prefix, error);
  g_autofree char *local = g_strdup_printf ("usr/local/lib/%s/dist-packages", version);
  g_autofree char *site = g_strdup_printf ("%s/lib/%s/site-packages", prefix, version);
  gboolean debian = strcmp (prefix, "usr") == 0
                    && terrane_tree_follow (self->view->tree, "usr/lib/python3") != NULL;
  return debian ? add_site (self, local, error)
                      && add_site (self, "usr/lib/python3/dist-packages", error)
                : add_site (self, site, error);
}

gboolean
terrane_python_path_find (const TerraneImageView *view, const TerranePythonBase *python,
                          gboolean lambda, GPtrArray **out_places, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (place_free);
  Search self = { .view = view, .places = places };
  g_autofree char *version = g_strdup_printf ("python3.%u", python->python_minor);
  const char *library = NULL;
  g_autofree char *prefix = find_prefix (view, python, version, &library);
  g_autofree char *python_path = terrane_image_view_env (view, "PYTHONPATH");
  g_autofree char *task_root = terrane_image_view_env (view, "LAMBDA_TASK_ROOT");
  const char *working_dir = oci_image_config_working_dir (view->config);
  if (working_dir != NULL && working_dir[0] == '/')
    (void) add (&self, working_dir, FALSE);
  add_list (&self, python_path);
  if (lambda)
    {
      g_autofree char *layer = g_strdup_printf ("opt/python/lib/%s/site-packages", version);
      add_list (&self, task_root);
      (void) add (&self, "var/task", FALSE);
      (void) add (&self, layer, FALSE);
      (void) add (&self, "opt/python", FALSE);
      (void) add (&self, "var/runtime", FALSE);
    }
  if (prefix != NULL)
    {
      g_autofree char *standard = g_strdup_printf ("%s/%s/%s", prefix, library, version);
      g_autofree char *dynload = g_strconcat (standard, "/lib-dynload", NULL);
      (void) add (&self, standard, TRUE);
      (void) add (&self, dynload, TRUE);
      if (!add_sites (&self, python, version, prefix, library, error))
        return FALSE;
    }
  *out_places = g_steal_pointer (&places);
  return TRUE;
}
