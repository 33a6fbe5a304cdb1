/* PEP 503 and PEP 508 with their own examples. */
#include "builder/python/name.h"

static void
test_normalise (void)
{
  static const char *const rows[][2] = {
    /* the examples of the PyPA's "Names and normalization", which PEP 503 became */
    { "friendly-bard", "friendly-bard" },
    { "Friendly-Bard", "friendly-bard" },
    { "FRIENDLY-BARD", "friendly-bard" },
    { "friendly.bard", "friendly-bard" },
    { "friendly_bard", "friendly-bard" },
    { "friendly--bard", "friendly-bard" },
    { "FrIeNdLy-._.-bArD", "friendly-bard" },
    { "numpy", "numpy" },
    { "zope.interface", "zope-interface" },
    { "", "" },
    { "-a-", "-a-" },
    { "a._-", "a-" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = terrane_python_normalise_name (rows[i][0]);
      g_assert_cmpstr (name, ==, rows[i][1]);
    }
}

static void
test_grammar (void)
{
  static const char *const good[] = { "A", "0", "aa", "name", "A.B-C_D", "a--b", "7zip" };
  static const char *const bad[] = { "",    "-",   "a-", ".a",  "_a",  "a_",
                                     "a b", "a/b", "é",  "a\n", "a[b]" };
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (terrane_python_is_name (good[i]));
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (terrane_python_is_name (bad[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/python-name/normalise", test_normalise);
  g_test_add_func ("/python-name/grammar", test_grammar);
  return g_test_run ();
}
