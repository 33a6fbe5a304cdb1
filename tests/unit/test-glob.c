#include "oci/base/glob.h"

#include "testing.h"

/* Expectations from gitignore(5), "Pattern format", where a pattern has a slash or is anchored. */
static const struct
{
  const char *pattern, *path;
  gboolean want;
} rows[] = {
  { "", "", TRUE },
  { "", "a", FALSE },
  { "a", "a", TRUE },
  { "a", "b", FALSE },
  { "a", "a/b", FALSE },
  { "a/b", "a", FALSE },
  { "a/b", "a/b", TRUE },
  { "*", "a", TRUE },
  { "*", "", FALSE },
  { "*", "a/b", FALSE },
  { "*.pyc", "x.pyc", TRUE },
  { "*.pyc", "x.pyc.y", FALSE },
  { "*.pyc", "d/x.pyc", FALSE },
  { "?", "a", TRUE },
  { "?", "ab", FALSE },
  { "?", "", FALSE },
  { "a?c", "a/c", FALSE },
  { "a*c", "ac", TRUE },
  { "a*c", "abbc", TRUE },
  { "a*c", "a/c", FALSE },
  { "a*b*c", "aXbYbZc", TRUE },
  { "a*b*c", "aXbYbZ", FALSE },
  { "**", "", TRUE },
  { "**", "a", TRUE },
  { "**", "a/b/c", TRUE },
  { "**/x", "x", TRUE },
  { "**/x", "a/b/x", TRUE },
  { "**/x", "a/xx", FALSE },
  { "a/**", "a", TRUE },
  { "a/**", "a/b/c", TRUE },
  { "a/**", "ab", FALSE },
  { "a/**/b", "a/b", TRUE },
  { "a/**/b", "a/x/y/b", TRUE },
  { "a/**/b", "a/x/y/c", FALSE },
  { "a/**/b/**/c", "a/b/b/x/c/c", TRUE },
  { "a/**/b/**/c", "a/c/b", FALSE },
  { "**/__pycache__/**", "usr/lib/__pycache__/x.pyc", TRUE },
  { "**/a/b", "a/a/b", TRUE },
  { "**/a/*/c", "a/a/b/c", TRUE },
  { "**/a*/b", "a1/x/a2/b", TRUE },
  { "a**b", "axxb", TRUE }, /* not a whole component: two stars are one */
  { "a**b", "ax/xb", FALSE },
  { "[a]", "a", FALSE }, /* no classes: small and without surprises */
  { "[a]", "[a]", TRUE },
  { "b\xc3\xbc*",
    "b\xc3\xbc"
    "cher",
    TRUE },
  /* "**" matches no component too, also twice in a row. */
  { "**/**/x", "x", TRUE },
  { "a/**/**/b", "a/b", TRUE },
};

static void
test_match (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean got = oci_glob_match (rows[i].pattern, rows[i].path);
      if (got != rows[i].want)
        {
          g_test_message ("‘%s’ against ‘%s’: expected %s", rows[i].pattern, rows[i].path,
                          rows[i].want ? "a match" : "none");
          g_test_fail ();
        }
    }
}

/* glob.h: "**" as a whole component matches any number of components, none included. */
static void
test_trailing_double_stars (void)
{
  g_assert_true (oci_glob_match ("a/**/**", "a"));
  g_assert_true (oci_glob_match ("**/**", ""));
}

static void
test_any (void)
{
  static const char *const patterns[] = { "**/tests", "usr/share/doc", NULL };
  static const char *const none[] = { NULL };
  g_assert_true (oci_glob_match_any (patterns, "tests"));
  g_assert_true (oci_glob_match_any (patterns, "a/tests/b/c"));
  g_assert_true (oci_glob_match_any (patterns, "usr/share/doc/x/copyright"));
  g_assert_false (oci_glob_match_any (patterns, "usr/share"));
  g_assert_false (oci_glob_match_any (patterns, "a/tests2"));
  g_assert_false (oci_glob_match_any (none, "a"));
  g_assert_false (oci_glob_match_any (NULL, "a"));
}

/* A backtracking matcher without memory needs longer than the universe has for this. */
static void
test_hostile_patterns (void)
{
  g_autofree char *name = g_strnfill (250, 'a');
  GString *pattern = g_string_new (NULL);
  for (int i = 0; i < 100; i++)
    g_string_append (pattern, "a*");
  g_string_append (pattern, "b");
  g_assert_false (oci_glob_match (pattern->str, name));

  GString *path = g_string_new ("a");
  g_string_assign (pattern, "**/a");
  for (int i = 0; i < 1000; i++)
    {
      g_string_append (path, "/a");
      g_string_append (pattern, "/**/a");
    }
  g_string_append (pattern, "/b");
  g_assert_false (oci_glob_match (pattern->str, path->str));
  g_string_free (pattern, TRUE);
  g_string_free (path, TRUE);
}

/* "@path or one of its parents", as the words say it. */
static gboolean
matches_a_prefix (const char *pattern, const char *path)
{
  g_auto (GStrv) components = g_strsplit (path, "/", -1);
  g_autoptr (GString) prefix = g_string_new (NULL);
  gboolean matches = FALSE;
  for (char **component = components; *component != NULL && !matches; component++)
    {
      g_string_append_printf (prefix, "%s%s", component == components ? "" : "/", *component);
      matches = oci_glob_match (pattern, prefix->str);
    }
  return matches;
}

static char *
random_text (GRand *random, const char *const *words, int n_words, int max_components)
{
  GString *text = g_string_new (words[g_rand_int_range (random, 0, n_words)]);
  for (int i = g_rand_int_range (random, 0, max_components); i > 0; i--)
    g_string_append_printf (text, "/%s", words[g_rand_int_range (random, 0, n_words)]);
  return g_string_free (text, FALSE);
}

static void
test_any_is_a_match_of_a_prefix (void)
{
  static const char *const names[] = { "a", "b", "ab" };
  static const char *const parts[] = { "a", "b", "*", "a*", "?", "**" };
  GRand *random = g_rand_new_with_seed (1);
  for (int i = 0; i < 20000; i++)
    {
      g_autofree char *path = random_text (random, names, G_N_ELEMENTS (names), 6);
      g_autofree char *pattern = random_text (random, parts, G_N_ELEMENTS (parts), 5);
      const char *const patterns[] = { pattern, NULL };
      if (oci_glob_match_any (patterns, path) != matches_a_prefix (pattern, path))
        g_error ("%s and %s", pattern, path);
    }
  g_rand_free (random);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/glob/match", test_match);
  g_test_add_func ("/glob/any", test_any);
  g_test_add_func ("/glob/any-is-a-match-of-a-prefix", test_any_is_a_match_of_a_prefix);
  g_test_add_func ("/glob/hostile-patterns", test_hostile_patterns);
  g_test_add_func ("/glob/trailing-double-stars", test_trailing_double_stars);
  return g_test_run ();
}
