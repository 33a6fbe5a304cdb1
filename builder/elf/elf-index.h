/* Index of the programs and libraries of a file system: facts by node. The files of a layer are
 * read once, and the facts are kept in the store's cache. */
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
 * @tree: whose objects are all in the store; borrowed, and must not change while the index exists
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
TerraneElfIndex *terrane_elf_index_new (TerraneStore *store, TerraneTree *tree, GError **error);
/** Makes an index without a store, for terrane_elf_index_add(). Returns: (transfer full) */
TerraneElfIndex *terrane_elf_index_new_empty (void);
void terrane_elf_index_free (TerraneElfIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElfIndex, terrane_elf_index_free)

/** Adds a file. @elf: (transfer full) */
void terrane_elf_index_add (TerraneElfIndex *self, TerraneNode *node, const char *path,
                            TerraneElf *elf);

/** Returns: (transfer none): of TerraneElfEntry, sorted by path */
const GPtrArray *terrane_elf_index_entries (const TerraneElfIndex *self);

/** Returns: (transfer none) (nullable): the entry of @node; %NULL if it is not a program */
const TerraneElfEntry *terrane_elf_index_find (const TerraneElfIndex *self,
                                               const TerraneNode *node);

G_END_DECLS
