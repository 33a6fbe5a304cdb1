#include "builder/python/entry-points.h"

#include "testing.h"

static GPtrArray *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = test_bytes (text);
  return terrane_entry_points_parse (bytes, error);
}

/* Expected values: importlib.metadata.EntryPoints of Python 3.11 for the same text. */
static void
test_parse (void)
{
  static const struct
  {
    const char *text, *want;
  } rows[] = {
    { "", "" },
    { "# comment\n\n[other]\nanything\nx = y\n", "" },
    { "[console_scripts]\nrio = rasterio.rio.main:main_group\n",
      "rio=rasterio.rio.main:main_group;" },
    { "[console_scripts]\r\na=b:c\r\n[gui_scripts]\r\nd = e : f.g \r\n", "a=b:c;d=e:f.g;" },
    { "[console_scripts]\n  a = b:c [x,y]\n", "a=b:c;" },
    { "[x]\na=b\n[console_scripts]\n; no\n# no\npip3.11=p._q:r1\n[y]\nz=1\n", "pip3.11=p._q:r1;" },
    { "[console_scripts]\n\xc3\xbc = \xc3\xbc:\xc3\xbc\n", "\xc3\xbc=\xc3\xbc:\xc3\xbc;" },
    { "[Console_Scripts]\na = b:c\n", "" },
    /* One name several times: what pip 23 leaves in bin. */
    { "[console_scripts]\na = b:c\nx = y:z\na = d:e\n", "a=d:e;x=y:z;" },
    { "[console_scripts]\na = b:c\n[gui_scripts]\na = d:e\n", "a=d:e;" },
    { "[gui_scripts]\na = b:c\n[console_scripts]\na = d:e\nx = y:z\n", "a=b:c;x=y:z;" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) got = g_string_new (NULL);
      g_autoptr (GPtrArray) scripts = parse (rows[i].text, &error);
      g_assert_no_error (error);
      for (guint j = 0; j < scripts->len; j++)
        {
          const TerraneEntryPoint *script = scripts->pdata[j];
          g_string_append_printf (got, "%s=%s:%s;", script->name, script->module,
                                  script->attribute);
        }
      g_assert_cmpstr (got->str, ==, rows[i].want);
    }
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "a = b:c\n", "entry_points.txt: text before the first section" },
    { "[console_scripts\na = b:c\n", "entry_points.txt: text before the first section" },
    { "[console_scripts]\na\n", "*the line ‘a’ has no ‘=’" },
    { "[console_scripts]\n = b:c\n", "*‘’ cannot be the name of a script" },
    { "[console_scripts]\n.. = b:c\n", "*‘..’ cannot be the name of a script" },
    { "[console_scripts]\n../x = b:c\n", "*‘../x’ cannot be the name of a script" },
    { "[console_scripts]\n/etc/x = b:c\n", "*cannot be the name of a script" },
    { "[console_scripts]\nx\\y = b:c\n", "*cannot be the name of a script" },
    { "[console_scripts]\nx\x1by = b:c\n", "*cannot be the name of a script" },
    { "[console_scripts]\nx\xc2\x9by = b:c\n", "*cannot be the name of a script" },
    { "[console_scripts]\na = b\n", "*the script ‘a’ needs “module:function”, not ‘b’" },
    { "[console_scripts]\na = b:c [x\n", "*the script ‘a’ needs “module:function”*" },
    { "[console_scripts]\na = b:\n", "*‘a’ names ‘b:’, which Python cannot import" },
    { "[console_scripts]\na = :c\n", "*which Python cannot import" },
    { "[console_scripts]\na = b..c:d\n", "*which Python cannot import" },
    { "[console_scripts]\na = b.:d\n", "*which Python cannot import" },
    { "[console_scripts]\na = 1b:d\n", "*which Python cannot import" },
    { "[console_scripts]\na = b:c:d\n", "*which Python cannot import" },
    { "[console_scripts]\na = b:c()\n", "*which Python cannot import" },
    { "[console_scripts]\na = os;x:c\n", "*which Python cannot import" },
    { "[console_scripts]\na = b:\xff\n", "entry_points.txt: not UTF-8 text" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].text);
      g_assert_null (parse (rows[i].text, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

/* Expected text: what pip 23.2.1 installed for rasterio 1.4.4 and for a nested function. */
static void
test_script (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) scripts =
      parse ("[console_scripts]\nrio = rasterio.rio.main:main_group\nx = a:B.c\n", &error);
  g_assert_no_error (error);
  g_autofree char *rio = terrane_entry_point_script (scripts->pdata[0], "/usr/bin/python3.11");
  g_assert_cmpstr (rio, ==,
                   "#!/usr/bin/python3.11\n"
                   "# -*- coding: utf-8 -*-\n"
                   "import re\n"
                   "import sys\n"
                   "from rasterio.rio.main import main_group\n"
                   "if __name__ == '__main__':\n"
                   "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
                   "    sys.exit(main_group())\n");
  g_autofree char *nested = terrane_entry_point_script (scripts->pdata[1], "/p");
  g_assert_true (strstr (nested, "\nfrom a import B\n") != NULL);
  g_assert_true (strstr (nested, "\n    sys.exit(B.c())\n") != NULL);
}

/* Expected values: distlib's ScriptMaker._build_shebang() and enquote_executable(). */
static void
test_shebang (void)
{
  g_autofree char *fits = g_strnfill (124, 'x'), *long_path = g_strnfill (125, 'x');
  fits[0] = long_path[0] = '/';
  g_autofree char *want_fits = g_strconcat ("#!", fits, "\n", NULL);
  g_autofree char *want_long =
      g_strconcat ("#!/bin/sh\n'''exec' ", long_path, " \"$0\" \"$@\"\n' '''\n", NULL);
  g_autofree char *got_fits = terrane_script_shebang (fits);
  g_autofree char *got_long = terrane_script_shebang (long_path);
  g_autofree char *spaces = terrane_script_shebang ("/my python/bin/python3");
  g_assert_cmpstr (got_fits, ==, want_fits);
  g_assert_cmpstr (got_long, ==, want_long);
  g_assert_cmpstr (spaces, ==,
                   "#!/bin/sh\n'''exec' \"/my python/bin/python3\" \"$0\" \"$@\"\n' '''\n");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/entry-points/parse", test_parse);
  g_test_add_func ("/entry-points/bad", test_bad);
  g_test_add_func ("/entry-points/script", test_script);
  g_test_add_func ("/entry-points/shebang", test_shebang);
  return g_test_run ();
}
