/* Compares the sections of ELF files, to explain differences between two compilations. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *sections; /* of char *: names of sections that differ in their header or content */
  guint more;          /* number of further ones */
  gboolean in_content; /* of the first one; otherwise only its header differs */
  uint64_t byte;       /* the first one that differs in its content */
  uint64_t offset;     /* of that byte in the first file */
} TerraneElfDifference;

void terrane_elf_difference_clear (TerraneElfDifference *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneElfDifference, terrane_elf_difference_clear)

/**
 * terrane_elf_compare:
 * @a, @b: descriptors of regular files
 * @out: (out caller-allocates): without sections if one is not an ELF file, or if no section
 * differs
 *
 * Finds the sections that differ. Those that tell most are the first ones, each kind in the order
 * of the file: code and data; tables that follow from these; sections of which only the header
 * differs; the build id and other digests of the file's content.
 */
void terrane_elf_compare (int a, int b, TerraneElfDifference *out);

G_END_DECLS
