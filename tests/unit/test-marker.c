/* PEP 508 ("Environment Markers"). test_python_oracle.py compares many more with packaging. */
#include "builder/python/marker.h"

#include <string.h>

static const TerranePythonTarget target = { .python_major = 3,
                                            .python_minor = 12,
                                            .libc = TERRANE_LIBC_GLIBC,
                                            .libc_major = 2,
                                            .libc_minor = 34,
                                            .architecture = "arm64" };

static void
test_good (void)
{
  static const struct
  {
    const char *marker;
    gboolean expected;
  } rows[] = {
    /* the examples of PEP 508 */
    { "python_version < '2.7'", FALSE },
    { "sys_platform == 'win32'", FALSE },
    { "os_name=='a' or os_name=='b'", FALSE },
    { "os_name=='a' and os_name=='b'", FALSE },
    { "os_name=='posix' or os_name=='b' and os_name=='c'", TRUE },
    { "(os_name=='posix' or os_name=='b') and os_name=='c'", FALSE },
    { "'3.10' in python_version", FALSE },
    { "python_version > '3.9'", TRUE },
    { "'3.9' < python_version", TRUE },
    { "python_full_version == '3.12.0' and implementation_version == \"3.12.0\"", TRUE },
    { "platform_machine == 'aarch64' and platform_system == 'Linux'", TRUE },
    { "platform_release == '' and platform_version == ''", TRUE },
    { "platform_python_implementation == 'CPython' and implementation_name == 'cpython'", TRUE },
    { "os.name == 'posix' and sys.platform == 'linux' and platform.version == '' and "
      "platform.machine == 'aarch64' and platform.python_implementation == 'CPython' and "
      "python_implementation == 'CPython'",
      TRUE },
    { "sys_platform not in 'win32 darwin'", TRUE },
    { "extra == ''", TRUE },
    { "os_name != sys_platform", TRUE }, /* two variables: the grammar of PEP 508 has them */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean holds = !rows[i].expected;
      g_assert_true (terrane_marker_evaluate (rows[i].marker, &target, NULL, &holds, &error));
      if (holds != rows[i].expected)
        g_error ("%s: %d", rows[i].marker, holds);
    }
}

static void
test_extras (void)
{
  static const char *const extras[] = { "Test.Suite", "docs", NULL };
  static const char *const none[] = { NULL };
  static const struct
  {
    const char *marker;
    gboolean with, without;
  } rows[] = {
    { "extra == 'test-suite'", TRUE, FALSE },
    { "extra == 'DOCS'", TRUE, FALSE },
    { "extra == 'docs' and extra == 'test_suite'", FALSE, FALSE }, /* each alone */
    { "extra != 'docs'", TRUE, TRUE },
    { "extra == 'other' or os_name == 'nt'", FALSE, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean with = !rows[i].with, without = !rows[i].without;
      g_assert_true (terrane_marker_evaluate (rows[i].marker, &target, extras, &with, NULL));
      g_assert_true (terrane_marker_evaluate (rows[i].marker, &target, none, &without, NULL));
      g_assert_cmpint (with, ==, rows[i].with);
      g_assert_cmpint (without, ==, rows[i].without);
    }
}

static void
assert_refused (const char *marker, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  gboolean holds = 7;
  g_assert_false (terrane_marker_evaluate (marker, &target, NULL, &holds, &error));
  g_assert_error (error, OCI_ERROR, (int) code);
  g_assert_cmpint (holds, ==, 7);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("%s: %s does not match %s", marker, error->message, pattern);
}

static void
test_bad (void)
{
  static const char *const rows[][2] = {
    { "", "*expected a marker variable or a string at *" },
    { "name=='fred'", "*expected a marker variable*" },
    { "os_name", "*expected a comparison*" },
    { "os_name not 'x'", "*expected a comparison*" },
    { "os_name == 'x", "*expected a string*" },
    { "os_name == 'a\\x41'", "*expected a string without backslashes*" },
    { "os_name == 'a\nb'", "*expected a string*" },
    { "(os_name == 'x'", "*expected a closing parenthesis*" },
    { "os_name == 'x' extra", "*expected \"and\", \"or\" or the end*" },
    { "'a' == 'b'", "*expected a marker variable on one side*" },
    { "'x' in extras", "*expected a marker variable*" },
    { "os_name ~= 'posix'", "*~= cannot compare with *" },
    { "os_name == 'posix' or os_name ~= 'x'", "*~= cannot compare*" }, /* nothing is skipped */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i][0], OCI_ERROR_FORMAT, rows[i][1]);
}

static void
test_limits (void)
{
  g_autofree char *open = g_strnfill (32, '(');
  g_autofree char *close = g_strnfill (32, ')');
  g_autofree char *most = g_strconcat (open, "os_name == 'posix'", close, NULL);
  g_autofree char *deeper = g_strconcat ("(", most, ")", NULL);
  g_autofree char *beside = g_strconcat (most, " and ", most, NULL);
  g_autofree char *longer = g_strnfill (8193, ' ');
  gboolean holds = FALSE;
  g_assert_true (terrane_marker_evaluate (most, &target, NULL, &holds, NULL));
  g_assert_true (holds);
  g_assert_true (terrane_marker_evaluate (beside, &target, NULL, &holds, NULL));
  assert_refused (deeper, OCI_ERROR_LIMIT, "*more than 32 parentheses*");
  assert_refused (longer, OCI_ERROR_LIMIT, "*8193 bytes, at most 8192*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/marker/good", test_good);
  g_test_add_func ("/marker/extras", test_extras);
  g_test_add_func ("/marker/bad", test_bad);
  g_test_add_func ("/marker/limits", test_limits);
  return g_test_run ();
}
