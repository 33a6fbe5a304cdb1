/* Paths, link targets and globs: the input is two texts with a NUL between. */
#include "fuzz.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"

#include <string.h>

static void
check_normalised (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *again = NULL;
  g_assert_true (path[0] != '/' && !g_str_has_suffix (path, "/"));
  g_assert_null (strstr (path, "//"));
  g_auto (GStrv) components = g_strsplit (path, "/", -1);
  for (char **c = components; *c != NULL; c++)
    g_assert_true (strcmp (*c, "..") != 0 && strcmp (*c, ".") != 0);
  g_assert_true (oci_path_normalise (path, &again, &error));
  g_assert_cmpstr (again, ==, path);
  g_assert_true (oci_path_is_below (path, path));
  g_assert_true (oci_glob_match ("**", path));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > 16 * 1024)
    return 0;
  g_autofree char *text = g_strndup ((const char *) data, size);
  size_t first = strlen (text);
  g_autofree char *second =
      first < size ? g_strndup ((const char *) data + first + 1, size - first - 1) : g_strdup ("");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gboolean ok = oci_path_normalise (text, &path, &error);
  FUZZ_CHECK (ok, error);
  g_assert_true (ok == (path != NULL));
  if (!ok)
    return 0;
  check_normalised (path);
  g_autofree char *resolved = oci_path_resolve_link (path, second);
  g_assert_true (resolved == NULL || resolved[0] != '/');
  const char *const patterns[] = { second, NULL };
  gboolean match = oci_glob_match (second, path);
  g_assert_true (!match || oci_glob_match_any (patterns, path));
  return 0;
}
