/* Which emulator an image needs, and what it is given to run. */
#include "builder/sandbox/emulator.h"

#include "oci/base/error.h"

#include "testing.h"

#include <glib/gstdio.h>
#include <string.h>

#if defined __x86_64__
#define HERE "amd64"
#define OTHER "arm64"
#define QEMU "qemu-aarch64"
#else
#define HERE "arm64"
#define OTHER "amd64"
#define QEMU "qemu-x86_64"
#endif

static void
write_file (const char *dir, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, NULL));
  g_assert_cmpint (g_chmod (path, (mode_t) mode), ==, 0);
}

static TerraneEmulation
find (const char *architecture, const char *binfmt, const char *path)
{
  g_auto (TerraneEmulator) emulator = { 0 };
  terrane_emulator_find (architecture, binfmt, path, &emulator);
  return emulator.kind;
}

static void
test_find (void)
{
  g_autofree char *dir = g_dir_make_tmp (NULL, NULL);
  g_auto (TerraneEmulator) emulator = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (find (HERE, dir, dir), ==, TERRANE_EMULATION_NONE);
  g_assert_cmpint (find (OTHER, "/nowhere", NULL), ==, TERRANE_EMULATION_MISSING);
  terrane_emulator_find (OTHER, dir, dir, &emulator);
  g_assert_false (terrane_emulator_require (&emulator, OTHER, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED,
                "*for ‘" OTHER "’*no " QEMU "*apt install qemu-user-static*");
  g_assert_cmpint (find ("sparc", dir, dir), ==, TERRANE_EMULATION_MISSING);
  write_file (dir, QEMU "-static", "", 0644); /* not executable */
  write_file (dir, "status", "enabled\n", 0644);
  write_file (dir, "register", "", 0200);
  g_assert_cmpint (find (OTHER, dir, dir), ==, TERRANE_EMULATION_MISSING);
  write_file (dir, QEMU "-static", "", 0755);
  g_assert_cmpint (find (OTHER, dir, dir), ==, TERRANE_EMULATION_PROGRAM);
  /* As the kernel's Documentation/admin-guide/binfmt-misc.rst shows it. */
  write_file (dir, "q", "enabled\ninterpreter /usr/bin/" QEMU "-static\nflags: OC\noffset 0\n",
              0644);
  g_assert_cmpint (find (OTHER, dir, dir), ==, TERRANE_EMULATION_PROGRAM);
  write_file (dir, "q", "disabled\ninterpreter /usr/bin/" QEMU "\nflags: OCF\noffset 0\n", 0644);
  g_assert_cmpint (find (OTHER, dir, dir), ==, TERRANE_EMULATION_PROGRAM);
  write_file (dir, "q", "enabled\ninterpreter /usr/bin/" QEMU "_be\nflags: OCF\noffset 0\n", 0644);
  g_assert_cmpint (find (OTHER, dir, dir), ==, TERRANE_EMULATION_PROGRAM);
  write_file (dir, "q", "enabled\ninterpreter /usr/libexec/" QEMU "-binfmt\nflags: POCF\n", 0644);
  g_assert_cmpint (find (OTHER, dir, NULL), ==, TERRANE_EMULATION_REGISTERED);
}

static void
assert_wrapped (const char *root, const char *const *argv, const char *expected)
{
  const char *const env[] = { "PATH=/nowhere:/bin", NULL };
  g_auto (GStrv) words = terrane_emulator_wrap ("/qemu", root, env, argv);
  g_autofree char *joined = g_strjoinv (" ", words);
  g_assert_cmpstr (joined, ==, expected);
}

static void
test_wrap (void)
{
  g_autofree char *root = g_dir_make_tmp (NULL, NULL);
  g_autofree char *bin = g_build_filename (root, "bin", NULL);
  g_assert_cmpint (g_mkdir (bin, 0755), ==, 0);
  write_file (bin, "program", "\177ELF", 0755);
  write_file (bin, "script", "#! /bin/program  -e x \nexit\n", 0755);
  write_file (bin, "indirect", "#!/bin/script\n", 0755);
  write_file (bin, "loop", "#!/bin/loop\n", 0755);
  const char *const program[] = { "/bin/program", "a", NULL }, *const name[] = { "program", NULL },
                    *const script[] = { "script", "a b", NULL },
                    *const indirect[] = { "/bin/indirect", NULL },
                    *const absent[] = { "absent", "x", NULL },
                    *const loop[] = { "/bin/loop", NULL };
  assert_wrapped (root, program, "/qemu -0 /bin/program /bin/program a");
  assert_wrapped (root, name, "/qemu -0 program /bin/program");
  assert_wrapped (root, script, "/qemu /bin/program -e x /bin/script a b");
  assert_wrapped (root, indirect, "/qemu /bin/program -e x /bin/script /bin/indirect");
  assert_wrapped (root, absent, "absent x");
  assert_wrapped (root, loop, "/qemu /bin/loop /bin/loop /bin/loop /bin/loop /bin/loop");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulator/find", test_find);
  g_test_add_func ("/emulator/wrap", test_wrap);
  return g_test_run ();
}
