/* The PyPA's "Binary distribution format" ("File name convention") and real names. */
#include "builder/python/wheel-name.h"

#include <string.h>

/* "NAME VERSION BUILD PYTHON,… ABI,… PLATFORM,…" */
static char *
describe (const TerraneWheelName *wheel)
{
  g_autofree char *python = g_strjoinv (",", wheel->python);
  g_autofree char *abi = g_strjoinv (",", wheel->abi);
  g_autofree char *platform = g_strjoinv (",", wheel->platform);
  g_autofree char *build =
      wheel->has_build ? g_strdup_printf ("%" G_GUINT64_FORMAT "+%s", (guint64) wheel->build_number,
                                          wheel->build_suffix)
                       : g_strdup ("no");
  return g_strdup_printf ("%s %s %s %s %s %s", wheel->name, wheel->version, build, python, abi,
                          platform);
}

static void
test_good (void)
{
  static const char *const rows[][2] = {
    { "distribution-1.0-1-py27-none-any.whl", "distribution 1.0 1+ py27 none any" },
    { "six-1.16.0-py2.py3-none-any.whl", "six 1.16.0 no py2,py3 none any" },
    { "Shapely-1.7.1-1-cp39-cp39-manylinux1_x86_64.whl",
      "shapely 1.7.1 1+ cp39 cp39 manylinux1_x86_64" },
    { "zope.interface-7.0.1-cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64.whl",
      "zope-interface 7.0.1 no cp312 cp312 manylinux_2_5_x86_64,manylinux1_x86_64" },
    { "a_B-1.0+cpu.1-007x_y-CP312-ABI3.abi3t-Linux_x86_64.whl",
      "a-b 1.0+cpu.1 7+x_y cp312 abi3,abi3t linux_x86_64" },
    { "a-1-18446744073709551615-py3-none-any.whl", "a 1 18446744073709551615+ py3 none any" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (rows[i][0], &error);
      g_assert_no_error (error);
      g_autofree char *described = describe (wheel);
      g_assert_cmpstr (described, ==, rows[i][1]);
    }
  g_assert_true (terrane_wheel_name_is_wheel ("x.whl"));
  g_assert_false (terrane_wheel_name_is_wheel ("x.whl.metadata"));
  g_assert_false (terrane_wheel_name_is_wheel ("whl"));
}

static void
assert_refused (const char *name, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (terrane_wheel_name_parse (name, &error));
  g_assert_error (error, OCI_ERROR, (int) code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("%s: %s does not match %s", name, error->message, pattern);
}

static void
test_bad (void)
{
  static const char *const rows[][2] = {
    { "", "*does not end in .whl" },
    { "a-1.tar.gz", "*does not end in .whl" },
    { ".whl", "*five or six parts*" },
    { "a-1-py3-none.whl", "*five or six parts*" },
    { "a-1-1-1-py3-none-any.whl", "*five or six parts*" },
    { "a-one-py3-none-any.whl", "*second part is not a version" },
    { "a--py3-none-any.whl", "*second part is not a version" },
    { "a-1-x-py3-none-any.whl", "*does not start with a digit" },
    { "a-1--py3-none-any.whl", "*does not start with a digit" },
    { "a-1-1\n-py3-none-any.whl", "*strange character" },
    { "a__b-1-py3-none-any.whl", "*name of a project" },
    { "-1-py3-none-any.whl", "*name of a project" },
    { "a/b-1-py3-none-any.whl", "*name of a project" },
    { "a-1--none-any.whl", "*" },
    { "a-1-py3..py2-none-any.whl", "*not tags" },
    { "a-1-py3-none-.whl", "*not tags" },
    { "a-1-py3-no ne-any.whl", "*not tags" },
    { "a-1-py3-none-../x.whl", "*not tags" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i][0], OCI_ERROR_FORMAT, rows[i][1]);
}

static void
test_limits (void)
{
  g_autofree char *a = g_strnfill (233, 'a');
  g_autofree char *most = g_strconcat (a, "-1234-py3-none-any.whl", NULL);
  g_autofree char *more = g_strconcat ("a", most, NULL);
  g_assert_cmpuint (strlen (most), ==, 255);
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (most, NULL);
  g_assert_nonnull (wheel);
  assert_refused (more, OCI_ERROR_LIMIT, "*at most 255");
  assert_refused ("a-1-18446744073709551616-py3-none-any.whl", OCI_ERROR_LIMIT, "*too large");
  GString *tags = g_string_new ("a"); /* 11 members in each of three sets: 1331 tags */
  for (int i = 1; i < 11; i++)
    g_string_append (tags, ".a");
  g_autofree char *name = g_strdup_printf ("a-1-%s-%s-%s.whl", tags->str, tags->str, tags->str);
  assert_refused (name, OCI_ERROR_LIMIT, "*1331 tags, at most 1024");
  g_string_free (tags, TRUE);
}

static void
test_builds (void)
{
  static const char *const ascending[] = { "", "0-", "1-", "1a-", "1b-", "2-", "10-" };
  for (size_t a = 0; a < G_N_ELEMENTS (ascending); a++)
    for (size_t b = 0; b < G_N_ELEMENTS (ascending); b++)
      {
        g_autofree char *name_a = g_strdup_printf ("x-1-%spy3-none-any.whl", ascending[a]);
        g_autofree char *name_b = g_strdup_printf ("x-1-%spy3-none-any.whl", ascending[b]);
        g_autoptr (TerraneWheelName) x = terrane_wheel_name_parse (name_a, NULL);
        g_autoptr (TerraneWheelName) y = terrane_wheel_name_parse (name_b, NULL);
        g_assert_cmpint (terrane_wheel_name_compare_builds (x, y), ==, (a > b) - (a < b));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wheel-name/good", test_good);
  g_test_add_func ("/wheel-name/bad", test_bad);
  g_test_add_func ("/wheel-name/limits", test_limits);
  g_test_add_func ("/wheel-name/builds", test_builds);
  return g_test_run ();
}
