#include "builder/check/python-extensions.h"

#include "builder/facts/module-name.h"
#include "builder/python/tags.h"

#include "oci/base/text-hash.h"

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

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  char *suffix; /* ".cpython-311-x86_64-linux-gnu.so" */
  Package package;
} Walk;

/* A module is identified by its directory and the name up to the first dot. */
static char *
module_key (const TerraneNode *node)
{
  return g_strdup_printf ("%p %.*s", (void *) node->parent, (int) strcspn (node->name, "."),
                          node->name);
}

static void
take (Walk *self, TerraneNode *node)
{
  TerraneModuleKind kind = node->type == OCI_ENTRY_DIRECTORY
                               ? TERRANE_MODULE_NONE
                               : terrane_module_kind (node->name, self->suffix);
  if (kind == TERRANE_MODULE_LOADABLE)
    g_hash_table_add (self->package.loadable, module_key (node));
  else if (kind == TERRANE_MODULE_FOREIGN)
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
  gboolean given = self->view->trust_base && first->tree_number == 0;
  g_autofree char *path = terrane_node_path (first);
  g_autofree char *quoted = oci_quote (package->name);
  g_autofree char *message = g_strdup_printf (
      "%s%s of %s cannot be imported by Python %u.%u on %s, which wants %s or .abi3.so: %s%s",
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
      terrane_module_suffix (python->target.python_minor, terrane_tags_machine (&python->target),
                             python->target.libc == TERRANE_LIBC_MUSL);
  for (guint i = 0; i < python->places->len; i++)
    {
      const TerranePythonPlace *place = python->places->pdata[i];
      for (guint k = 0; k < place->directory->children->len; k++)
        {
          TerraneNode *node = place->directory->children->pdata[k];
          g_autoptr (GHashTable) loadable =
              g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
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
