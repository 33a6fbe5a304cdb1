/* Sections of ELF files, compared: what differs between two compilations of one file. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_elf_first_difference:
 * @a, @b: descriptors of regular files
 *
 * Returns: (transfer full) (nullable): the name of the first section, in the order of the file,
 * that differs in its header or content; %NULL when one is not an ELF file, or when no section
 * differs
 */
char *terrane_elf_first_difference (int a, int b);

G_END_DECLS
