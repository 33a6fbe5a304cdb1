/* Which emulator an image needs, and what it is given to run. */
#include "builder/sandbox/binfmt.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/masks.h"

#include "oci/base/error.h"

#include "testing.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

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
  g_auto (TestDir) tmp = test_dir_new ();
  const char *dir = tmp.path;
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
  g_auto (TestDir) tmp = test_dir_new ();
  const char *root = tmp.path;
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

static gboolean
answer (gpointer data)
{
  return GPOINTER_TO_INT (data);
}

static TerraneBinfmt *
own_list (const char *dir, const TerraneEmulator *emulator, gboolean can, GError **error)
{
  TerraneBinfmt *binfmt = NULL;
  gboolean ok = terrane_binfmt_new (dir, emulator, answer, GINT_TO_POINTER (can), &binfmt, error);
  g_assert_true (ok || binfmt == NULL);
  g_assert_true (ok || error == NULL || *error != NULL);
  return binfmt;
}

/* The kernel's list, of which nothing may reach an image but a copy of the emulator that it
 * needs. */
static void
test_own_list (void)
{
  g_auto (TestDir) tmp = test_dir_new ();
  const char *dir = tmp.path;
  g_auto (TestDir) tmp_programs = test_dir_new ();
  const char *programs = tmp_programs.path;
  g_autofree char *program = g_build_filename (programs, QEMU "-static", NULL);
  g_autofree char *text = g_strdup_printf (
      "enabled\ninterpreter %s\nflags: POCF\noffset 1\nmagic 7f4500\nmask ff00fe\n", program);
  g_auto (TerraneEmulator) emulator = { 0 };
  g_autoptr (GError) error = NULL;
  write_file (programs, QEMU "-static", "an emulator", 0755);
  g_assert_null (own_list ("/nowhere", NULL, TRUE, &error));
  write_file (dir, "q", "enabled\ninterpreter /q\nflags: OC\noffset 0\nmagic 7f\n", 0644);
  g_assert_null (own_list (dir, NULL, TRUE, &error)); /* it would be looked for in the image */
  write_file (dir, "q", text, 0644);
  g_autoptr (TerraneBinfmt) empty = own_list (dir, NULL, TRUE, &error);
  g_assert_nonnull (empty);
  g_assert_null (empty->line);
  terrane_emulator_find (OTHER, dir, NULL, &emulator);
  g_autoptr (TerraneBinfmt) one = own_list (dir, &emulator, TRUE, &error);
  g_assert_nonnull (one);
  g_autofree char *line = g_strdup_printf (
      ":emulator:M:1:\\x7f\\x45\\x00:\\xff\\x00\\xfe:/proc/self/fd/%d:POCF", one->program);
  g_assert_cmpstr (one->line, ==, line);
  g_assert_cmpint (write (one->program, "x", 1), ==, -1); /* sealed */
  char copy[32] = "";
  g_assert_cmpint (pread (one->program, copy, sizeof copy, 0), ==, strlen ("an emulator"));
  g_assert_no_error (error);

  g_assert_null (own_list (dir, NULL, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED,
                "*could change ‘*" QEMU "-static’*Linux 6.7*another user*");
  g_clear_error (&error);
  write_file (dir, "status", "disabled\n", 0644);
  g_assert_null (own_list (dir, NULL, FALSE, &error));
  g_assert_no_error (error);
}

/* The content of a real one, as files and directories. */
static void
test_masks (void)
{
  g_auto (TestDir) tmp = test_dir_new ();
  const char *dir = tmp.path;
  static const char *const directories[] = { "acpi", "1", "tty", "tty/driver", "sys" };
  for (size_t i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autofree char *path = g_build_filename (dir, directories[i], NULL);
      g_assert_cmpint (g_mkdir (path, i == 1 ? 0700 : 0755), ==, 0);
    }
  write_file (dir, "keys", "", 0444);
  write_file (dir, "cpuinfo", "", 0444);
  write_file (dir, "kpageflags", "", 0400);
  write_file (dir, "timer_list", "", 0400);
  int fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_auto (GStrv) others = terrane_masks_find (fd, FALSE, FALSE);
  g_auto (GStrv) owners = terrane_masks_find (fd, TRUE, FALSE);
  g_auto (GStrv) neutral = terrane_masks_find (fd, TRUE, TRUE);
  g_autofree char *first = g_strjoinv (" ", others);
  g_autofree char *second = g_strjoinv (" ", owners);
  g_autofree char *third = g_strjoinv (" ", neutral);
  g_assert_cmpstr (first, ==, "acpi/ keys timer_list");
  g_assert_cmpstr (second, ==, "acpi/ keys timer_list kpageflags tty/driver/");
  g_assert_cmpstr (third, ==, "acpi/ keys timer_list cpuinfo kpageflags tty/");
  g_assert_cmpint (close (fd), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulator/find", test_find);
  g_test_add_func ("/emulator/wrap", test_wrap);
  g_test_add_func ("/emulator/own-list", test_own_list);
  g_test_add_func ("/sandbox/masks", test_masks);
  return g_test_run ();
}
