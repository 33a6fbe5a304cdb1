/* The filter that takes a directory out of what a program prints. */
#include "builder/sandbox/prefix-filter.h"

#include <string.h>

/* In every division into two parts, and byte by byte. */
static void
check (const char *word, const char *text, const char *expected)
{
  size_t len = strlen (text);
  for (size_t cut = 0; cut <= len + 1; cut++)
    {
      TerranePrefixFilter filter;
      g_autoptr (GString) out = g_string_new (NULL);
      terrane_prefix_filter_init (&filter, word);
      if (cut <= len)
        {
          terrane_prefix_filter_take (&filter, text, cut, out);
          terrane_prefix_filter_take (&filter, text + cut, len - cut, out);
        }
      else
        for (size_t i = 0; i < len; i++)
          terrane_prefix_filter_take (&filter, text + i, 1, out);
      terrane_prefix_filter_finish (&filter, out);
      g_assert_cmpstr (out->str, ==, expected);
      terrane_prefix_filter_clear (&filter);
    }
}

static void
test_words (void)
{
  check ("/a/b", "", "");
  check ("/a/b", "x /a/b/c y", "x /c y");
  check ("/a/b", "/a/b/a/b", "");
  check ("/a/b", "/a/", "/a/");
  check ("/a/b", "/a//a/b!", "/a/!");
  check ("/a/b", "no such thing", "no such thing");
}

/* Words that begin as they end: what was held is the start of another one. */
static void
test_words_in_themselves (void)
{
  check ("aab", "aaab", "a");
  check ("abab", "ababab", "ab");
  check ("abaabaa", "abaababaabaa", "abaab");
  check ("/x/x/", "/x/x/x/", "x/");
  check ("aa", "aaa", "a");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prefix-filter/words", test_words);
  g_test_add_func ("/prefix-filter/words-in-themselves", test_words_in_themselves);
  return g_test_run ();
}
