/* The dynamic symbols that a program or library defines and needs. Only read for few files, since
 * tables are large. Files are untrusted. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GHashTable *defined; /* set of names that others can use */
  GHashTable *wanted;  /* set of names that must be found in other files, without weak ones */
} TerraneElfSymbols;

/**
 * terrane_elf_symbols_read:
 * @fd: a regular file
 *
 * Returns: (transfer full) (nullable): %NULL if it has no readable table
 */
TerraneElfSymbols *terrane_elf_symbols_read (int fd);
void terrane_elf_symbols_free (TerraneElfSymbols *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElfSymbols, terrane_elf_symbols_free)

G_END_DECLS
