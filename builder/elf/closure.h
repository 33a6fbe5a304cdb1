/* Finds what a process loads with a program or module: the file, what it needs, what that needs and
 * so on, breadth first like ld.so. Nothing is executed. */
#pragma once

#include "builder/elf/library-search.h"

G_BEGIN_DECLS

/* The files of a process, or those that a module adds to one when it is loaded later. */
typedef struct _TerraneClosure TerraneClosure;

/**
 * @loader: file that needs a library
 * @name: the library, as in DT_NEEDED
 * @found: (nullable): the file that is loaded; %NULL if there is none
 * @step: how it was found
 */
typedef void (*TerraneClosureFunc) (TerraneClosure *closure, const TerraneLoaded *loader,
                                    const char *name, const TerraneLoaded *found,
                                    TerraneSearchStep step, gpointer data);

/**
 * terrane_closure_new:
 * @process: (nullable): files that are already loaded; they satisfy needs, and the DT_RPATH of its
 *   program is searched. Borrowed
 * @func: (nullable): called for every need of every file
 *
 * Loads @root, opened at its path, with everything it needs.
 *
 * Returns: (transfer full)
 */
TerraneClosure *terrane_closure_new (TerraneLibrarySearch *search, const TerraneLinker *linker,
                                     const TerraneClosure *process, const TerraneElfEntry *root,
                                     TerraneClosureFunc func, gpointer data);
void terrane_closure_free (TerraneClosure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneClosure, terrane_closure_free)

/** Returns: (transfer none): the linker that loads it */
const TerraneLinker *terrane_closure_linker (const TerraneClosure *self);
/** Returns: (transfer none): the search that it uses */
TerraneLibrarySearch *terrane_closure_search (const TerraneClosure *self);

/** Returns: (transfer none): of TerraneLoaded, in the order of loading, without those of @process
 */
const GPtrArray *terrane_closure_files (const TerraneClosure *self);

/** Returns: (transfer none) (nullable): what was loaded before */
const TerraneClosure *terrane_closure_process (const TerraneClosure *self);

/** Returns: (transfer none) (nullable): the file that has @name in the process */
const TerraneLoaded *terrane_closure_lookup (const TerraneClosure *self, const char *name);

G_END_DECLS
