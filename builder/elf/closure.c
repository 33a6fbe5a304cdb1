#include "builder/elf/closure.h"

#include "oci/base/text-hash.h"

#include <string.h>

struct _TerraneClosure
{
  TerraneLibrarySearch *search;
  const TerraneLinker *linker;
  const TerraneClosure *process; /* (nullable) */
  GPtrArray *files;              /* of TerraneLoaded */
  GHashTable *names;             /* name -> TerraneLoaded: requested, or a DT_SONAME */
  GHashTable *entries;           /* TerraneElfEntry -> TerraneLoaded */
};

static void
loaded_free (gpointer data)
{
  TerraneLoaded *loaded = data;
  g_free (loaded->origin);
  terrane_directories_unref (loaded->rpaths);
  g_free (loaded);
}

static const TerraneLoaded *
find_entry (const TerraneClosure *self, const TerraneElfEntry *entry)
{
  const TerraneLoaded *loaded = g_hash_table_lookup (self->entries, entry);
  return loaded == NULL && self->process != NULL ? find_entry (self->process, entry) : loaded;
}

const TerraneLoaded *
terrane_closure_lookup (const TerraneClosure *self, const char *name)
{
  const TerraneLoaded *loaded = g_hash_table_lookup (self->names, name);
  return loaded == NULL && self->process != NULL ? terrane_closure_lookup (self->process, name)
                                                 : loaded;
}

static const TerraneLoaded *
add_file (TerraneClosure *self, const TerraneElfEntry *entry, const char *path,
          const TerraneLoaded *loader)
{
  TerraneLoaded *loaded = g_new0 (TerraneLoaded, 1);
  const char *slash = strrchr (path, '/');
  loaded->entry = entry;
  loaded->loader = loader;
  loaded->origin =
      slash != NULL && slash != path ? g_strndup (path, (gsize) (slash - path)) : g_strdup ("/");
  loaded->rpaths = terrane_library_search_rpaths (self->search, self->linker, loaded);
  g_ptr_array_add (self->files, loaded);
  g_hash_table_insert (self->entries, (gpointer) entry, loaded);
  if (entry->elf->soname != NULL && terrane_closure_lookup (self, entry->elf->soname) == NULL)
    g_hash_table_insert (self->names, entry->elf->soname, loaded);
  return loaded;
}

/* musl's libc is the linker itself, for every possible name of the C library. */
static gboolean
is_linker (const TerraneLinker *linker, const char *name)
{
  static const char *const parts[] = { "libc.",  "libpthread.", "librt.",   "libm.",
                                       "libdl.", "libutil.",    "libxnet.", NULL };
  if (!linker->musl)
    return FALSE;
  for (const char *const *part = parts; *part != NULL; part++)
    if (g_str_has_prefix (name, *part))
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): the file that @loader gets for @name */
static const TerraneLoaded *
load (TerraneClosure *self, const TerraneLoaded *loader, const char *name,
      TerraneSearchStep *out_step)
{
  g_auto (TerraneFound) found = { 0 };
  const TerraneLoaded *loaded = terrane_closure_lookup (self, name);
  *out_step = TERRANE_SEARCH_LOADED;
  if (loaded != NULL)
    return loaded;
  if (is_linker (self->linker, name))
    found = (TerraneFound){ .entry = self->linker->entry,
                            .path = g_strconcat ("/", self->linker->entry->path, NULL) };
  else if (!terrane_library_search_find (self->search, self->linker, loader, name, &found))
    return NULL;
  *out_step = found.step;
  loaded = find_entry (self, found.entry);
  if (loaded == NULL)
    loaded = add_file (self, found.entry, found.path, loader);
  g_hash_table_insert (self->names, (gpointer) name, (gpointer) loaded);
  return loaded;
}

TerraneClosure *
terrane_closure_new (TerraneLibrarySearch *search, const TerraneLinker *linker,
                     const TerraneClosure *process, const TerraneElfEntry *root,
                     TerraneClosureFunc func, gpointer data)
{
  TerraneClosure *self = g_new0 (TerraneClosure, 1);
  const TerraneLoaded *program = process != NULL ? process->files->pdata[0] : NULL;
  g_autofree char *path = g_strconcat ("/", root->path, NULL);
  self->search = search;
  self->linker = linker;
  self->process = process;
  self->files = g_ptr_array_new_with_free_func (loaded_free);
  self->names = g_hash_table_new (oci_text_hash, g_str_equal);
  self->entries = g_hash_table_new (NULL, NULL);
  if (process != NULL && find_entry (process, root) != NULL)
    return self; /* nothing is added */
  (void) add_file (self, root, path, program);
  /* The linker is in every process; libc needs it by name. */
  if (process == NULL && root != linker->entry)
    {
      g_autofree char *linker_path = g_strconcat ("/", linker->entry->path, NULL);
      (void) add_file (self, linker->entry, linker_path, NULL);
    }
  for (guint i = 0; i < self->files->len; i++)
    {
      const TerraneLoaded *loader = self->files->pdata[i];
      for (char *const *name = loader->entry->elf->needed; *name != NULL; name++)
        {
          TerraneSearchStep step = TERRANE_SEARCH_LOADED;
          const TerraneLoaded *loaded = load (self, loader, *name, &step);
          if (func != NULL)
            func (self, loader, *name, loaded, step, data);
        }
    }
  return self;
}

void
terrane_closure_free (TerraneClosure *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->files);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->entries);
  g_free (self);
}

const TerraneLinker *
terrane_closure_linker (const TerraneClosure *self)
{
  return self->linker;
}

TerraneLibrarySearch *
terrane_closure_search (const TerraneClosure *self)
{
  return self->search;
}

const GPtrArray *
terrane_closure_files (const TerraneClosure *self)
{
  return self->files;
}

const TerraneClosure *
terrane_closure_process (const TerraneClosure *self)
{
  return self->process;
}
