/* Environment markers of requirements files. */
#include "fuzz.h"

#include "builder/python/marker.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const extras[] = { "dev", "A_b", NULL };
  const TerranePythonTarget target = { 3, 12, TERRANE_LIBC_GLIBC, 2, 34, "amd64", 0, FALSE };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  gboolean holds = FALSE, with = FALSE, nested = FALSE;
  gboolean is_marker = terrane_marker_evaluate (text, &target, NULL, &holds, &error);
  FUZZ_CHECK (is_marker, error);
  /* None of the extras is a version, so they are compared in the same way as none. */
  if (is_marker != terrane_marker_evaluate (text, &target, extras, &with, NULL))
    abort ();
  g_autofree char *in_parentheses = g_strdup_printf ("(%s)", text);
  if (is_marker && terrane_marker_evaluate (in_parentheses, &target, NULL, &nested, NULL)
      && nested != holds)
    abort ();
  return 0;
}
