/* terrane why */
#include "builder/cli/image-files.h"
#include "builder/cli/why-directory.h"
#include "builder/cli/why-import.h"
#include "builder/cli/why-package.h"
#include "builder/cli/why-recipe.h"
#include "builder/facts/programs.h"

#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SHOWN = 5, /* of the files that need it, unless all are requested */
};

typedef struct
{
  const TerraneImageView *view;
  const char *name;        /* FILE or LIBRARY as the user wrote it */
  const TerraneNode *node; /* (nullable): of FILE */
  GPtrArray *files;        /* of TerraneNode: files with that name */
  GHashTable *seen;        /* "LOADER NAME" */
  json_t *needs;           /* array: {"path", "tree", "as", "by", "found"} */
} Question;

static json_t *
describe_node (const Question *self, const TerraneNode *node)
{
  json_t *object = json_object ();
  g_autofree char *relative = terrane_node_path (node);
  g_autofree char *path = g_strconcat ("/", relative, NULL);
  const char *tree = terrane_image_view_tree (self->view, node);
  oci_json_set (object, "path", oci_json_text (path));
  if (tree != NULL)
    oci_json_set (object, "tree", oci_json_text (tree));
  return object;
}

static gboolean
is_asked_for (const Question *self, const char *name, const TerraneNode *found)
{
  if (self->node != NULL)
    return found == self->node;
  return strcmp (name, self->name) == 0;
}

static void
on_need (G_GNUC_UNUSED const TerraneRoot *root, G_GNUC_UNUSED const TerraneClosure *closure,
         const TerraneLoaded *loader, const char *name, const TerraneLoaded *found,
         TerraneSearchStep step, gpointer data)
{
  Question *self = data;
  if (!is_asked_for (self, name, found != NULL ? found->entry->node : NULL))
    return;
  g_autofree char *key = g_strdup_printf ("%p %s", (const void *) loader->entry, name);
  if (!g_hash_table_add (self->seen, g_steal_pointer (&key)))
    return;
  json_t *need = describe_node (self, loader->entry->node);
  oci_json_set (need, "as", oci_json_text (name));
  if (found != NULL)
    {
      g_autofree char *path = g_strconcat ("/", found->entry->path, NULL);
      oci_json_set (need, "found", oci_json_text (path));
      oci_json_set (need, "by", oci_json_text (terrane_search_step_name (step)));
    }
  oci_json_append (self->needs, need);
}

static gboolean
match_node (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  const Question *self = data;
  if (node->type != OCI_ENTRY_DIRECTORY && strcmp (node->name, self->name) == 0)
    g_ptr_array_add (self->files, node);
  return TRUE;
}

/* Finds everything that has the name, as file or as DT_SONAME. */
static void
find_files (Question *self, const TerraneElfIndex *index)
{
  const GPtrArray *entries = terrane_elf_index_entries (index);
  (void) terrane_tree_foreach (self->view->tree, match_node, self, NULL); /* cannot fail */
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      if (g_strcmp0 (entry->elf->soname, self->name) == 0
          && !g_ptr_array_find (self->files, entry->node, NULL))
        g_ptr_array_add (self->files, entry->node);
    }
}

/* Finds libraries with the same DT_SONAME as the file: they could have been found in its place. */
static void
find_rivals (Question *self, const TerraneElfIndex *index)
{
  const TerraneElfEntry *mine = terrane_elf_index_find (index, self->node);
  const GPtrArray *entries = terrane_elf_index_entries (index);
  for (guint i = 0; mine != NULL && mine->elf->soname != NULL && i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      if (entry != mine && g_strcmp0 (entry->elf->soname, mine->elf->soname) == 0)
        g_ptr_array_add (self->files, entry->node);
    }
}

static json_t *
answer (Question *self, TerranePrograms *programs)
{
  static const TerraneProgramsVisitor visitor = { .need = on_need };
  const TerraneElfIndex *index = terrane_programs_index (programs);
  json_t *document = json_object (), *files = json_array ();
  if (self->node != NULL)
    {
      g_ptr_array_add (self->files, (gpointer) self->node);
      find_rivals (self, index);
    }
  else
    find_files (self, index);
  terrane_programs_visit (programs, &visitor, self);
  for (guint i = 0; i < self->files->len; i++)
    {
      const TerraneNode *node = self->files->pdata[i];
      const TerraneElfEntry *entry = terrane_elf_index_find (index, node);
      json_t *file = describe_node (self, node);
      if (node->type == OCI_ENTRY_SYMLINK)
        oci_json_set (file, "target", oci_json_text (node->target));
      else
        oci_json_set (file, "size", json_integer ((json_int_t) node->size));
      if (entry != NULL && entry->elf->soname != NULL)
        oci_json_set (file, "soname", oci_json_text (entry->elf->soname));
      oci_json_append (files, file);
    }
  oci_json_set (document, "name", oci_json_text (self->name));
  oci_json_set (document, "files", files);
  oci_json_set (document, "needed_by", json_incref (self->needs));
  return document;
}

static void
print_place (const json_t *object)
{
  const char *tree = json_string_value (json_object_get (object, "tree"));
  g_autofree char *path = oci_show (json_string_value (json_object_get (object, "path")));
  g_autofree char *shown = tree != NULL ? oci_show (tree) : NULL;
  terrane_print ("%s%s%s", path, shown != NULL ? " in " : "", shown != NULL ? shown : "");
}

static void
print_files (const json_t *files)
{
  size_t i;
  json_t *item;
  json_array_foreach ((json_t *) files, i, item)
  {
    const char *target = json_string_value (json_object_get (item, "target"));
    g_autofree char *size =
        oci_format_size ((uint64_t) json_integer_value (json_object_get (item, "size")));
    g_autofree char *shown = target != NULL ? oci_show (target) : NULL;
    print_place (item);
    terrane_print (target != NULL ? ", a link to %s\n" : ", %s\n", shown != NULL ? shown : size);
  }
  if (json_array_size (files) == 0)
    terrane_print ("no file of this name\n");
}

/* "needed by 34 files: /a, /b … and 29 more" @found: whether they find it */
static void
print_needs_in_short (const json_t *needs, gboolean found)
{
  size_t i, count = 0;
  json_t *item;
  g_autoptr (GString) list = g_string_new (NULL);
  json_array_foreach ((json_t *) needs, i, item)
  {
    if ((json_object_get (item, "found") != NULL) != found || ++count > MAX_SHOWN)
      continue;
    g_autofree char *path = oci_show (json_string_value (json_object_get (item, "path")));
    g_string_append_printf (list, "%s%s", count > 1 ? ", " : "", path);
  }
  if (count == 0)
    return;
  terrane_print ("%s by %zu file%s%s: %s", found ? "needed" : "not found", count,
                 count == 1 ? "" : "s",
                 found        ? ""
                 : count == 1 ? " that needs it"
                              : " that need it",
                 list->str);
  if (count > MAX_SHOWN)
    terrane_print (" and %zu more", count - MAX_SHOWN);
  terrane_print ("\n");
}

static void
print_answer (const json_t *document)
{
  const json_t *needs = json_object_get (document, "needed_by");
  print_files (json_object_get (document, "files"));
  terrane_why_recipe_print (document, FALSE);
  print_needs_in_short (needs, FALSE);
  print_needs_in_short (needs, TRUE);
  terrane_print (json_array_size (needs) > 0 ? "--verbose shows how each of them looks for it\n"
                                             : "nothing needs it\n");
}

static void
print_chain (const json_t *document)
{
  size_t i;
  json_t *item;
  const json_t *needs = json_object_get (document, "needed_by");
  print_files (json_object_get (document, "files"));
  terrane_why_recipe_print (document, TRUE);
  terrane_print ("\nneeded by %zu\n", json_array_size (needs));
  json_array_foreach ((json_t *) needs, i, item)
  {
    const char *found = json_string_value (json_object_get (item, "found"));
    const char *by = json_string_value (json_object_get (item, "by"));
    g_autofree char *as = oci_show (json_string_value (json_object_get (item, "as")));
    g_autofree char *shown = found != NULL ? oci_show (found) : NULL;
    terrane_print ("  ");
    print_place (item);
    terrane_print (found != NULL ? ": %s is %s, by %s\n" : ": %s is not found\n", as, shown, by);
  }
}

static gboolean
ask (const TerraneInspection *inspection, const char *name, GError **error)
{
  TerraneImageView view = terrane_inspection_view (inspection);
  gboolean verbose = inspection->bench.global->output.verbose;
  g_autofree char *quoted = oci_quote (name);
  g_autoptr (OciJsonValue) package = NULL;
  if (strchr (name, '/') == NULL && !terrane_why_package (&view, name, &package, error))
    return FALSE;
  if (package != NULL)
    {
      terrane_workbench_show (&inspection->bench, package,
                              verbose ? terrane_why_package_print_all : terrane_why_package_print);
      return TRUE;
    }
  const TerraneNode *node =
      strchr (name, '/') != NULL ? terrane_tree_follow (view.tree, name) : NULL;
  if (node != NULL && node->type == OCI_ENTRY_DIRECTORY)
    {
      g_autoptr (OciJsonValue) directory = terrane_why_directory (&view, node, name);
      terrane_workbench_show (&inspection->bench, directory, terrane_why_directory_print);
      return TRUE;
    }
  if (strchr (name, '/') != NULL && node == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "why: %s is not in the image", quoted);
  g_autoptr (TerranePrograms) programs = terrane_programs_new (&view, error);
  if (programs == NULL)
    return FALSE;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (OciJsonValue) needs = json_array ();
  Question question = {
    .view = &view, .name = name, .node = node, .files = files, .seen = seen, .needs = needs
  };
  g_autoptr (OciJsonValue) document = answer (&question, programs);
  if (files->len == 0 && json_array_size (needs) == 0)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "why: nothing in the image has the name %s, and nothing needs it", quoted);
  if (!terrane_why_recipe_add (&view, document, files, error))
    return FALSE;
  terrane_workbench_show (&inspection->bench, document, verbose ? print_chain : print_answer);
  return TRUE;
}

typedef struct
{
  TerraneFunctionArguments function; /* where the image is, and the sandbox */
  char *module;                      /* (nullable) */
} WhyOptions;

#define OPTION(member) offsetof (WhyOptions, member)

static const TerraneOption why_options[] = {
  { .name = "import",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (module),
    .metavar = "MODULE",
    .help = "Instead: which modules and files make the import of a Python module slow" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup why_groups[] = {
  { .rows = why_options },
  { .rows = terrane_sandbox_options, .offset = OPTION (function.sandbox) },
  TERRANE_FUNCTION_IMAGE_GROUPS (OPTION (function)),
  { .rows = NULL },
};

static gboolean
run_why (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const WhyOptions *options = data;
  if ((options->module != NULL) == (arguments[1] != NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "why: expected either FILE, LIBRARY or PACKAGE, or --import MODULE");
  if (options->module != NULL)
    return terrane_why_import (global, arguments[0], options->module, &options->function, error);
  const TerraneInspectionArguments where = { .platform = options->function.platform,
                                             .remote = options->function.remote };
  g_autoptr (TerraneInspection) inspection =
      terrane_inspection_new (global, arguments[0], &where, error);
  return inspection != NULL && ask (inspection, arguments[1], error);
}

const TerraneCommand terrane_command_why = {
  .name = "why",
  .arguments = "IMAGE [FILE|LIBRARY|PACKAGE]",
  .summary = "Show which layer provides a file and what depends on it, or what an import costs",
  .description =
      "FILE is a path with a slash, LIBRARY a name such as libgdal.so.32, PACKAGE a Python "
      "distribution or a Debian package. The answer comes first: where it is, and what needs it; "
      "--verbose adds how each of these finds it. An image outside of the store is copied into it "
      "first.",
  .examples = "why tiles libgdal.so.36\n"
              "why tiles numpy\n"
              "why tiles --import rasterio",
  .min = 1,
  .max = 2,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE, TERRANE_OPERAND_TEXT },
  .options = why_groups,
  .size = sizeof (WhyOptions),
  .run = run_why,
};
