#include "builder/cli/style.h"
#include "builder/cli/table.h"

#include "testing.h"

#include <unistd.h>

/* Columns as the terminal counts them: UAX #11 for wide characters, none for combining ones. */
static void
test_columns (void)
{
  static const struct
  {
    const char *text;
    guint columns;
  } rows[] = {
    { "", 0 },     { "tiles", 5 }, { "Größe", 5 }, { "e\u0301", 1 },
    { "日本", 4 }, { "a日b", 4 },  { "👍", 2 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (terrane_text_columns (rows[i].text), ==, rows[i].columns);
}

static void
test_cut (void)
{
  static const struct
  {
    const char *text;
    guint columns;
    const char *cut;
  } rows[] = {
    { "tiles", 5, "tiles" },
    { "tiles", 4, "til…" },
    { "tiles", 1, "…" },
    { "tiles", 0, "" },
    { "日本語", 6, "日本語" },
    { "日本語", 5, "日本…" },
    { "日本語", 4, "日…" },
    { "日本語", 2, "…" },
    { "e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301" },
    { "e\u0301e\u0301e\u0301", 2, "e\u0301…" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *cut = terrane_text_cut (rows[i].text, rows[i].columns);
      g_assert_cmpstr (cut, ==, rows[i].cut);
      g_assert_cmpuint (terrane_text_columns (cut), <=, MAX (rows[i].columns, 0));
    }
}

/* Output that is not a terminal has neither columns nor colours, unless requested. */
static void
test_no_terminal (void)
{
  int fds[2];
  g_assert_cmpint (pipe (fds), ==, 0);
  g_setenv ("COLUMNS", "40", TRUE);
  g_setenv ("TERM", "xterm", TRUE);
  g_unsetenv ("NO_COLOR");
  g_assert_cmpuint (terrane_columns (fds[1]), ==, 0);
  g_assert_false (terrane_color_is_on (fds[1]));
  g_assert_cmpstr (terrane_color_start (fds[1], TERRANE_COLOR_FAILURE), ==, "");
  terrane_color_choose ("always");
  terrane_color_choose (NULL);
  terrane_color_choose ("sometimes");
  g_assert_cmpstr (terrane_color_start (fds[1], TERRANE_COLOR_FAILURE), ==, "\033[31m");
  g_assert_cmpstr (terrane_color_end (fds[1], TERRANE_COLOR_FAILURE), ==, "\033[0m");
  g_assert_cmpstr (terrane_color_start (fds[1], TERRANE_COLOR_NONE), ==, "");
  terrane_color_choose ("never");
  g_assert_cmpstr (terrane_color_start (fds[1], TERRANE_COLOR_FAILURE), ==, "");
  (void) close (fds[0]);
  (void) close (fds[1]);
}

/* The colour is around the cell alone, and text of others has none. */
static void
test_table (void)
{
  static const char *const headings[] = { "NAME", "", ">SIZE", NULL };
  static const char *const rows[][3] = { { "日本", "passed", "1 B" },
                                         { "a\033[32m", "FAILED", "" } };
  if (g_test_subprocess ())
    {
      g_autoptr (TerraneTable) table = terrane_table_new (headings);
      terrane_color_choose ("always");
      for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
        terrane_table_add (table, rows[i]);
      terrane_table_color (table, 1, TERRANE_COLOR_FAILURE);
      terrane_table_print (table);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*NAME            SIZE\n"
                             "日本    passed   1 B\n"
                             "a\uFFFD[32m  \033[31mFAILED\033[0m\n*");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/style/columns", test_columns);
  g_test_add_func ("/style/cut", test_cut);
  g_test_add_func ("/style/no-terminal", test_no_terminal);
  g_test_add_func ("/style/table", test_table);
  return g_test_run ();
}
