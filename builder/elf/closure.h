/* What a process has loaded when a program or module is: the file, what it needs, what that needs
 * and so on, breadth first as ld.so does it. Nothing is executed. */
#pragma once

#include "builder/elf/library-search.h"

G_BEGIN_DECLS

/* A process, or what a module that is loaded later adds to one. */
typedef struct _TerraneClosure TerraneClosure;

/**
 * TerraneClosureFunc:
 * @loader: what needs a library
 * @name: the library, as in DT_NEEDED
 * @found: (nullable): what it gets; %NULL when there is none
 * @step: why
 */
typedef void (*TerraneClosureFunc) (TerraneClosure *closure, const TerraneLoaded *loader,
                                    const char *name, const TerraneLoaded *found,
                                    TerraneSearchStep step, gpointer data);

/**
 * terrane_closure_new:
 * @process: (nullable): what is loaded already; its libraries count, and its program's DT_RPATH is
 *   searched. Borrowed.
 * @func: (nullable): called for every need of every file
 *
 * Loads @root, opened at its path, with everything it needs.
 */
TerraneClosure *terrane_closure_new (TerraneLibrarySearch *search, const TerraneLinker *linker,
                                     const TerraneClosure *process, const TerraneElfEntry *root,
                                     TerraneClosureFunc func, gpointer data);
void terrane_closure_free (TerraneClosure *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneClosure, terrane_closure_free)

const TerraneLinker *terrane_closure_linker (const TerraneClosure *self);
TerraneLibrarySearch *terrane_closure_search (const TerraneClosure *self);

/** Returns: (transfer none): of TerraneLoaded, in the order of loading, without @process's */
const GPtrArray *terrane_closure_files (const TerraneClosure *self);

/** Returns: (transfer none) (nullable): what was loaded before */
const TerraneClosure *terrane_closure_process (const TerraneClosure *self);

/** Returns: (transfer none) (nullable): what goes by @name in the process */
const TerraneLoaded *terrane_closure_lookup (const TerraneClosure *self, const char *name);

G_END_DECLS
