/* Texts of libraries and rows of proj.db: both come from untrusted images. */
#include "fuzz.h"

#include "builder/elf/elf-symbols.h"
#include "builder/geo/geo-file.h"

#include "oci/base/fd.h"

#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneGeoFile) file = NULL;
  g_auto (OciFd) fd = memfd_create ("fuzz", MFD_CLOEXEC);
  g_assert_true (fd >= 0 && oci_write_all (fd, data, size, NULL));
  g_assert_true (lseek (fd, 0, SEEK_SET) == 0);
  gboolean ok = terrane_geo_file_read (fd, &file, &error);
  FUZZ_CHECK (ok, error);
  g_autoptr (TerraneElfSymbols) symbols = terrane_elf_symbols_read (fd);
  g_assert_true (symbols == NULL || symbols->defined != NULL);
  if (file == NULL)
    return 0;
  g_autoptr (OciJsonValue) json = terrane_geo_file_to_json (file);
  g_autoptr (TerraneGeoFile) again = terrane_geo_file_from_json (json);
  g_autoptr (OciJsonValue) second = terrane_geo_file_to_json (again);
  g_assert_true (json_equal (json, second));
  return 0;
}
