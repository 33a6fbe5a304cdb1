/* Suggestions for misspelt words. */
#include "testing.h"

#include "oci/base/suggest.h"

static void
test_nearest_word (void)
{
  static const char *const words[] = { "archive", "directory", "image", NULL };
  static const char *const rows[][2] = {
    { "archive", "archive" },
    { "archve", "archive" },
    { "Archive", "archive" },
    { "dirctory", "directory" },
    { "imag", "image" },
    { "xyz", NULL },
    { "", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (oci_nearest_word (rows[i][0], words), ==, rows[i][1]);
}

/* Nothing is near a word of 100000 letters. */
static void
test_overlong_word (void)
{
  static const char *const words[] = { "archive", NULL };
  g_autofree char *overlong = g_strnfill (100000, 'a');
  g_assert_null (oci_nearest_word (overlong, words));
}

static void
test_phrase (void)
{
  static const char *const words[] = { "archive", "im\x1bge", NULL };
  static const char *const rows[][2] = {
    { "archve", "; did you mean ‘archive’?" },
    { "imge", "; did you mean ‘im\\x1bge’?" },
    { "xyz", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *phrase = oci_did_you_mean (rows[i][0], words);
      g_assert_cmpstr (phrase, ==, rows[i][1]);
    }
  g_autofree char *option = oci_suggest ("--jobs");
  g_autofree char *nothing = oci_suggest (NULL);
  g_assert_cmpstr (option, ==, "; did you mean ‘--jobs’?");
  g_assert_cmpstr (nothing, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/suggest/nearest-word", test_nearest_word);
  g_test_add_func ("/suggest/overlong-word", test_overlong_word);
  g_test_add_func ("/suggest/phrase", test_phrase);
  return g_test_run ();
}
