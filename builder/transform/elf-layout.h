/* How an ELF file lies on the disk and in memory, to know whether it may be stripped and whether
 * what came out still loads as before. Reads bytes from strangers: whatever they are, the answer is
 * a word or a refusal. Only 64-bit little-endian files, which is what x86-64 and AArch64 have. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

enum
{
  TERRANE_BUILD_ID_MAX = 64, /* bytes; linkers write 8 to 20 */
};

typedef enum
{
  TERRANE_STRIPPABLE,
  TERRANE_STRIP_NOTHING, /* no program or library, or nothing in it that could go */
  TERRANE_STRIP_REFUSED,
} TerraneStripVerdict;

/**
 * terrane_elf_may_strip:
 * @out_reason: (out) (transfer none): with %TERRANE_STRIP_REFUSED: why, such as "patched by
 *   patchelf"
 *
 * Whether symbols or debug information of a program or shared library can be taken out.
 */
TerraneStripVerdict terrane_elf_may_strip (const uint8_t *data, size_t size,
                                           const char **out_reason);

/**
 * terrane_elf_same_when_loaded:
 * @out_difference: (out) (transfer none): what is wrong, when FALSE is returned
 *
 * Whether @stripped is well-formed and the dynamic linker makes the same of both: equal program
 * headers, equal bytes in every segment, equal dynamic symbols.
 */
gboolean terrane_elf_same_when_loaded (const uint8_t *original, size_t original_size,
                                       const uint8_t *stripped, size_t stripped_size,
                                       const char **out_difference);

/** The build-id in hexadecimal digits. Returns: (transfer full) (nullable) */
char *terrane_elf_build_id (const uint8_t *data, size_t size);

G_END_DECLS
