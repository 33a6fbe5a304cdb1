#include "builder/elf/library-search.h"

#include "oci/base/architecture.h"
#include "oci/base/text-hash.h"

#include <elf.h>
#include <string.h>

#define HWCAPS "glibc-hwcaps"

/* A hostile file names thousands of directories, needs thousands of libraries, and is loaded by
 * thousands of others that name more. */
enum
{
  MAX_DIRECTORIES = 256,       /* of one list, or of all DT_RPATHs that apply to a file */
  MAX_REMEMBERED = 256 * 1024, /* names in lists whose place is remembered */
  MAX_NAME = 255,              /* NAME_MAX and PATH_MAX of Linux */
  MAX_PATH = 4095,
  MAX_SHOWN_LISTS = 8,
};

typedef struct
{
  char *path;
  TerraneNode *node; /* (nullable): the directory */
  guint number;      /* the same for all paths of a node */
} Directory;

/* Existing directories, each once. */
struct _TerraneDirectories
{
  gatomicrefcount references;
  GPtrArray *list;   /* of Directory; borrowed from the search */
  GHashTable *known; /* name -> 1 + index of the directory that has it; 0 if none has */
};

struct _TerraneLibrarySearch
{
  TerraneTree *tree;
  const TerraneElfIndex *index;
  TerraneLinkerCache *cache; /* (nullable) */
  char *library_path;        /* (nullable) */
  char *working_dir;
  GPtrArray *linkers;      /* of TerraneLinker */
  GHashTable *directories; /* path -> Directory */
  GHashTable *numbers;     /* TerraneNode -> number */
  GArray *marks;           /* of guint, by number: the last round in which it was added */
  guint round;
  GHashTable *lists; /* "LINKER TEXT ORIGIN" -> TerraneDirectories */
  GHashTable *cut;   /* set of TerraneElfEntry: more than MAX_DIRECTORIES */
  guint remembered;
  GHashTable *common; /* "LINKER NAME" -> TerraneFound: result of steps 3, 5 and 6 */
};

/* Levels supported by every processor of Lambda, best first. */
static const char *const x86_64_hwcaps[] = { "x86-64-v3", "x86-64-v2", NULL };
static const char *const no_hwcaps[] = { NULL };

static const char *const musl_directories[] = { "lib", "usr/local/lib", "usr/lib", NULL };
static const char *const usual_directories[] = { "lib64", "usr/lib64", "lib", "usr/lib", NULL };

const char *
terrane_search_step_name (TerraneSearchStep step)
{
  static const char *const names[] = { "its path",          "DT_RPATH",
                                       "LD_LIBRARY_PATH",   "DT_RUNPATH",
                                       "/etc/ld.so.cache",  "the default directories",
                                       "an earlier library" };
  return names[step];
}

void
terrane_found_clear (TerraneFound *self)
{
  g_clear_pointer (&self->path, g_free);
}

static void
found_free (gpointer data)
{
  terrane_found_clear (data);
  g_free (data);
}

static void
directory_free (gpointer data)
{
  Directory *directory = data;
  g_free (directory->path);
  g_free (directory);
}

static TerraneDirectories *
directories_new (void)
{
  TerraneDirectories *self = g_new0 (TerraneDirectories, 1);
  g_atomic_ref_count_init (&self->references);
  self->list = g_ptr_array_new ();
  self->known = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  return self;
}

static TerraneDirectories *
directories_ref (TerraneDirectories *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
terrane_directories_unref (TerraneDirectories *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->list);
  g_hash_table_unref (self->known);
  g_free (self);
}

static void
linker_free (gpointer data)
{
  TerraneLinker *linker = data;
  g_free (linker->library_directory);
  g_free (linker);
}

static void
add_linker (TerraneLibrarySearch *self, const TerraneElfEntry *entry)
{
  const char *soname = entry->elf->soname;
  gboolean musl = g_str_has_prefix (entry->node->name, "ld-musl-")
                  || (soname != NULL && g_str_has_prefix (soname, "libc.musl-"));
  if (entry->elf->broken != NULL || entry->elf->format != TERRANE_BINARY_ELF
      || (!musl && entry->elf->search[0] == NULL
          && !(soname != NULL && g_str_has_prefix (soname, "ld-linux"))))
    return;
  TerraneLinker *linker = g_new0 (TerraneLinker, 1);
  linker->entry = entry;
  linker->musl = musl;
  linker->library_directory =
      g_strdup (entry->elf->search[0] != NULL ? entry->elf->search[0] : "lib64");
  g_ptr_array_add (self->linkers, linker);
}

TerraneLibrarySearch *
terrane_library_search_new (TerraneTree *tree, const TerraneElfIndex *index,
                            TerraneLinkerCache *cache, const char *library_path,
                            const char *working_dir)
{
  TerraneLibrarySearch *self = g_new0 (TerraneLibrarySearch, 1);
  const GPtrArray *entries = terrane_elf_index_entries (index);
  self->tree = tree;
  self->index = index;
  self->cache = cache;
  self->library_path =
      library_path != NULL && library_path[0] != '\0' ? g_strdup (library_path) : NULL;
  self->working_dir = g_strdup (working_dir != NULL ? working_dir : "/");
  self->linkers = g_ptr_array_new_with_free_func (linker_free);
  self->directories = g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, directory_free);
  self->numbers = g_hash_table_new (NULL, NULL);
  self->marks = g_array_new (FALSE, TRUE, sizeof (guint));
  self->lists = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                       (GDestroyNotify) terrane_directories_unref);
  self->cut = g_hash_table_new (NULL, NULL);
  self->common = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, found_free);
  for (guint i = 0; i < entries->len; i++)
    add_linker (self, entries->pdata[i]);
  return self;
}

void
terrane_library_search_free (TerraneLibrarySearch *self)
{
  if (self == NULL)
    return;
  terrane_linker_cache_free (self->cache);
  g_free (self->library_path);
  g_free (self->working_dir);
  g_ptr_array_unref (self->linkers);
  g_hash_table_unref (self->lists);
  g_hash_table_unref (self->directories);
  g_hash_table_unref (self->numbers);
  g_array_unref (self->marks);
  g_hash_table_unref (self->cut);
  g_hash_table_unref (self->common);
  g_free (self);
}

const TerraneLinker *
terrane_library_search_linker (TerraneLibrarySearch *self, const TerraneElf *program)
{
  const TerraneNode *node = terrane_tree_follow (self->tree, program->interpreter);
  for (guint i = 0; node != NULL && i < self->linkers->len; i++)
    if (((TerraneLinker *) self->linkers->pdata[i])->entry->node == node)
      return self->linkers->pdata[i];
  return NULL;
}

static gboolean
same_machine (const TerraneElf *a, const TerraneElf *b)
{
  return a->bits == b->bits && a->machine == b->machine;
}

const TerraneLinker *
terrane_library_search_any_linker (TerraneLibrarySearch *self, const TerraneElf *library)
{
  for (guint i = 0; i < self->linkers->len; i++)
    {
      const TerraneLinker *linker = self->linkers->pdata[i];
      if (same_machine (linker->entry->elf, library))
        return linker;
    }
  return NULL;
}

static const Directory *
get_directory (TerraneLibrarySearch *self, const char *path)
{
  Directory *directory = g_hash_table_lookup (self->directories, path);
  if (directory != NULL)
    return directory;
  directory = g_new0 (Directory, 1);
  directory->path = g_strdup (path);
  directory->node = terrane_tree_follow_directory (self->tree, path);
  gpointer number = g_hash_table_lookup (self->numbers, directory->node);
  directory->number = GPOINTER_TO_UINT (number);
  if (number == NULL && directory->node != NULL)
    {
      directory->number = g_hash_table_size (self->numbers) + 1;
      g_hash_table_insert (self->numbers, directory->node, GUINT_TO_POINTER (directory->number));
    }
  g_array_set_size (self->marks, MAX (self->marks->len, directory->number + 1));
  g_hash_table_insert (self->directories, directory->path, directory);
  return directory;
}

static gboolean
try_file (TerraneLibrarySearch *self, const TerraneLinker *linker, const Directory *directory,
          const char *name, TerraneFound *out_found)
{
  const TerraneNode *node =
      directory->node != NULL ? terrane_node_child (directory->node, name, strlen (name)) : NULL;
  if (node == NULL)
    return FALSE;
  g_autofree char *path = g_strconcat (directory->path, "/", name, NULL);
  if (node->type == OCI_ENTRY_SYMLINK)
    node = terrane_tree_follow (self->tree, path);
  const TerraneElfEntry *entry = node != NULL ? terrane_elf_index_find (self->index, node) : NULL;
  if (entry == NULL || entry->elf->format != TERRANE_BINARY_ELF || entry->elf->broken != NULL
      || entry->elf->type == TERRANE_ELF_OTHER || !same_machine (entry->elf, linker->entry->elf))
    return FALSE;
  out_found->entry = entry;
  out_found->path = g_steal_pointer (&path);
  return TRUE;
}

static gboolean
try_directory (TerraneLibrarySearch *self, const TerraneLinker *linker, const Directory *directory,
               const char *name, TerraneFound *out_found)
{
  if (directory->node == NULL)
    return FALSE;
  if (!linker->musl && terrane_node_child (directory->node, HWCAPS, strlen (HWCAPS)) != NULL)
    {
      const char *const *names =
          linker->entry->elf->machine == EM_X86_64 ? x86_64_hwcaps : no_hwcaps;
      for (; *names != NULL; names++)
        {
          g_autofree char *path = g_strconcat (directory->path, "/" HWCAPS "/", *names, NULL);
          if (try_file (self, linker, get_directory (self, path), name, out_found))
            return TRUE;
        }
    }
  return try_file (self, linker, directory, name, out_found);
}

/* Replaces $@token and ${@token} by @value; stops when the path is too long.
 * Returns: (transfer full) */
static char *
expand_token (const char *text, const char *token, const char *value)
{
  GString *out = g_string_new (NULL);
  gsize len = strlen (token);
  while (*text != '\0' && out->len <= MAX_PATH)
    {
      gboolean braced = g_str_has_prefix (text, "${");
      const char *name = text + (braced ? 2 : 1);
      if (*text == '$' && strncmp (name, token, len) == 0
          && (braced ? name[len] == '}' : !g_ascii_isalnum (name[len]) && name[len] != '_'))
        {
          g_string_append (out, value);
          text = name + len + (braced ? 1 : 0);
        }
      else
        g_string_append_c (out, *text++);
    }
  return g_string_free (out, FALSE);
}

static char *
expand (const TerraneLibrarySearch *self, const TerraneLinker *linker, const TerraneLoaded *owner,
        const char *text)
{
  if (text[0] == '\0')
    return g_strdup (self->working_dir);
  if (strchr (text, '$') == NULL)
    return g_strdup (text);
  const OciArchitecture *architecture = oci_architecture_of_elf (linker->entry->elf->machine);
  const char *platform = architecture != NULL ? architecture->machine : NULL;
  g_autofree char *origin = expand_token (text, "ORIGIN", owner != NULL ? owner->origin : "/");
  g_autofree char *library = expand_token (origin, "LIB", linker->library_directory);
  return expand_token (library, "PLATFORM", platform != NULL ? platform : "");
}

/* Whether @directory was not added in this round. */
static gboolean
is_new (TerraneLibrarySearch *self, const Directory *directory)
{
  guint *mark = &g_array_index (self->marks, guint, directory->number);
  gboolean new = *mark != self->round;
  *mark = self->round;
  return new;
}

/* Adds a directory unless it was added in this round; if there are too many, @entry is recorded. */
static void
add_directory (TerraneLibrarySearch *self, TerraneDirectories *to, const Directory *directory,
               const TerraneElfEntry *entry)
{
  if (directory->node == NULL || !is_new (self, directory))
    return;
  if (to->list->len < MAX_DIRECTORIES)
    g_ptr_array_add (to->list, (gpointer) directory);
  else
    g_hash_table_add (self->cut, (gpointer) entry);
}

/* Returns: (transfer none): the directories of @list, relative to @owner */
static TerraneDirectories *
get_list (TerraneLibrarySearch *self, const TerraneLinker *linker, const TerraneLoaded *owner,
          const char *list, const char *separators)
{
  g_autofree char *key = g_strdup_printf ("%p %p %s", (const void *) linker, (const void *) list,
                                          strchr (list, '$') != NULL ? owner->origin : "");
  TerraneDirectories *directories = g_hash_table_lookup (self->lists, key);
  if (directories != NULL)
    return directories;
  directories = directories_new ();
  g_auto (GStrv) elements = g_strsplit_set (list, separators, -1);
  self->round++;
  for (char **element = elements; *element != NULL; element++)
    {
      g_autofree char *path = expand (self, linker, owner, *element);
      if (strlen (path) <= MAX_PATH)
        add_directory (self, directories, get_directory (self, path), owner->entry);
    }
  g_hash_table_insert (self->lists, g_steal_pointer (&key), directories);
  return directories;
}

static gboolean
try_directories (TerraneLibrarySearch *self, const TerraneLinker *linker,
                 TerraneDirectories *directories, const char *name, TerraneFound *out_found)
{
  gpointer known = NULL;
  const GPtrArray *list = directories->list;
  guint at = 0;
  if (list->len == 0 || strlen (name) > MAX_NAME)
    return FALSE;
  if (g_hash_table_lookup_extended (directories->known, name, NULL, &known))
    return known != NULL
           && try_directory (self, linker, list->pdata[GPOINTER_TO_UINT (known) - 1], name,
                             out_found);
  while (at < list->len && !try_directory (self, linker, list->pdata[at], name, out_found))
    at++;
  if (self->remembered++ < MAX_REMEMBERED)
    g_hash_table_insert (directories->known, g_strdup (name),
                         GUINT_TO_POINTER (at < list->len ? at + 1 : 0));
  return at < list->len;
}

static gboolean
try_list (TerraneLibrarySearch *self, const TerraneLinker *linker, const TerraneLoaded *owner,
          const char *list, const char *separators, const char *name, TerraneFound *out_found)
{
  return list != NULL
         && try_directories (self, linker, get_list (self, linker, owner, list, separators), name,
                             out_found);
}

TerraneDirectories *
terrane_library_search_rpaths (TerraneLibrarySearch *self, const TerraneLinker *linker,
                               const TerraneLoaded *file)
{
  const char *list = file->entry->elf->rpath;
  TerraneDirectories *before = file->loader != NULL ? file->loader->rpaths : NULL;
  if (linker->musl && list == NULL) /* which treats both alike */
    list = file->entry->elf->runpath;
  TerraneDirectories *own = list != NULL ? get_list (self, linker, file, list, ":") : NULL;
  if (own == NULL || own->list->len == 0)
    return before != NULL ? directories_ref (before) : directories_new ();
  if (before == NULL || before->list->len == 0)
    return directories_ref (own);
  TerraneDirectories *both = directories_new ();
  self->round++;
  for (guint i = 0; i < own->list->len; i++)
    add_directory (self, both, own->list->pdata[i], file->entry);
  for (guint i = 0; i < before->list->len; i++)
    add_directory (self, both, before->list->pdata[i], file->entry);
  if (both->list->len > own->list->len)
    return both;
  terrane_directories_unref (both);
  return directories_ref (own);
}

gboolean
terrane_library_search_is_cut (const TerraneLibrarySearch *self, const TerraneElfEntry *entry)
{
  return g_hash_table_contains (self->cut, entry);
}

static gboolean
try_rpaths (TerraneLibrarySearch *self, const TerraneLinker *linker, const TerraneLoaded *loader,
            const char *name, TerraneFound *out_found)
{
  if (!linker->musl && loader->entry->elf->runpath != NULL)
    return FALSE;
  return try_directories (self, linker, loader->rpaths, name, out_found);
}

static gboolean
try_cache (TerraneLibrarySearch *self, const TerraneLinker *linker, const char *name,
           TerraneFound *out_found)
{
  const TerraneElf *elf = linker->entry->elf;
  const char *path = self->cache != NULL && !linker->musl
                         ? terrane_linker_cache_find (self->cache, elf->bits, elf->machine, name)
                         : NULL;
  const char *slash = path != NULL ? strrchr (path, '/') : NULL;
  if (slash == NULL)
    return FALSE;
  g_autofree char *directory = g_strndup (path, (gsize) (slash - path));
  return try_file (self, linker, get_directory (self, directory), slash + 1, out_found);
}

static const char *const *
default_directories (const TerraneLinker *linker)
{
  if (linker->musl)
    return musl_directories;
  return linker->entry->elf->search[0] != NULL ? (const char *const *) linker->entry->elf->search
                                               : usual_directories;
}

static gboolean
try_defaults (TerraneLibrarySearch *self, const TerraneLinker *linker, const char *name,
              TerraneFound *out_found)
{
  for (const char *const *list = default_directories (linker); *list != NULL; list++)
    {
      g_autofree char *directory = g_strconcat ("/", *list, NULL);
      if (try_directory (self, linker, get_directory (self, directory), name, out_found))
        return TRUE;
    }
  return FALSE;
}

/* Steps 5 and 6, whose result does not depend on the file that needs the library. */
static gboolean
try_system (TerraneLibrarySearch *self, const TerraneLinker *linker, const char *name,
            TerraneFound *out_found)
{
  g_autofree char *key = g_strdup_printf ("%p %s", (const void *) linker, name);
  TerraneFound *known = g_hash_table_lookup (self->common, key);
  if (known == NULL)
    {
      known = g_new0 (TerraneFound, 1);
      if (try_cache (self, linker, name, known))
        known->step = TERRANE_SEARCH_CACHE;
      else if (try_defaults (self, linker, name, known))
        known->step = TERRANE_SEARCH_DEFAULT;
      g_hash_table_insert (self->common, g_steal_pointer (&key), known);
    }
  *out_found = (TerraneFound){ known->entry, g_strdup (known->path), known->step };
  return known->entry != NULL;
}

static gboolean
try_environment (TerraneLibrarySearch *self, const TerraneLinker *linker,
                 const TerraneLoaded *program, const char *name, TerraneFound *out_found)
{
  if (!try_list (self, linker, program, self->library_path, ":;", name, out_found))
    return FALSE;
  out_found->step = TERRANE_SEARCH_ENVIRONMENT;
  return TRUE;
}

static gboolean
find_path (TerraneLibrarySearch *self, const TerraneLinker *linker, const TerraneLoaded *loader,
           const char *name, TerraneFound *out_found)
{
  g_autofree char *path = expand (self, linker, loader, name);
  char *slash = strrchr (path, '/');
  g_autofree char *directory = g_strndup (path, (gsize) (slash - path));
  out_found->step = TERRANE_SEARCH_PATH;
  return try_file (self, linker, get_directory (self, directory), slash + 1, out_found);
}

gboolean
terrane_library_search_find (TerraneLibrarySearch *self, const TerraneLinker *linker,
                             const TerraneLoaded *loader, const char *name, TerraneFound *out_found)
{
  const TerraneElf *elf = loader->entry->elf;
  *out_found = (TerraneFound){ 0 };
  if (strchr (name, '/') != NULL)
    return find_path (self, linker, loader, name, out_found);
  if (linker->musl && try_environment (self, linker, loader, name, out_found))
    return TRUE;
  if (try_rpaths (self, linker, loader, name, out_found))
    {
      out_found->step = TERRANE_SEARCH_RPATH;
      return TRUE;
    }
  if (!linker->musl && try_environment (self, linker, loader, name, out_found))
    return TRUE;
  if (!linker->musl && try_list (self, linker, loader, elf->runpath, ":", name, out_found))
    {
      out_found->step = TERRANE_SEARCH_RUNPATH;
      return TRUE;
    }
  if (try_system (self, linker, name, out_found)
      && !(elf->no_default_library && out_found->step == TERRANE_SEARCH_DEFAULT))
    return TRUE;
  terrane_found_clear (out_found);
  return FALSE;
}

const TerraneElfEntry *
terrane_library_search_peek (TerraneLibrarySearch *self, const TerraneLinker *linker,
                             const TerraneLoaded *loader, const char *list, const char *name)
{
  g_auto (TerraneFound) found = { 0 };
  gboolean ok = list != NULL ? try_list (self, linker, loader, list, ":", name, &found)
                             : try_directory (self, linker, get_directory (self, loader->origin),
                                              name, &found);
  return ok ? found.entry : NULL;
}

static void
append_list (GString *text, const char *what, const char *list)
{
  if (list == NULL)
    return;
  g_autofree char *quoted = oci_quote (list);
  g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", what, quoted);
}

char *
terrane_library_search_describe (TerraneLibrarySearch *self, const TerraneLinker *linker,
                                 const TerraneLoaded *loader)
{
  GString *text = g_string_new (NULL);
  const char *runpath = loader->entry->elf->runpath;
  gboolean chain = linker->musl || runpath == NULL;
  guint shown = 0;
  for (const TerraneLoaded *file = loader; chain && file != NULL; file = file->loader)
    {
      const char *list = file->entry->elf->rpath;
      if (list != NULL && shown++ == MAX_SHOWN_LISTS)
        {
          g_string_append (text, ", DT_RPATH of more files");
          break;
        }
      append_list (text, "DT_RPATH", list);
    }
  append_list (text, "LD_LIBRARY_PATH", self->library_path);
  append_list (text, "DT_RUNPATH", runpath);
  if (self->cache != NULL && !linker->musl)
    g_string_append_printf (text, "%s/etc/ld.so.cache", text->len > 0 ? ", " : "");
  for (const char *const *list = default_directories (linker); *list != NULL; list++)
    g_string_append_printf (text, "%s/%s", text->len > 0 ? ", " : "", *list);
  return g_string_free (text, FALSE);
}
