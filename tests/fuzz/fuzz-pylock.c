/* A pylock.toml from any project: what is accepted has files with digests, or a fault. */
#include "fuzz.h"

#include "builder/python/name.h"
#include "builder/python/pylock.h"
#include "builder/python/requirement-select.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const TerranePythonTarget target = { .python_major = 3,
                                              .python_minor = 12,
                                              .libc_major = 2,
                                              .libc_minor = 34,
                                              .architecture = "amd64" };
  g_autoptr (GError) error = NULL, selection = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  g_autoptr (TerraneRequirements) result = terrane_pylock_parse ("pylock.toml", bytes, &error);
  FUZZ_CHECK (result != NULL, error);
  if (result == NULL)
    return 0;
  for (guint i = 0; i < result->requirements->len; i++)
    {
      const TerraneRequirement *item = result->requirements->pdata[i];
      g_assert_true (terrane_python_is_name (item->name));
      g_assert_true (item->fault != NULL
                     || (item->version != NULL && item->files->len > 0
                         && item->hashes->len + item->long_hashes->len > 0));
    }
  g_autoptr (GPtrArray) active =
      terrane_requirements_select (result, &target, "pylock.toml", &selection);
  FUZZ_CHECK (active != NULL, selection);
  return 0;
}
