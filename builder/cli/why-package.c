#include "builder/cli/why-package.h"

#include "builder/cli/command.h"
#include "builder/python/dependency.h"
#include "builder/python/marker.h"
#include "builder/python/name.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_SHOWN = 8, /* packages, unless all are requested */
};

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  const GPtrArray *packages; /* of TerranePackage */
  const char *name;
  char *normalised;
} Question;

static gboolean
is_asked_for (const Question *self, const TerranePackage *package)
{
  return package->dist != NULL ? strcmp (package->dist->normalised, self->normalised) == 0
                               : strcmp (package->name, self->name) == 0;
}

static void
set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL)
    oci_json_set (object, key, oci_json_text (text));
}

static json_t *
describe (const Question *self, const TerranePackage *package)
{
  json_t *object = json_object ();
  g_autofree char *relative = terrane_node_path (package->node);
  g_autofree char *path = g_strconcat ("/", relative, NULL);
  set_text (object, "kind", package->dist != NULL ? "python" : "debian");
  set_text (object, "name", package->name);
  set_text (object, "version", package->version);
  set_text (object, "path", path);
  set_text (object, "tree", terrane_image_view_tree (self->view, package->node));
  return object;
}

static json_t *
describe_whole (const Question *self, const TerranePackage *package)
{
  json_t *object = describe (self, package);
  if (package->files->len > 0)
    {
      oci_json_set (object, "files", json_integer (package->files->len));
      oci_json_set (object, "size", json_integer ((json_int_t) package->bytes));
    }
  if (package->dist != NULL)
    oci_json_set (object, "used",
                  json_boolean (terrane_python_find (self->python, package->dist->normalised)
                                == package->dist));
  return object;
}

/* Whether the requirement applies here. */
static gboolean
marker_holds (const Question *self, const TerraneDependency *dependency)
{
  gboolean holds = TRUE;
  return dependency->marker == NULL
         || (terrane_marker_evaluate (dependency->marker, &self->python->target, NULL, &holds, NULL)
             && holds);
}

/* Describes one requirement; @dependency: the parsed one */
static json_t *
describe_requirement (const Question *self, const char *text, const TerraneDependency *dependency)
{
  json_t *object = json_object ();
  const TerranePythonDist *found = terrane_python_find (self->python, dependency->normalised);
  set_text (object, "requirement", text);
  oci_json_set (object, "applies", json_boolean (marker_holds (self, dependency)));
  set_text (object, "installed", found != NULL ? found->version : NULL);
  return object;
}

/* Returns the names in "libc6 (>= 2.34), a | b:any". */
static char **
debian_names (const char *depends)
{
  g_auto (GStrv) parts = g_strsplit_set (depends != NULL ? depends : "", ",|", -1);
  GPtrArray *names = g_ptr_array_new ();
  for (char **part = parts; *part != NULL; part++)
    {
      const char *start = *part + strspn (*part, " ");
      g_ptr_array_add (names, g_strndup (start, strcspn (start, " (:")));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static const TerranePackage *
find_debian (const Question *self, const char *name)
{
  for (guint i = 0; i < self->packages->len; i++)
    {
      const TerranePackage *package = self->packages->pdata[i];
      if (package->dist == NULL && strcmp (package->name, name) == 0)
        return package;
    }
  return NULL;
}

static void
list_requires (const Question *self, const TerranePackage *package, json_t *requires)
{
  for (guint i = 0; package->dist != NULL && i < package->dist->requires->len; i++)
    {
      const char *text = package->dist->requires->pdata[i];
      g_autoptr (TerraneDependency) dependency = terrane_dependency_parse (text, NULL);
      if (dependency != NULL)
        oci_json_append (requires, describe_requirement (self, text, dependency));
    }
  g_auto (GStrv) names = debian_names (package->dist == NULL ? package->depends : NULL);
  for (char **name = names; *name != NULL; name++)
    {
      const TerranePackage *found = find_debian (self, *name);
      json_t *object = json_object ();
      set_text (object, "requirement", *name);
      oci_json_set (object, "applies", json_true ());
      set_text (object, "installed", found != NULL ? found->version : NULL);
      oci_json_append (requires, object);
    }
}

static void
list_dependents (const Question *self, const TerranePackage *other, gboolean python,
                 gboolean debian, json_t *dependents)
{
  for (guint i = 0; python && other->dist != NULL && i < other->dist->requires->len; i++)
    {
      const char *text = other->dist->requires->pdata[i];
      g_autoptr (TerraneDependency) dependency = terrane_dependency_parse (text, NULL);
      if (dependency == NULL || strcmp (dependency->normalised, self->normalised) != 0)
        continue;
      json_t *object = describe (self, other);
      set_text (object, "requirement", text);
      oci_json_set (object, "applies", json_boolean (marker_holds (self, dependency)));
      oci_json_append (dependents, object);
    }
  g_auto (GStrv) names = debian_names (other->dist == NULL ? other->depends : NULL);
  if (!debian || !g_strv_contains ((const char *const *) names, self->name))
    return;
  json_t *object = describe (self, other);
  set_text (object, "requirement", self->name);
  oci_json_set (object, "applies", json_true ());
  oci_json_append (dependents, object);
}

static json_t *
answer (const Question *self)
{
  g_autoptr (OciJsonValue) found = json_array ();
  g_autoptr (OciJsonValue) requires = json_array ();
  g_autoptr (OciJsonValue) dependents = json_array ();
  gboolean python = FALSE, debian = FALSE;
  for (guint i = 0; i < self->packages->len; i++)
    {
      const TerranePackage *package = self->packages->pdata[i];
      if (!is_asked_for (self, package))
        continue;
      /* Of several distributions, the first is used. */
      if (package->dist == NULL || !python)
        list_requires (self, package, requires);
      python = python || package->dist != NULL;
      debian = debian || package->dist == NULL;
      oci_json_append (found, describe_whole (self, package));
    }
  if (json_array_size (found) == 0)
    return NULL;
  for (guint i = 0; i < self->packages->len; i++)
    list_dependents (self, self->packages->pdata[i], python, debian, dependents);
  json_t *document = json_object ();
  set_text (document, "name", self->name);
  oci_json_set (document, "packages", json_incref (found));
  oci_json_set (document, "requires", json_incref (requires));
  oci_json_set (document, "required_by", json_incref (dependents));
  return document;
}

gboolean
terrane_why_package (const TerraneImageView *view, const char *name, json_t **out_document,
                     GError **error)
{
  g_autoptr (GPtrArray) packages = NULL;
  g_autofree char *normalised = terrane_python_normalise_name (name);
  g_autoptr (TerranePython) python = terrane_python_new (view, TRUE, error);
  if (python == NULL || !terrane_packages_find (view, python, &packages, error))
    return FALSE;
  const Question question = {
    .view = view, .python = python, .packages = packages, .name = name, .normalised = normalised
  };
  *out_document = answer (&question);
  return TRUE;
}

static char *
show_member (const json_t *object, const char *key)
{
  return oci_show (json_string_value (json_object_get (object, key)));
}

static void
print_package (const json_t *package)
{
  g_autofree char *name = show_member (package, "name");
  g_autofree char *version = show_member (package, "version");
  g_autofree char *path = show_member (package, "path"), *tree = show_member (package, "tree");
  g_autofree char *size =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (package, "size")));
  terrane_print ("%s %s, %s in %s", name, version, path, tree);
  if (json_object_get (package, "files") != NULL)
    terrane_print (": %" JSON_INTEGER_FORMAT " files, %s",
                   json_integer_value (json_object_get (package, "files")), size);
  terrane_print ("%s\n", json_is_false (json_object_get (package, "used"))
                             ? "; not used, another one comes first"
                             : "");
}

/* "required by 12 packages: a, b (not installed) … and 2 more", of those that apply */
static void
print_in_short (const json_t *items, const char *what, const char *key, gboolean installed)
{
  size_t i, count = 0;
  json_t *item;
  g_autoptr (GString) list = g_string_new (NULL);
  json_array_foreach ((json_t *) items, i, item)
  {
    if (!json_is_true (json_object_get (item, "applies")) || ++count > MAX_SHOWN)
      continue;
    const char *text = json_string_value (json_object_get (item, key));
    g_autofree char *start = g_strndup (text, strcspn (text, " ;<>=!~[(@")); /* of a requirement */
    g_autofree char *name = oci_show (start);
    gboolean missing = installed && json_object_get (item, "installed") == NULL;
    g_string_append_printf (list, "%s%s%s", count > 1 ? ", " : ": ", name,
                            missing ? " (not installed)" : "");
  }
  terrane_print ("%s %zu package%s%s", what, count, count == 1 ? "" : "s", list->str);
  if (count > MAX_SHOWN)
    terrane_print (" and %zu more", count - MAX_SHOWN);
  terrane_print ("\n");
}

void
terrane_why_package_print (const json_t *document)
{
  size_t i;
  json_t *item;
  json_array_foreach (json_object_get (document, "packages"), i, item) print_package (item);
  print_in_short (json_object_get (document, "required_by"), "required by", "name", FALSE);
  print_in_short (json_object_get (document, "requires"), "requires", "requirement", TRUE);
}

void
terrane_why_package_print_all (const json_t *document)
{
  const json_t *requires = json_object_get (document, "requires");
  const json_t *dependents = json_object_get (document, "required_by");
  size_t i;
  json_t *item;
  json_array_foreach (json_object_get (document, "packages"), i, item) print_package (item);
  terrane_print ("\nrequired by %zu\n", json_array_size (dependents));
  json_array_foreach (dependents, i, item)
  {
    g_autofree char *name = show_member (item, "name"), *text = show_member (item, "requirement");
    terrane_print ("  %s: %s%s\n", name, text,
                   json_is_true (json_object_get (item, "applies")) ? ""
                                                                    : ", which does not apply");
  }
  terrane_print ("\nrequires %zu\n", json_array_size (requires));
  json_array_foreach (requires, i, item)
  {
    const json_t *installed = json_object_get (item, "installed");
    g_autofree char *text = show_member (item, "requirement");
    g_autofree char *version = show_member (item, "installed");
    terrane_print ("  %s: %s%s%s\n", text, installed != NULL ? "installed " : "not installed",
                   installed != NULL ? version : "",
                   json_is_true (json_object_get (item, "applies")) ? "" : "; does not apply");
  }
}
