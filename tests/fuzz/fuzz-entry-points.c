/* entry_points.txt of a wheel: names become files and values source code. */
#include "fuzz.h"

#include "builder/python/entry-points.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GPtrArray) scripts = terrane_entry_points_parse (bytes, &error);
  FUZZ_CHECK (scripts != NULL, error);
  for (guint i = 0; scripts != NULL && i < scripts->len; i++)
    {
      const TerraneEntryPoint *script = scripts->pdata[i];
      g_autofree char *text = terrane_entry_point_script (script, "/usr/bin/python3");
      unsigned lines = 0;
      for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
      g_assert_cmpuint (lines, ==, 8); /* nothing of the input adds one */
      g_assert_null (strchr (script->name, '/'));
    }
  return 0;
}
