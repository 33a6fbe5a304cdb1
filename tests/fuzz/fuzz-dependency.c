/* Requirements in metadata, and requires.txt of egg-info directories. */
#include "fuzz.h"

#include "builder/python/dependency.h"
#include "builder/python/name.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneDependency) dependency = terrane_dependency_parse (text, &error);
  FUZZ_CHECK (dependency != NULL, error);
  if (dependency != NULL
      && (!terrane_python_is_name (dependency->name) || strstr (text, dependency->name) == NULL))
    abort ();
  g_autoptr (GPtrArray) requires = terrane_egg_requires_parse (text);
  for (guint i = 0; i < requires->len; i++)
    {
      g_autoptr (TerraneDependency) each = terrane_dependency_parse (requires->pdata[i], NULL);
      if (each != NULL && !terrane_python_is_name (each->name))
        abort ();
    }
  return 0;
}
