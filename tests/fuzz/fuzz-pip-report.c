/* Installation reports of pip. */
#include "fuzz.h"

#include "builder/python/pip-report.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  g_autoptr (TerraneRequirements) result = terrane_pip_report_parse ("report", bytes, &error);
  FUZZ_CHECK (result != NULL, error);
  for (guint i = 0; result != NULL && i < result->requirements->len; i++)
    {
      const TerraneRequirement *item = result->requirements->pdata[i];
      g_assert_true (item->version != NULL && item->url != NULL);
      g_assert_cmpuint (item->hashes->len, ==, 1);
    }
  return 0;
}
