#include "builder/check/python.h"

#include "builder/check/report.h"

#include "builder/check/python-bytecode.h"
#include "builder/check/python-extensions.h"
#include "builder/check/python-numpy.h"
#include "builder/python/dependency.h"
#include "builder/python/marker.h"
#include "builder/python/name.h"
#include "builder/python/select.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_ENTRY_POINTS_BYTES = 1024 * 1024,
  MAX_ATTRIBUTES = 2,      /* a class and its method */
  MAX_ENTRY_POINTS = 1000, /* of a distribution; those of Ansible and Airflow are some 200 */
};

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  TerraneFindings *findings;
  GHashTable *modules; /* name -> whether Python finds it */
} Check;

/* Whether the result depends on the patch version, which was not found. @node: of the finding */
static gboolean
is_unknown (const Check *self, const char *marker)
{
  return !self->python->target.has_patch
         && terrane_marker_depends_on_patch (marker, &self->python->target, NULL);
}

static void
check_requirement (const Check *self, const TerranePythonDist *dist, const char *text)
{
  g_autoptr (TerraneDependency) wanted = terrane_dependency_parse (text, NULL);
  gboolean holds = TRUE;
  if (wanted == NULL
      || (wanted->marker != NULL
          && (!terrane_marker_evaluate (wanted->marker, &self->python->target, NULL, &holds, NULL)
              || !holds || is_unknown (self, wanted->marker))))
    return; /* pip does not install unreadable ones either */
  const TerranePythonDist *found = terrane_python_find (self->python, wanted->normalised);
  g_autofree char *name = oci_quote (dist->name), *other = oci_quote (wanted->name);
  g_autofree char *specifiers = oci_quote (wanted->specifiers);
  if (found == NULL)
    {
      terrane_report_finding (self->view, self->findings, "python.missing-requirement",
                              /* The system's packages have requirements of their own, and their
                               * maintainers may know better than the authors. */
                              dist->system ? TERRANE_SEVERITY_NOTE : TERRANE_SEVERITY_WARNING,
                              dist->node,
                              "install it too, or turn this off when nothing that you use needs it",
                              "%s needs %s%s%s, and it is not installed", name, other,
                              wanted->specifiers[0] != '\0' ? " " : "",
                              wanted->specifiers[0] != '\0' ? specifiers : "");
      return;
    }
  gboolean matches = TRUE;
  g_autoptr (TerraneVersion) version = terrane_version_parse (found->version, NULL);
  if (version == NULL || !terrane_version_matches (version, wanted->specifiers, &matches, NULL)
      || matches)
    return;
  g_autofree char *got = oci_quote (found->version);
  g_autofree char *where = terrane_image_view_quote (self->view, found->node);
  terrane_report_finding (
      self->view, self->findings, "python.version-conflict", TERRANE_SEVERITY_WARNING, dist->node,
      "take versions that fit, as pip would", "%s needs %s %s, and Python finds %s, %s", name,
      other, specifiers, got, where);
}

static void
check_tags (const Check *self, const TerranePythonDist *dist)
{
  if (dist->system) /* its tags are those of the machine where the distribution built it */
    return;
  g_autofree char *problem =
      terrane_tags_explain_wheel (&self->python->target, dist->name, dist->tags);
  if (problem != NULL)
    terrane_report_finding (self->view, self->findings, "python.wheel-tag",
                            TERRANE_SEVERITY_WARNING, dist->node, TERRANE_WHEEL_TAG_FIX, "%s",
                            problem);
}

static void
check_requires_python (const Check *self, const TerranePythonDist *dist)
{
  if (dist->requires_python == NULL
      || terrane_select_allows_python (dist->requires_python, &self->python->target))
    return;
  g_autofree char *name = oci_quote (dist->name), *wanted = oci_quote (dist->requires_python);
  g_autofree char *version = terrane_select_describe_python (&self->python->target);
  terrane_report_finding (self->view, self->findings, "python.requires-python",
                          TERRANE_SEVERITY_WARNING, dist->node,
                          "take a version of it for the image's Python",
                          "%s needs Python %s, the image has %s", name, wanted, version);
}

/* In one directory this is the remainder of an upgrade, and it is a matter of chance which one is
 * used. A function's copy of a package of the runtime is common. */
static void
check_duplicate (const Check *self, const TerranePythonDist *dist)
{
  const TerranePythonDist *first = terrane_python_find (self->python, dist->normalised);
  if (first == dist)
    return;
  gboolean beside = first->directory == dist->directory;
  g_autofree char *name = oci_quote (dist->name), *version = oci_quote (dist->version);
  g_autofree char *other = oci_quote (first->version);
  g_autofree char *where = terrane_image_view_quote (self->view, first->node);
  terrane_report_finding (self->view, self->findings, "python.duplicate-distribution",
                          beside ? TERRANE_SEVERITY_WARNING : TERRANE_SEVERITY_NOTE, dist->node,
                          beside ? "install into an empty directory" : NULL,
                          "%s %s is installed too as %s, %s%s", name, version, other, where,
                          beside ? "; the files of both may be mixed" : ", which comes first");
}

static gboolean
has_module (const Check *self, const char *name)
{
  gpointer known = NULL;
  if (g_hash_table_lookup_extended (self->modules, name, NULL, &known))
    return GPOINTER_TO_INT (known);
  gboolean found = terrane_python_has_module (self->python, name);
  g_hash_table_insert (self->modules, g_strdup (name), GINT_TO_POINTER (found));
  return found;
}

/* @out_attributes: number of parts at the end of the module that may be attributes: custom groups,
 * such as fsspec's, write a class or its method as "s3fs.S3FileSystem". Returns: (transfer full)
 * (nullable): the module of the line, which is truncated after the name */
static char *
take_module (char *line, unsigned *out_attributes)
{
  char *value = strchr (line, '=');
  if (value == NULL || line[0] == '#' || line[0] == ';')
    return NULL;
  *value++ = '\0';
  *out_attributes = strchr (value, ':') != NULL ? 0 : MAX_ATTRIBUTES;
  return g_strstrip (g_strndup (value, strcspn (value, ":[")));
}

static gboolean
has_module_of (const Check *self, const char *module, unsigned attributes)
{
  if (has_module (self, module))
    return TRUE;
  const char *dot = attributes > 0 ? strrchr (module, '.') : NULL;
  g_autofree char *above = dot != NULL ? g_strndup (module, (gsize) (dot - module)) : NULL;
  return above != NULL && has_module_of (self, above, attributes - 1);
}

static void
check_entry_point (const Check *self, const TerranePythonDist *dist, char *line, const char *module,
                   unsigned attributes)
{
  if (module[0] == '\0'
      || strspn (module, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789_.")
             != strlen (module)
      || has_module_of (self, module, attributes))
    return;
  g_autofree char *name = oci_quote (dist->name), *point = oci_quote (g_strstrip (line));
  g_autofree char *quoted = oci_quote (module);
  terrane_report_finding (
      self->view, self->findings, "python.broken-entry-point", TERRANE_SEVERITY_WARNING, dist->node,
      "remove the package as a whole, or not its modules",
      "%s has an entry point %s, and its module %s is not there", name, point, quoted);
}

static void
check_lines (const Check *self, const TerranePythonDist *dist, char **lines)
{
  guint count = 0;
  for (char **line = lines; *line != NULL; line++)
    {
      unsigned attributes = 0;
      g_autofree char *module = take_module (g_strstrip (*line), &attributes);
      if (module == NULL)
        continue;
      if (count++ == MAX_ENTRY_POINTS)
        {
          g_autofree char *name = oci_quote (dist->name);
          terrane_report_finding (self->view, self->findings, "python.broken-entry-point",
                                  TERRANE_SEVERITY_NOTE, dist->node, NULL,
                                  "%s has more than %d entry points; the rest were not looked at",
                                  name, MAX_ENTRY_POINTS);
          return;
        }
      check_entry_point (self, dist, *line, module, attributes);
    }
}

/* Whether @file has a line that site executes, which may add a finder of modules to
 * sys.meta_path. */
static gboolean
has_import_line (const Check *self, const TerraneNode *file, gboolean *out_has, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  if (!terrane_image_view_read (self->view, file, MAX_ENTRY_POINTS_BYTES, &bytes, error))
    return FALSE;
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autofree char *text = g_strndup (data != NULL ? data : "", size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  *out_has = FALSE;
  for (char **line = lines; *line != NULL; line++)
    *out_has =
        *out_has || g_str_has_prefix (*line, "import ") || g_str_has_prefix (*line, "import\t");
  return TRUE;
}

/* "__editable__.NAME-VERSION.pth", written by setuptools */
static gboolean
is_editable_pth (const TerranePythonDist *dist, const char *name)
{
  static const char prefix[] = "__editable__.";
  if (!g_str_has_prefix (name, prefix) || !g_str_has_suffix (name, ".pth"))
    return FALSE;
  const char *start = name + strlen (prefix);
  g_autofree char *project = g_strndup (start, strcspn (start, "-"));
  g_autofree char *normalised = terrane_python_normalise_name (project);
  return strcmp (normalised, dist->normalised) == 0;
}

/* PEP 610: direct_url.json of `pip install -e` */
static gboolean
says_editable (const Check *self, const TerranePythonDist *dist, gboolean *out_editable,
               GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const char *name = "direct_url.json";
  const TerraneNode *file = dist->node->type == OCI_ENTRY_DIRECTORY
                                ? terrane_node_child (dist->node, name, strlen (name))
                                : NULL;
  *out_editable = FALSE;
  if (!terrane_image_view_read (self->view, file, MAX_ENTRY_POINTS_BYTES, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  OciJson root = { 0 };
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (name, bytes, OCI_ERROR_FORMAT, &root, NULL);
  const json_t *info = document != NULL ? json_object_get (root.value, "dir_info") : NULL;
  *out_editable = json_is_true (json_object_get (info, "editable"));
  return TRUE;
}

/* Whether @dist is installed as a link to its source: its modules are found by code. */
static gboolean
is_editable (const Check *self, const TerranePythonDist *dist, gboolean *out_editable,
             GError **error)
{
  if (!says_editable (self, dist, out_editable, error))
    return FALSE;
  for (guint i = 0; !*out_editable && i < dist->directory->children->len; i++)
    {
      const TerraneNode *file = dist->directory->children->pdata[i];
      if (is_editable_pth (dist, file->name) && !has_import_line (self, file, out_editable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_entry_points (const Check *self, const TerranePythonDist *dist, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const TerraneNode *file =
      dist->node->type == OCI_ENTRY_DIRECTORY
          ? terrane_node_child (dist->node, "entry_points.txt", strlen ("entry_points.txt"))
          : NULL;
  if (!terrane_image_view_read (self->view, file, MAX_ENTRY_POINTS_BYTES, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  gboolean editable = FALSE;
  if (!is_editable (self, dist, &editable, error))
    return FALSE;
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  if (!editable)
    check_lines (self, dist, lines);
  return TRUE;
}

/* Finds a non-empty "lib/python3.N/site-packages" of a Python that does not exist. */
static gboolean
visit_directory (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
                 G_GNUC_UNUSED GError **error)
{
  const Check *self = data;
  if (node->type != OCI_ENTRY_DIRECTORY || node->children->len == 0 || node->parent == NULL
      || node->parent->name == NULL || !g_str_has_prefix (node->parent->name, "python3.")
      || (strcmp (node->name, "site-packages") != 0 && strcmp (node->name, "dist-packages") != 0)
      || terrane_python_path_has (self->python->places, node))
    return TRUE;
  const char *version = node->parent->name;
  g_autofree char *ours = g_strdup_printf ("python3.%u", self->python->base.python_minor);
  const TerraneNode *prefix = node->parent->parent != NULL ? node->parent->parent->parent : NULL;
  g_autofree char *root = prefix != NULL ? terrane_node_path (prefix) : g_strdup ("");
  g_autofree char *own = g_strdup_printf ("%s/bin/%s", root, version);
  g_autofree char *usual = g_strconcat ("usr/bin/", version, NULL);
  if (strcmp (version, ours) == 0 || terrane_tree_follow (self->view->tree, own) != NULL
      || terrane_tree_follow (self->view->tree, usual) != NULL)
    return TRUE;
  g_autofree char *quoted = oci_quote (version);
  terrane_report_finding (
      self->view, self->findings, "python.other-version", TERRANE_SEVERITY_WARNING, node,
      "install the packages for the image's Python",
      "only %s looks here, which is not in the image; its Python is %u.%u", quoted,
      self->python->target.python_major, self->python->target.python_minor);
  return TRUE;
}

static gboolean
check_dists (const Check *self, GError **error)
{
  for (guint i = 0; i < self->python->dists->len; i++)
    {
      const TerranePythonDist *dist = self->python->dists->pdata[i];
      check_duplicate (self, dist);
      if (terrane_python_find (self->python, dist->normalised) != dist)
        continue;
      check_tags (self, dist);
      check_requires_python (self, dist);
      for (guint k = 0; k < dist->requires->len; k++)
        check_requirement (self, dist, dist->requires->pdata[k]);
      if (!check_entry_points (self, dist, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_check_python (const TerraneCheck *check, const TerraneCheckFacts *facts,
                      TerraneFindings *findings, GError **error)
{
  const TerraneImageView *view = check->view;
  const TerranePython *python = facts->python;
  if (python->base.interpreter == NULL)
    return TRUE;
  g_autoptr (GHashTable) modules = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Check self = { .view = view, .python = python, .findings = findings, .modules = modules };
  (void) terrane_tree_foreach (view->tree, visit_directory, &self, NULL); /* cannot fail */
  terrane_check_extensions (view, python, findings);
  return check_dists (&self, error) && terrane_check_numpy (view, python, findings, error)
         && terrane_check_bytecode (view, python, check->audit, check->base_has_times, findings,
                                    error);
}
