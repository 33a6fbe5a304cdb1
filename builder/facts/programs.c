#include "builder/facts/programs.h"

#include "builder/facts/module-name.h"
#include "builder/facts/python-base.h"
#include "builder/store/object.h"

#include "oci/base/architecture.h"

#include <elf.h>
#include <string.h>

enum
{
  MAX_CACHE_BYTES = 16 * 1024 * 1024,
};

struct _TerranePrograms
{
  const TerraneImageView *view;
  TerraneElfIndex *index;
  TerraneLibrarySearch *search;
  TerraneClosure *main;          /* (nullable): the process that modules are loaded into */
  GHashTable *path;              /* set of TerraneNode: the directories of PATH */
  const TerraneNode *entrypoint; /* (nullable) */
  unsigned machine;              /* from the configuration; 0 if it is not checked */
  char *suffix;                  /* (nullable): of the Python's extension modules */
};

/* Reads the image's /etc/ld.so.cache; if it is missing or invalid for ld.so, *@out_cache is
 * NULL. */
static gboolean
read_linker_cache (const TerraneImageView *view, TerraneLinkerCache **out_cache, GError **error)
{
  g_auto (OciFd) fd = -1;
  size_t size = 0;
  const TerraneNode *node = terrane_tree_follow (view->tree, "etc/ld.so.cache");
  *out_cache = NULL;
  if (view->store == NULL || node == NULL || node->type != OCI_ENTRY_FILE
      || node->size > MAX_CACHE_BYTES)
    return TRUE;
  g_autofree char *data = g_malloc (node->size);
  if (!terrane_object_open (view->store, &node->object, &fd, error)
      || !oci_read_full (fd, data, node->size, &size, error))
    return FALSE;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&data), size);
  *out_cache = terrane_linker_cache_parse (bytes);
  return TRUE;
}

static void
find_path (TerranePrograms *self)
{
  g_autofree char *path = terrane_image_view_env (self->view, "PATH");
  g_auto (GStrv) directories =
      g_strsplit (path != NULL ? path : "/usr/local/bin:/usr/bin:/bin:/opt/bin", ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      TerraneNode *node = terrane_tree_follow (self->view->tree, *directory);
      if (node != NULL)
        g_hash_table_add (self->path, node);
    }
}

static gboolean
is_loadable (const TerraneElfEntry *entry)
{
  const TerraneElf *elf = entry->elf;
  return elf->format == TERRANE_BINARY_ELF && elf->broken == NULL && elf->type != TERRANE_ELF_OTHER;
}

/* Finds the program whose process loads the modules: the entrypoint, unless that is a script. */
static const TerraneElfEntry *
find_main (TerranePrograms *self)
{
  static const char *const usual[] = { "var/lang/bin/python3", "usr/local/bin/python3",
                                       "usr/bin/python3", NULL };
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (self->view->config);
  TerraneTree *tree = self->view->tree;
  if (entrypoint[0] != NULL)
    self->entrypoint = terrane_tree_follow (tree, entrypoint[0]);
  const TerraneElfEntry *entry =
      self->entrypoint != NULL ? terrane_elf_index_find (self->index, self->entrypoint) : NULL;
  for (const char *const *path = usual; entry == NULL && *path != NULL; path++)
    {
      const TerraneNode *node = terrane_tree_follow (tree, *path);
      entry = node != NULL ? terrane_elf_index_find (self->index, node) : NULL;
    }
  return entry != NULL && is_loadable (entry) && entry->elf->interpreter != NULL ? entry : NULL;
}

/* Sets the suffix of extension modules that the image's Python imports. */
static void
find_suffix (TerranePrograms *self)
{
  g_autofree char *path = terrane_image_view_env (self->view, "PATH");
  unsigned minor = terrane_python_base_minor (self->view->tree, path);
  const OciArchitecture *architecture = oci_architecture_of_elf (self->machine);
  gboolean musl = self->main != NULL && terrane_closure_linker (self->main)->musl;
  if (minor > 0 && architecture != NULL && architecture->machine != NULL)
    self->suffix = terrane_module_suffix (minor, architecture->machine, musl);
}

TerranePrograms *
terrane_programs_new_with_index (const TerraneImageView *view, TerraneElfIndex *index,
                                 GError **error)
{
  g_autoptr (TerranePrograms) self = g_new0 (TerranePrograms, 1);
  TerraneLinkerCache *cache = NULL;
  const OciArchitecture *architecture =
      oci_architecture_find (oci_image_config_architecture (view->config));
  self->view = view;
  self->index = index;
  self->path = g_hash_table_new (NULL, NULL);
  unsigned machine = architecture != NULL ? architecture->elf : EM_NONE;
  self->machine = machine == EM_X86_64 || machine == EM_AARCH64 ? machine : EM_NONE;
  if (!read_linker_cache (view, &cache, error))
    return NULL;
  g_autofree char *library_path = terrane_image_view_env (view, "LD_LIBRARY_PATH");
  self->search = terrane_library_search_new (view->tree, index, cache, library_path,
                                             oci_image_config_working_dir (view->config));
  find_path (self);
  const TerraneElfEntry *program = find_main (self);
  const TerraneLinker *linker =
      program != NULL ? terrane_library_search_linker (self->search, program->elf) : NULL;
  if (linker != NULL)
    self->main = terrane_closure_new (self->search, linker, NULL, program, NULL, NULL);
  find_suffix (self);
  return g_steal_pointer (&self);
}

TerranePrograms *
terrane_programs_new (const TerraneImageView *view, GError **error)
{
  TerraneElfIndex *index = terrane_elf_index_new (view->store, view->tree, error);
  return index != NULL ? terrane_programs_new_with_index (view, index, error) : NULL;
}

void
terrane_programs_free (TerranePrograms *self)
{
  if (self == NULL)
    return;
  terrane_closure_free (self->main);
  terrane_library_search_free (self->search);
  terrane_elf_index_free (self->index);
  g_hash_table_unref (self->path);
  g_free (self->suffix);
  g_free (self);
}

const TerraneElfIndex *
terrane_programs_index (const TerranePrograms *self)
{
  return self->index;
}

gboolean
terrane_programs_fits (const TerranePrograms *self, const TerraneElfEntry *entry)
{
  return self->machine == 0 || (entry->elf->machine == self->machine && entry->elf->bits == 64);
}

gboolean
terrane_programs_is_cut (const TerranePrograms *self, const TerraneElfEntry *entry)
{
  return terrane_library_search_is_cut (self->search, entry);
}

/* "lib….so", and files that auditwheel puts into "….libs/", are loaded by others. A file that
 * import ignores is not a module: it gets the finding python.foreign-extension. */
static gboolean
is_module (const TerranePrograms *self, const TerraneElfEntry *entry)
{
  const TerraneNode *node = entry->node;
  if (!g_str_has_suffix (node->name, ".so"))
    return FALSE;
  if (self->suffix != NULL
      && terrane_module_kind (node->name, self->suffix) == TERRANE_MODULE_FOREIGN)
    return FALSE;
  if (strstr (node->name, ".cpython-") != NULL || strstr (node->name, ".abi3.") != NULL)
    return TRUE;
  return !g_str_has_prefix (node->name, "lib") && !g_str_has_suffix (node->parent->name, ".libs")
         && terrane_image_view_is_module_path (self->view, entry->path);
}

TerraneRoot
terrane_programs_root (const TerranePrograms *self, const TerraneElfEntry *entry)
{
  TerraneRoot root = { .entry = entry, .role = TERRANE_ROOT_LIBRARY };
  if (entry->elf->type == TERRANE_ELF_EXECUTABLE)
    {
      root.role = TERRANE_ROOT_PROGRAM;
      root.required = entry->node == self->entrypoint
                      || g_hash_table_contains (self->path, entry->node->parent);
    }
  else if (is_module (self, entry))
    {
      root.role = TERRANE_ROOT_MODULE;
      root.required = terrane_image_view_is_module_path (self->view, entry->path)
                      && !terrane_module_is_optional (entry->path);
    }
  return root;
}

typedef struct
{
  TerranePrograms *programs;
  const TerraneProgramsVisitor *visitor;
  gpointer data;
  GHashTable *reached; /* set of TerraneElfEntry */
  const TerraneRoot *root;
} Visit;

static void
on_need (TerraneClosure *closure, const TerraneLoaded *loader, const char *name,
         const TerraneLoaded *found, TerraneSearchStep step, gpointer data)
{
  const Visit *visit = data;
  if (visit->visitor->need != NULL)
    visit->visitor->need (visit->root, closure, loader, name, found, step, visit->data);
}

static void
visit_root (Visit *visit, const TerraneRoot *root)
{
  TerranePrograms *self = visit->programs;
  const TerraneElf *elf = root->entry->elf;
  const TerraneClosure *process = root->role == TERRANE_ROOT_MODULE ? self->main : NULL;
  const TerraneLinker *linker = NULL;
  if (elf->interpreter != NULL)
    linker = terrane_library_search_linker (self->search, elf);
  else
    linker = process != NULL ? terrane_closure_linker (process)
                             : terrane_library_search_any_linker (self->search, elf);
  if (linker == NULL && (elf->interpreter != NULL || elf->needed[0] != NULL)
      && visit->visitor->no_linker != NULL)
    visit->visitor->no_linker (root, visit->data);
  if (linker == NULL)
    return;
  visit->root = root;
  g_autoptr (TerraneClosure) closure =
      terrane_closure_new (self->search, linker, process, root->entry, on_need, visit);
  const GPtrArray *files = terrane_closure_files (closure);
  for (guint i = 0; i < files->len; i++)
    g_hash_table_add (visit->reached, (gpointer) ((TerraneLoaded *) files->pdata[i])->entry);
  if (visit->visitor->loaded != NULL)
    visit->visitor->loaded (root, closure, visit->data);
}

void
terrane_programs_visit (TerranePrograms *self, const TerraneProgramsVisitor *visitor, gpointer data)
{
  /* Required roots come first: they determine the severity of a problem. */
  static const struct
  {
    gboolean required;
    TerraneRootRole role;
  } order[] = { { TRUE, TERRANE_ROOT_PROGRAM },
                { TRUE, TERRANE_ROOT_MODULE },
                { FALSE, TERRANE_ROOT_PROGRAM },
                { FALSE, TERRANE_ROOT_MODULE },
                { FALSE, TERRANE_ROOT_LIBRARY } };
  const GPtrArray *entries = terrane_elf_index_entries (self->index);
  g_autoptr (GHashTable) reached = g_hash_table_new (NULL, NULL);
  g_autofree TerraneRoot *roots = g_new0 (TerraneRoot, entries->len + 1);
  Visit visit = { .programs = self, .visitor = visitor, .data = data, .reached = reached };
  for (guint i = 0; i < entries->len; i++)
    roots[i] = terrane_programs_root (self, entries->pdata[i]);
  for (gsize round = 0; round < G_N_ELEMENTS (order); round++)
    for (guint i = 0; i < entries->len; i++)
      if (roots[i].role == order[round].role && roots[i].required == order[round].required
          && is_loadable (roots[i].entry) && terrane_programs_fits (self, roots[i].entry)
          && !(roots[i].role == TERRANE_ROOT_LIBRARY
               && g_hash_table_contains (reached, roots[i].entry)))
        visit_root (&visit, &roots[i]);
}
