/* Programs of trees that are to be stripped, and what a strip made of them. */
#include "fuzz.h"

#include "builder/transform/elf-layout.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = NULL;
  if (size > FUZZ_MAX_BYTES || size == 0)
    return 0;
  TerraneStripVerdict verdict = terrane_elf_may_strip (data, size, &text);
  g_assert_true ((text != NULL) == (verdict == TERRANE_STRIP_REFUSED));
  gboolean same = terrane_elf_same_when_loaded (data, size, data, size, &text);
  g_assert_true ((text == NULL) == same);
  g_autofree char *id = terrane_elf_build_id (data, size);
  g_assert_true (id == NULL || strlen (id) <= 2 * (size_t) TERRANE_BUILD_ID_MAX);
  /* The second half against the first. */
  (void) terrane_elf_same_when_loaded (data, size / 2, data + size / 2, size - size / 2, &text);
  return 0;
}
