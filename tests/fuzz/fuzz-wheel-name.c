/* File names that package indexes list, and what is said about those that do not fit. */
#include "fuzz.h"

#include "builder/python/name.h"
#include "builder/python/tags.h"
#include "builder/python/wheel-name.h"

#include <string.h>

/* The name that the parts make, in canonical form. */
static char *
join (const TerraneWheelName *wheel)
{
  g_autofree char *name = g_strdelimit (g_strdup (wheel->name), "-", '_');
  g_autofree char *build =
      wheel->has_build ? g_strdup_printf ("%" G_GUINT64_FORMAT "%s-", (guint64) wheel->build_number,
                                          wheel->build_suffix)
                       : g_strdup ("");
  g_autofree char *python = g_strjoinv (".", wheel->python);
  g_autofree char *abi = g_strjoinv (".", wheel->abi);
  g_autofree char *platform = g_strjoinv (".", wheel->platform);
  return g_strdup_printf ("%s-%s-%s%s-%s-%s.whl", name, wheel->version, build, python, abi,
                          platform);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const TerranePythonTarget target = { 3, 12, TERRANE_LIBC_GLIBC, 2, 28, "arm64", 0, FALSE };
  static TerraneTags *tags;
  if (tags == NULL)
    tags = terrane_tags_new (&target);
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (text, &error);
  FUZZ_CHECK (wheel != NULL, error);
  if (wheel == NULL)
    return 0;
  g_autofree char *joined = join (wheel);
  g_autoptr (TerraneWheelName) again = terrane_wheel_name_parse (joined, NULL);
  g_autofree char *same = again != NULL ? join (again) : NULL;
  if (!terrane_python_is_name (wheel->name) || g_strcmp0 (joined, same) != 0
      || terrane_wheel_name_compare_builds (wheel, again) != 0)
    abort ();
  if (terrane_tags_rank_wheel (tags, wheel) >= 0)
    return 0;
  g_autofree char *reason = terrane_tags_explain (&target, wheel, NULL);
  if (*reason == '\0' || !g_utf8_validate (reason, -1, NULL) || strchr (reason, '\n') != NULL)
    abort ();
  return 0;
}
