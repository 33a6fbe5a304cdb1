/* Licence expressions of SPDX 2.3, annex D. */
#include "testing.h"

#include "builder/profile/spdx.h"

static void
test_expressions (void)
{
  static const char *const rows[][2] = {
    { "MIT", NULL },
    { "GPL-2.0+", NULL },
    { "LicenseRef-public-domain", NULL },
    { "DocumentRef-spdx-tool-1.2:LicenseRef-MIT-Style-2", NULL },
    { "GPL-2.0-only WITH Bison-exception-2.2", NULL },
    { "LGPL-2.1-only OR MIT AND BSD-3-Clause", NULL },
    { "(LGPL-2.1-only OR (MIT)) AND BSD-3-Clause", NULL },
    { "", "it is empty" },
    { "  ", "it is empty" },
    { "MIT License", "expected AND, OR or WITH instead of ‘License’" },
    { "MIT, BSD-3-Clause", "‘MIT,’ is not an identifier of SPDX" },
    { "MIT AND", "a licence is missing at the end" },
    { "MIT AND OR ISC", "a licence is missing before OR" },
    { "AND MIT", "a licence is missing before AND" },
    { "MIT WITH", "a licence is missing at the end" },
    { "(MIT OR ISC) WITH x", "WITH belongs directly after one licence" },
    { "MIT WITH x WITH y", "WITH belongs directly after one licence" },
    { "MIT WITH x+", "‘x+’ is not an identifier of SPDX" },
    { "(MIT", "‘)’ is missing" },
    { "MIT)", "‘)’ is at the wrong place" },
    { "()", "‘)’ is at the wrong place" },
    { "MIT (ISC)", "‘(’ is at the wrong place" },
    { "+", "‘+’ is not an identifier of SPDX" },
    { "x:LicenseRef-a", "‘x:LicenseRef-a’ is not an identifier of SPDX" },
    { "DocumentRef-a:MIT", "‘DocumentRef-a:MIT’ is not an identifier of SPDX" },
    { "M\nIT", "‘M\\x0aIT’ is not an identifier of SPDX" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean ok = terrane_spdx_check (rows[i][0], &error);
      g_assert_cmpint (ok, ==, rows[i][1] == NULL);
      if (!ok)
        g_assert_cmpstr (error->message, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spdx/expressions", test_expressions);
  return g_test_run ();
}
