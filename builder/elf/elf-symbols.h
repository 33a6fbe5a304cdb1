/* The dynamic symbols of a program or library: what it has, and what it wants of others. Read for
 * few files only, as tables are large. The file comes from strangers. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GHashTable *defined; /* set of names that others can use */
  GHashTable *wanted;  /* set of names that must be found in others; weak ones left out */
} TerraneElfSymbols;

/**
 * terrane_elf_symbols_read:
 * @fd: a regular file
 *
 * Returns: (transfer full) (nullable): %NULL without an error when it has no table that can be read
 */
TerraneElfSymbols *terrane_elf_symbols_read (int fd);
void terrane_elf_symbols_free (TerraneElfSymbols *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElfSymbols, terrane_elf_symbols_free)

G_END_DECLS
