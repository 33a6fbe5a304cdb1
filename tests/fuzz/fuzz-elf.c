/* Programs, and ld.so.cache: both come from untrusted images. */
#include "fuzz.h"

#include "builder/elf/elf-file.h"
#include "builder/elf/linker-cache.h"

#include "oci/base/fd.h"

#include <sys/mman.h>
#include <unistd.h>

static void
read_program (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneElf) elf = NULL;
  g_auto (OciFd) fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_assert_true (fd >= 0 && oci_write_all (fd, data, size, NULL));
  gboolean ok = terrane_elf_read (fd, &elf, &error);
  FUZZ_CHECK (ok, error);
  if (elf == NULL)
    return;
  g_autoptr (OciJsonValue) json = terrane_elf_to_json (elf);
  g_autoptr (TerraneElf) again = terrane_elf_from_json (json);
  g_autoptr (OciJsonValue) second = terrane_elf_to_json (again);
  g_assert_true (json_equal (json, second));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  read_program (data, size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (TerraneLinkerCache) cache = terrane_linker_cache_parse (bytes);
  if (cache != NULL)
    (void) terrane_linker_cache_find (cache, 64, 62, "libc.so.6");
  return 0;
}
