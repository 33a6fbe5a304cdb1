/* Where the dynamic linker looks for a library, in its order: ld.so(8) of glibc; musl's is simpler.
 *
 *  1. a name with a slash is a path
 *  2. DT_RPATH of the file that needs it, of the file that loaded that one and so on up to the
 *     program; not when the needing file has a DT_RUNPATH
 *  3. LD_LIBRARY_PATH
 *  4. DT_RUNPATH of the needing file
 *  5. /etc/ld.so.cache
 *  6. the directories that are compiled into the linker, such as /lib64
 *
 * In each directory the subdirectories of glibc-hwcaps come first. A file of another processor is
 * skipped as if it were not there. */
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
  TERRANE_SEARCH_LOADED, /* something of that name is in the process already */
} TerraneSearchStep;

/** "DT_RPATH", "LD_LIBRARY_PATH", … for people. */
const char *terrane_search_step_name (TerraneSearchStep step);

/* A dynamic linker of the image: what programs name as their interpreter. */
typedef struct
{
  const TerraneElfEntry *entry;
  gboolean musl;
  char *library_directory; /* what $LIB means */
} TerraneLinker;

/* Directories of a list, those that exist. */
typedef struct _TerraneDirectories TerraneDirectories;
void terrane_directories_unref (TerraneDirectories *self);

/* A file in a process. */
typedef struct _TerraneLoaded TerraneLoaded;
struct _TerraneLoaded
{
  const TerraneElfEntry *entry;
  char *origin;                /* directory it was opened in: what $ORIGIN means */
  const TerraneLoaded *loader; /* (nullable): what needed it first; NULL for the program */
  TerraneDirectories *rpaths;  /* its own DT_RPATH and those of who loaded it */
};

typedef struct
{
  const TerraneElfEntry *entry;
  char *path; /* as it was opened, links not resolved */
  TerraneSearchStep step;
} TerraneFound;

void terrane_found_clear (TerraneFound *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFound, terrane_found_clear)

typedef struct _TerraneLibrarySearch TerraneLibrarySearch;

/**
 * terrane_library_search_new:
 * @tree: @index: borrowed
 * @cache: (nullable) (transfer full): of the image, when it has one
 * @library_path: (nullable): LD_LIBRARY_PATH
 * @working_dir: (nullable): what an empty element of a list means
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

/** Returns: (transfer none) (nullable): a linker for what names none: the first that fits */
const TerraneLinker *terrane_library_search_any_linker (TerraneLibrarySearch *self,
                                                        const TerraneElf *library);

/** The directories of @file's DT_RPATH, then those of its loader's. At most 256 directories count;
 * terrane_library_search_is_cut() has what has more. Returns: (transfer full) */
TerraneDirectories *terrane_library_search_rpaths (TerraneLibrarySearch *self,
                                                   const TerraneLinker *linker,
                                                   const TerraneLoaded *file);

/** Whether libraries of @entry were looked for in the first 256 directories only. */
gboolean terrane_library_search_is_cut (const TerraneLibrarySearch *self,
                                        const TerraneElfEntry *entry);

/** Returns: whether @name, needed by @loader, is found */
gboolean terrane_library_search_find (TerraneLibrarySearch *self, const TerraneLinker *linker,
                                      const TerraneLoaded *loader, const char *name,
                                      TerraneFound *out_found);

/** Looks in one directory of @loader: its own, when @list is %NULL, else each of the list. For what
 * would be found if that came first. */
const TerraneElfEntry *terrane_library_search_peek (TerraneLibrarySearch *self,
                                                    const TerraneLinker *linker,
                                                    const TerraneLoaded *loader, const char *list,
                                                    const char *name);

/** Where @loader's libraries are looked for, for messages. Returns: (transfer full) */
char *terrane_library_search_describe (TerraneLibrarySearch *self, const TerraneLinker *linker,
                                       const TerraneLoaded *loader);

G_END_DECLS
