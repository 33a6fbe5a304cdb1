/* Searches for libraries like the dynamic linker, in its order: ld.so(8) of glibc; musl's is
 * simpler.
 *
 *     1. a name with a slash is a path
 *     2. DT_RPATH of the file that needs it, of the file that loaded that one and so on up to the
 *        program; not if the needing file has a DT_RUNPATH
 *     3. LD_LIBRARY_PATH
 *     4. DT_RUNPATH of the needing file
 *     5. /etc/ld.so.cache
 *     6. the directories that are built into the linker, such as /lib64
 *
 * In each directory the subdirectories of glibc-hwcaps come first. A file for another processor is
 * skipped as if it did not exist. */
#pragma once

#include "builder/elf/elf-index.h"
#include "builder/elf/linker-cache.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_SEARCH_PATH, /* the name is a path */
  TERRANE_SEARCH_RPATH,
  TERRANE_SEARCH_ENVIRONMENT,
  TERRANE_SEARCH_RUNPATH,
  TERRANE_SEARCH_CACHE,
  TERRANE_SEARCH_DEFAULT,
  TERRANE_SEARCH_LOADED, /* the process already has a file of that name */
} TerraneSearchStep;

/** Returns: (transfer none): "DT_RPATH", "LD_LIBRARY_PATH", … for messages */
const char *terrane_search_step_name (TerraneSearchStep step);

/* A dynamic linker of the image, which programs name as their interpreter. */
typedef struct
{
  const TerraneElfEntry *entry;
  gboolean musl;
  char *library_directory; /* the value of $LIB */
} TerraneLinker;

/* The existing directories of a list. */
typedef struct _TerraneDirectories TerraneDirectories;
void terrane_directories_unref (TerraneDirectories *self);

/* A file in a process. */
typedef struct _TerraneLoaded TerraneLoaded;
struct _TerraneLoaded
{
  const TerraneElfEntry *entry;
  char *origin;                /* directory it was opened in: the value of $ORIGIN */
  const TerraneLoaded *loader; /* (nullable): the first file that needed it; NULL for the program */
  TerraneDirectories *rpaths;  /* its own DT_RPATH and those of its loaders */
};

typedef struct
{
  const TerraneElfEntry *entry;
  char *path; /* as it was opened, without resolving links */
  TerraneSearchStep step;
} TerraneFound;

void terrane_found_clear (TerraneFound *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFound, terrane_found_clear)

typedef struct _TerraneLibrarySearch TerraneLibrarySearch;

/**
 * terrane_library_search_new:
 * @tree, @index: borrowed
 * @cache: (nullable) (transfer full): of the image, if it has one
 * @library_path: (nullable): LD_LIBRARY_PATH
 * @working_dir: (nullable): the meaning of an empty element of a list
 *
 * Returns: (transfer full)
 */
TerraneLibrarySearch *terrane_library_search_new (TerraneTree *tree, const TerraneElfIndex *index,
                                                  TerraneLinkerCache *cache,
                                                  const char *library_path,
                                                  const char *working_dir);
void terrane_library_search_free (TerraneLibrarySearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLibrarySearch, terrane_library_search_free)

/** Returns: (transfer none) (nullable): the linker that @program names, if the image has it */
const TerraneLinker *terrane_library_search_linker (TerraneLibrarySearch *self,
                                                    const TerraneElf *program);

/** Returns: (transfer none) (nullable): a linker for a file that names none: the first suitable one
 */
const TerraneLinker *terrane_library_search_any_linker (TerraneLibrarySearch *self,
                                                        const TerraneElf *library);

/** Returns: (transfer full): the directories of @file's DT_RPATH, then those of its loaders. At
 * most 256 directories are used; terrane_library_search_is_cut() tells whether there were more */
TerraneDirectories *terrane_library_search_rpaths (TerraneLibrarySearch *self,
                                                   const TerraneLinker *linker,
                                                   const TerraneLoaded *file);

/** Whether the search for libraries of @entry was limited to the first 256 directories. */
gboolean terrane_library_search_is_cut (const TerraneLibrarySearch *self,
                                        const TerraneElfEntry *entry);

/** Finds the library @name, needed by @loader. Returns: whether it exists */
gboolean terrane_library_search_find (TerraneLibrarySearch *self, const TerraneLinker *linker,
                                      const TerraneLoaded *loader, const char *name,
                                      TerraneFound *out_found);

/** Searches the directory of @loader if @list is %NULL, otherwise each directory of the list: what
 * would be found if these came first. Returns: (transfer none) (nullable) */
const TerraneElfEntry *terrane_library_search_peek (TerraneLibrarySearch *self,
                                                    const TerraneLinker *linker,
                                                    const TerraneLoaded *loader, const char *list,
                                                    const char *name);

/** Returns: (transfer full): where @loader's libraries are searched for, for messages */
char *terrane_library_search_describe (TerraneLibrarySearch *self, const TerraneLinker *linker,
                                       const TerraneLoaded *loader);

G_END_DECLS
