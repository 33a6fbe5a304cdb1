/* Examines the layout of an ELF file on disk and in memory, to decide whether it may be stripped
 * and whether the result still loads in the same way. Input is untrusted: for any bytes the answer
 * is a word or a refusal. Only 64-bit little-endian files, as on x86-64 and AArch64. */
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
  TERRANE_STRIP_NOTHING, /* not a program or library, or nothing in it can be removed */
  TERRANE_STRIP_REFUSED,
} TerraneStripVerdict;

/**
 * terrane_elf_may_strip:
 * @out_reason: (out) (transfer none): for %TERRANE_STRIP_REFUSED: why, such as "patched by
 *   patchelf"
 *
 * Whether symbols or debug information of a program or shared library can be removed.
 */
TerraneStripVerdict terrane_elf_may_strip (const uint8_t *data, size_t size,
                                           const char **out_reason);

/**
 * terrane_elf_same_when_loaded:
 * @out_difference: (out) (transfer none): what differs, if %FALSE is returned
 *
 * Whether @stripped is well-formed and the dynamic linker treats both the same: equal program
 * headers, equal bytes in every segment, equal dynamic symbols.
 */
gboolean terrane_elf_same_when_loaded (const uint8_t *original, size_t original_size,
                                       const uint8_t *stripped, size_t stripped_size,
                                       const char **out_difference);

/** Returns: (transfer full) (nullable): the build-id in hexadecimal digits */
char *terrane_elf_build_id (const uint8_t *data, size_t size);

G_END_DECLS
