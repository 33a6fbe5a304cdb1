/* Requirements files from any project: what is accepted has a version or a URL, and a hash. */
#include "fuzz.h"

#include "builder/python/name.h"
#include "builder/python/requirements.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  g_autoptr (TerraneRequirements) result = terrane_requirements_parse ("r.txt", bytes, &error);
  FUZZ_CHECK (result != NULL, error);
  if (result == NULL)
    return 0;
  for (guint i = 0; i < result->requirements->len; i++)
    {
      const TerraneRequirement *item = result->requirements->pdata[i];
      /* A missing part is a fault only if the marker holds, which is evaluated later. */
      g_assert_true (item->fault != NULL || terrane_python_is_name (item->name));
      g_assert_nonnull (item->hashes);
    }
  return 0;
}
