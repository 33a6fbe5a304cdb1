/* Versions and specifier sets, as indexes and requirements have them: a version, another, and a
 * specifier set on a line each. */
#include "fuzz.h"

#include "builder/python/version.h"

#include <string.h>

/* The results of "<=", "==" and ">=" for two versions agree with their order. */
static void
check_operators (const TerraneVersion *a, const TerraneVersion *b)
{
  static const char *const operators[] = { "<=", "==", ">=" };
  int order = terrane_version_compare (a, b);
  if (strchr (terrane_version_text (a), '+') != NULL
      || strchr (terrane_version_text (b), '+') != NULL)
    return; /* the operators disregard local versions, or do not take them */
  const gboolean expected[] = { order <= 0, order == 0, order >= 0 };
  for (size_t i = 0; i < G_N_ELEMENTS (operators); i++)
    {
      g_autofree char *specifier = g_strconcat (operators[i], terrane_version_text (b), NULL);
      gboolean matches = FALSE;
      if (!terrane_version_matches (a, specifier, &matches, NULL) || matches != expected[i])
        abort ();
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  if (g_strv_length (lines) != 3)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneVersion) a = terrane_version_parse (lines[0], &error);
  FUZZ_CHECK (a != NULL, error);
  g_autoptr (TerraneVersion) b = terrane_version_parse (lines[1], NULL);
  if (a == NULL || b == NULL)
    return 0;
  g_autoptr (TerraneVersion) again = terrane_version_parse (terrane_version_text (a), NULL);
  if (again == NULL || terrane_version_compare (a, again) != 0
      || terrane_version_compare (a, b) != -terrane_version_compare (b, a))
    abort ();
  check_operators (a, b);
  gboolean matches = FALSE, same = FALSE;
  gboolean is_set = terrane_version_matches (a, lines[2], &matches, &error);
  if (is_set == (error != NULL) || is_set != terrane_version_matches (again, lines[2], &same, NULL)
      || matches != same)
    abort ();
  return 0;
}
