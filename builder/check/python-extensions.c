#include "builder/check/python-extensions.h"

#include "builder/python/tags.h"

#include <string.h>

enum
{
  MAX_SHOWN = 3,
};

/* The extension modules of one package. */
typedef struct
{
  const char *name;     /* of the directory or file below the place */
  GHashTable *loadable; /* "DIRECTORY NODE" and name of modules that Python can import: a set */
  GPtrArray *foreign;   /* of TerraneNode */
} Package;

/* What an extension is for, by its name. */
typedef enum
{
  NO_EXTENSION,
  LOADABLE,
  FOREIGN,
} Kind;

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  char *suffix; /* ".cpython-311-x86_64-linux-" */
  Package package;
} Walk;

/* import looks for ".cpython-311-x86_64-linux-gnu.so", ".abi3.so" and ".so". */
static Kind
classify (const Walk *self, const char *name)
{
  const char *tag = strstr (name, ".cpython-");
  if (g_str_has_suffix (name, ".pyd") || g_str_has_suffix (name, "-darwin.so"))
    return FOREIGN;
  if (!g_str_has_suffix (name, ".so"))
    return NO_EXTENSION;
  if (tag != NULL)
    return g_str_has_prefix (tag, self->suffix) ? LOADABLE : FOREIGN;
  return strstr (name, ".abi3t.") != NULL || strstr (name, ".pypy") != NULL ? FOREIGN : LOADABLE;
}

/* A module is its directory and the name up to the first dot. */
static char *
module_key (const TerraneNode *node)
{
  return g_strdup_printf ("%p %.*s", (void *) node->parent, (int) strcspn (node->name, "."),
                          node->name);
}

static void
take (Walk *self, TerraneNode *node)
{
  Kind kind = node->type == OCI_ENTRY_DIRECTORY ? NO_EXTENSION : classify (self, node->name);
  if (kind == LOADABLE)
    g_hash_table_add (self->package.loadable, module_key (node));
  else if (kind == FOREIGN)
    g_ptr_array_add (self->package.foreign, node);
}

static void
walk (Walk *self, TerraneNode *node)
{
  take (self, node);
  if (node->type != OCI_ENTRY_DIRECTORY || terrane_python_path_has (self->python->places, node))
    return;
  for (guint i = 0; i < node->children->len; i++)
    walk (self, node->children->pdata[i]);
}

static void
report (const Walk *self, TerraneFindings *findings)
{
  const Package *package = &self->package;
  g_autoptr (GString) list = g_string_new (NULL);
  const TerraneNode *first = NULL;
  guint count = 0;
  for (guint i = 0; i < package->foreign->len; i++)
    {
      const TerraneNode *node = package->foreign->pdata[i];
      g_autofree char *key = module_key (node);
      g_autofree char *quoted = oci_quote (node->name);
      if (g_hash_table_contains (package->loadable, key))
        continue; /* the same for several systems */
      first = first != NULL ? first : node;
      if (count++ < MAX_SHOWN)
        g_string_append_printf (list, "%s%s", count > 1 ? ", " : "", quoted);
    }
  if (count == 0)
    return;
  gboolean all = g_hash_table_size (package->loadable) == 0;
  gboolean given = self->view->trust_base && first->origin == 0;
  g_autofree char *path = terrane_node_path (first);
  g_autofree char *quoted = oci_quote (package->name);
  g_autofree char *message = g_strdup_printf (
      "%s%s of %s cannot be imported by Python %u.%u on %s, which wants %sgnu.so or .abi3.so: %s%s",
      all ? "the extension module" : "some extension module", count == 1 ? "" : "s", quoted,
      self->python->target.python_major, self->python->target.python_minor,
      terrane_tags_machine (&self->python->target), self->suffix, list->str,
      count > MAX_SHOWN ? ", …" : "");
  const TerraneFinding finding = {
    .id = "python.foreign-extension",
    .severity = all && !given ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING,
    .path = path,
    .tree = terrane_image_view_tree (self->view, first),
    .message = message,
    .fix = "install the package for the image's Python and platform",
  };
  terrane_findings_add (findings, &finding);
}

void
terrane_check_extensions (const TerraneImageView *view, const TerranePython *python,
                          TerraneFindings *findings)
{
  g_autofree char *suffix =
      g_strdup_printf (".cpython-%u%u-%s-linux-", python->target.python_major,
                       python->target.python_minor, terrane_tags_machine (&python->target));
  for (guint i = 0; i < python->places->len; i++)
    {
      const TerranePythonPlace *place = python->places->pdata[i];
      for (guint k = 0; k < place->directory->children->len; k++)
        {
          TerraneNode *node = place->directory->children->pdata[k];
          g_autoptr (GHashTable) loadable =
              g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
          g_autoptr (GPtrArray) foreign = g_ptr_array_new ();
          Walk self = { .view = view,
                        .python = python,
                        .suffix = suffix,
                        .package = {
                            .name = node->name, .loadable = loadable, .foreign = foreign } };
          walk (&self, node);
          report (&self, findings);
        }
    }
}
