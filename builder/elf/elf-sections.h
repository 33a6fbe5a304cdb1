/* Compares the sections of ELF files, to explain differences between two compilations. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_elf_first_difference:
 * @a, @b: descriptors of regular files
 *
 * Returns: (transfer full) (nullable): name of the first section, in the order of the file, that
 *   differs in its header or content; %NULL if one is not an ELF file, or if no section differs
 */
char *terrane_elf_first_difference (int a, int b);

G_END_DECLS
