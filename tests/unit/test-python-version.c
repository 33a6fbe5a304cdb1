/* PEP 440 with its own examples. test_python_oracle.py compares many more with packaging. */
#include "builder/python/version.h"

#include <string.h>

static TerraneVersion *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  TerraneVersion *version = terrane_version_parse (text, &error);
  g_assert_no_error (error);
  return version;
}

static int
compare (const char *a, const char *b)
{
  g_autoptr (TerraneVersion) x = parse (a);
  g_autoptr (TerraneVersion) y = parse (b);
  int order = terrane_version_compare (x, y);
  g_assert_cmpint (terrane_version_compare (y, x), ==, -order);
  return order;
}

static void
test_order (void)
{
  /* "Summary of permitted suffixes and relative ordering", "Local version identifiers", epochs */
  static const char *const ascending[] = {
    "0.dev0",
    "0.9",
    "0.9.1",
    "0.9.10",
    "0.9.11",
    "1.dev0",
    "1.0.dev456",
    "1.0a1",
    "1.0a2.dev456",
    "1.0a12.dev456",
    "1.0a12",
    "1.0b1.dev456",
    "1.0b2",
    "1.0b2.post345.dev456",
    "1.0b2.post345",
    "1.0rc1.dev456",
    "1.0rc1",
    "1.0",
    "1.0+abc.5",
    "1.0+abc.7",
    "1.0+abc.7.1",
    "1.0+5",
    "1.0+5.abc",
    "1.0+10",
    "1.0.post456.dev34",
    "1.0.post456",
    "1.0.15",
    "1.1.dev1",
    "1.1",
    "2013.10",
    "2014.4",
    "18446744073709551616",
    "18446744073709551617",
    "1!1.0",
    "1!1.1",
    "1!2.0",
  };
  for (size_t a = 0; a < G_N_ELEMENTS (ascending); a++)
    for (size_t b = 0; b < G_N_ELEMENTS (ascending); b++)
      g_assert_cmpint (compare (ascending[a], ascending[b]), ==, (a > b) - (a < b));
}

static void
test_normalisation (void)
{
  /* "Normalization": each pair is one version */
  static const char *const rows[][2] = {
    { "1.1RC1", "1.1rc1" },
    { "00", "0" },
    { "09000", "9000" },
    { "1.0", "1" },
    { "1.0.0", "1.0" },
    { "1.1.a1", "1.1a1" },
    { "1.1-a1", "1.1a1" },
    { "1.0a.1", "1.0a1" },
    { "1.1alpha1", "1.1a1" },
    { "1.1beta2", "1.1b2" },
    { "1.1c3", "1.1rc3" },
    { "1.1pre4", "1.1rc4" },
    { "1.1preview5", "1.1rc5" },
    { "1.2a", "1.2a0" },
    { "1.2-post2", "1.2.post2" },
    { "1.2post2", "1.2.post2" },
    { "1.2.post-2", "1.2.post2" },
    { "1.0-r4", "1.0.post4" },
    { "1.0rev4", "1.0.post4" },
    { "1.2.post", "1.2.post0" },
    { "1.0-1", "1.0.post1" },
    { "1.2-dev2", "1.2.dev2" },
    { "1.2dev2", "1.2.dev2" },
    { "1.2.dev", "1.2.dev0" },
    { "1.0+ubuntu-1", "1.0+ubuntu.1" },
    { "1.0+Ubuntu_01", "1.0+ubuntu.1" },
    { "v1.0", "1.0" },
    { " 1.0\n", "1.0" },
    { "0!1", "1" },
    { "1.0a-", "1.0a0" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (compare (rows[i][0], rows[i][1]), ==, 0);
  g_autoptr (TerraneVersion) version = parse (" v1.0-ALPHA ");
  g_assert_cmpstr (terrane_version_text (version), ==, "v1.0-ALPHA");
}

static void
test_bad (void)
{
  static const char *const rows[] = { "",
                                      "a",
                                      "1.",
                                      "1..2",
                                      "1.0-",
                                      "1.0+",
                                      "1.0+a+b",
                                      "1.0+-",
                                      "1.0+a..b",
                                      "1!",
                                      "1.0 a",
                                      "vv1",
                                      "1.0a1b1",
                                      "1.0-1-1",
                                      "1.0_1",
                                      "1.0.dev1.post1",
                                      "french toast",
                                      "1.0+é",
                                      "1.0\x01" };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (terrane_version_parse (rows[i], &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "is not a version"));
    }
  g_autoptr (GError) error = NULL;
  g_autofree char *most = g_strnfill (512, '1');
  g_autofree char *more = g_strnfill (513, '1');
  g_autoptr (TerraneVersion) version = parse (most);
  g_assert_null (terrane_version_parse (more, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT);
}

static void
test_specifiers (void)
{
  static const struct
  {
    const char *specifiers, *matching, *other; /* versions, separated by spaces */
  } rows[] = {
    { "", "1.0 1.0.dev1 1!0", "" },
    { ">=3.9,!=3.9.1,<4", "3.9 3.9.0 3.10 3.9.2 3.9.1.post1", "3.8.9 3.9.1 4 4.0a1 4.0.dev0" },
    /* "Compatible release" */
    { "~=2.2", "2.2 2.3 2.2.post3", "2.1 3.0 3.0.dev1" },
    { "~=1.4.5", "1.4.5 1.4.9", "1.4.4 1.5" },
    { "~=2.2.post3", "2.2.post3 2.3", "2.2 2.2.post2 3.0" },
    { "~=1.4.5a4", "1.4.5a4 1.4.5 1.4.6", "1.4.5a3 1.5" },
    { "~=2.2.0", "2.2 2.2.1", "2.3" },
    { "~=1.4.5.0", "1.4.5 1.4.5.1", "1.4.6" },
    /* "Version matching" */
    { "==1.1", "1.1 1.1.0 1.1+local", "1.1.post1 1.1a1 1.1.1" },
    { "==1.1.post1", "1.1.post1 1.1.post1+x", "1.1" },
    { "==1.1.*", "1.1 1.1.post1 1.1a1 1.1.dev1 1.1.5 1.1+x", "1.2 1 1.10" },
    { "==1.1+ubuntu.1", "1.1+ubuntu-1", "1.1 1.1+ubuntu.2" },
    /* "Version exclusion" */
    { "!=1.1", "1.1.post1 1.1a1 1.0", "1.1 1.1.0 1.1+x" },
    { "!=1.1.post1", "1.1", "1.1.post1" },
    { "!=1.1.*", "1.2 1.0", "1.1 1.1.post1 1.1.7" },
    /* "Inclusive" and "Exclusive ordered comparison" */
    { "<=1.0", "1.0 1.0+local 0.9 1.0a1", "1.0.post1 1.1.dev0" },
    { ">=1.0", "1.0 1.0+local 1.0.post1", "1.0a1 0.9" },
    { ">1.7", "1.7.1 1.8.dev0", "1.7 1.7.0.post1 1.7+local 1.7.post2+local" },
    { ">1.7.post2", "1.7.1 1.7.0.post3", "1.7.0 1.7.post2+local" },
    { "<1.7", "1.6 1.6.post9", "1.7 1.7a1 1.7.dev0 1.7rc1.post1" },
    { "<1.7rc1", "1.7a1 1.7.dev0", "1.7rc1 1.7" },
    /* "Arbitrary equality" */
    { "===1.0", "1.0", "1.0.0 1.0+local" },
    { " == 1.0 , , > 0 ", "1.0", "1.1" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int expected = 0; expected < 2; expected++)
      {
        g_auto (GStrv) versions = g_strsplit (expected ? rows[i].matching : rows[i].other, " ", -1);
        for (char **text = versions; *text != NULL; text++)
          {
            g_autoptr (GError) error = NULL;
            g_autoptr (TerraneVersion) version = parse (*text);
            gboolean matches = !expected;
            g_assert_true (terrane_version_matches (version, rows[i].specifiers, &matches, &error));
            if (matches != expected)
              g_error ("%s %s: %d", *text, rows[i].specifiers, matches);
          }
      }
}

static void
test_bad_specifiers (void)
{
  static const char *const rows[] = {
    "1.0",     "=1.0",      "=>1.0",     ">=",         "~=1",         ">=1.0.*", "==1.*.*",
    "==.*",    "==1.0 .*",  "==1.0a1.*", ">1.0+local", "~=1.0+local", "<1 2",    "!=x",
    "=== a b", "==1.0+x.*", "(>=1)",     ">=1;<2",     ">=1,x",       "*"
  };
  g_autoptr (TerraneVersion) version = parse ("1.0");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean matches = 7;
      g_assert_false (terrane_version_matches (version, rows[i], &matches, &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "is not a version specifier"));
      g_assert_cmpint (matches, ==, 7);
    }
  g_autoptr (GError) error = NULL;
  gboolean matches = FALSE;
  g_autofree char *commas = g_strnfill (8193, ',');
  g_assert_false (terrane_version_matches (version, commas, &matches, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/python-version/order", test_order);
  g_test_add_func ("/python-version/normalisation", test_normalisation);
  g_test_add_func ("/python-version/bad", test_bad);
  g_test_add_func ("/python-version/specifiers", test_specifiers);
  g_test_add_func ("/python-version/bad-specifiers", test_bad_specifiers);
  return g_test_run ();
}
