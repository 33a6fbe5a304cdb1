/* Sound wheels; test-wheel-hostile.c has the others. */
#include "wheel-fixture.h"

/* Expected digests: sha256sum and python3 -m base64. */
static void
test_layout (void)
{
  static const Member members[] = {
    { .path = "foo/", .type = AE_IFDIR, .mode = 0755 },
    { .path = "foo/__init__.py", .content = "x = 1\n" },
    { .path = "foo/run.sh", .content = "#!/bin/sh\n", .mode = 0654 },
    { .path = "foo/,odd", .content = "" },
    { .path = DATA "purelib/pure.py", .content = "p" },
    { .path = DATA "platlib/plat.py", .content = "q" },
    { .path = DATA "data/share/foo.txt", .content = "d" },
    { .path = DATA "headers/foo.h", .content = "h" },
    { .path = DATA "scripts/tool", .content = "#!pythonw -u\nbody\n#!python\n" },
    { .path = DATA "scripts/shell", .content = "#!/bin/sh\n" },
    { .path = DATA "scripts/short", .content = "#!py" },
    { .path = DATA "scripts/open", .content = "#!python" },
    { .path = DATA "scripts/empty", .content = "" },
    { .path = DATA "scripts/cli", .content = "replaced" },
    { .path = DATA "scripts/cli-script.py", .content = "replaced" },
    { .path = INFO "INSTALLER", .content = "other\n" },
    { .path = INFO "direct_url.json", .content = "{}" },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  const Wheel wheel = { .entry_points = "[console_scripts]\ncli = foo:main\n",
                        .more_record = INFO "RECORD.jws,,\n" };
  g_autofree char *text = install (&wheel, members, &error);
  g_assert_no_error (error);
  static const char start[] =
      "0644 foo/__init__.py x = 1~|"
      "0755 foo/run.sh #!/bin/sh~|"
      "0644 foo/,odd |"
      "0644 pure.py p|"
      "0644 plat.py q|"
      "0644 share/foo.txt d|"
      "0644 include/python/Foo.Bar/foo.h h|"
      "0755 bin/tool #!/usr/bin/python3.11~body~#!python~|"
      "0755 bin/shell #!/bin/sh~|"
      "0755 bin/short #!py|"
      "0755 bin/open #!/usr/bin/python3.11~|"
      "0755 bin/empty |"
      "0644 " INFO "WHEEL Wheel-Version: 1.0~Root-Is-Purelib: true~Tag: py3-none-any~|"
      "0644 " INFO "METADATA Metadata-Version: 2.1~Name: Foo.Bar~Version: 1.0~|"
      "0644 " INFO "entry_points.txt [console_scripts]~cli = foo:main~|"
      "0755 bin/cli #!/usr/bin/python3.11~# -*- coding: utf-8 -*-~";
  g_assert_cmpint (strncmp (text, start, strlen (start)), ==, 0);
  const char *rest = strstr (text, "    sys.exit(main())~|");
  g_assert_nonnull (rest);
  g_assert_true (g_str_has_prefix (rest, "    sys.exit(main())~|0644 " INFO "INSTALLER terrane~|"
                                         "0644 " INFO "RECORD bin/cli,sha256="));
  g_assert_nonnull (
      strstr (rest, "~bin/tool,sha256=poI9UW85VkihgJ7NL_jH0_jOQJPw8ebmZ2mSaXQ5zz0,36~"));
  g_assert_nonnull (
      strstr (rest, "~" INFO "INSTALLER,sha256=F0t7ahJNvgCIrWLAXpYrb2Hw1O4MhqKT23Vz6I6X0Io,8~"));
  g_assert_nonnull (
      strstr (rest, "~\"foo/,odd\",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0~"));
  g_assert_null (strstr (rest, "direct_url"));
  g_assert_null (strstr (rest, "jws"));
  g_assert_null (strstr (rest, "cli-script"));
  g_assert_true (g_str_has_suffix (rest, "~" INFO "RECORD,,~|"));
}

static void
test_requested_and_again (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  const Wheel wheel = { 0 };
  const TerraneWheelLayout requested = { .interpreter = "/p", .installer = "i", .requested = TRUE };
  g_autofree char *path = make_wheel (&dir, &wheel, NULL);
  g_autofree char *first = install_file (path, NULL, &requested, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (first, "|0644 " INFO "REQUESTED |0644 " INFO "RECORD "));
  g_assert_nonnull (strstr (first, "~" INFO "REQUESTED,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NM"
                                   "pJWZG3hSuFU,0~"));

  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (TerraneWheel) again = terrane_wheel_open (FILE_NAME, fd, &error);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      g_assert_true (terrane_wheel_install (again, &requested, list_entry, out, &error));
      g_strdelimit (out->str, "\n", '~');
      g_assert_cmpstr (out->str, ==, first);
    }
  g_assert_cmpuint (terrane_wheel_metadata (again)->requires_dist->len, ==, 0);
}

/* Spellings that mean the same name and version. */
static void
test_spellings (void)
{
  static const char *const names[] = { "Foo.Bar-1.0-py3-none-any.whl",
                                       "foo_bar-1.0.0-py3-none-any.whl",
                                       "foo_bar-1.0-1-py3-none-any.whl",
                                       "FOO__BAR-v1-py2.py3-none-any.whl" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      const Wheel wheel = { .file_name = names[i], .wheel = "wheel-version: 1.9\n" };
      g_autofree char *text G_GNUC_UNUSED = install (&wheel, NULL, &error);
      g_assert_no_error (error);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/wheel/layout", test_layout);
  g_test_add_func ("/wheel/requested-and-again", test_requested_and_again);
  g_test_add_func ("/wheel/spellings", test_spellings);
  return g_test_run ();
}
