/* The programs and libraries of a file system: facts by node. Reading all files of an image once is
 * enough: what a layer holds is remembered in the store's cache. */
#pragma once

#include "builder/elf/elf-file.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneNode *node;
  char *path;
  TerraneElf *elf;
} TerraneElfEntry;

typedef struct _TerraneElfIndex TerraneElfIndex;

/**
 * terrane_elf_index_new:
 * @tree: whose objects are all in the store; borrowed, and not changed while the index lives
 *
 * Returns: (transfer full) (nullable)
 */
TerraneElfIndex *terrane_elf_index_new (TerraneStore *store, TerraneTree *tree, GError **error);
/** An index without a store, for terrane_elf_index_add(). */
TerraneElfIndex *terrane_elf_index_new_empty (void);
void terrane_elf_index_free (TerraneElfIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElfIndex, terrane_elf_index_free)

/** @elf: (transfer full) */
void terrane_elf_index_add (TerraneElfIndex *self, TerraneNode *node, const char *path,
                            TerraneElf *elf);

/** Returns: (transfer none): of TerraneElfEntry, by path */
const GPtrArray *terrane_elf_index_entries (const TerraneElfIndex *self);

/** Returns: (transfer none) (nullable): what is known of @node; %NULL when it is not a program */
const TerraneElfEntry *terrane_elf_index_find (const TerraneElfIndex *self,
                                               const TerraneNode *node);

G_END_DECLS
