#include "builder/check/elf-file.h"

#include "testing.h"

static TerraneElf *
read_file (const char *path)
{
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  TerraneElf *elf = NULL;
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (terrane_elf_read (fd, &elf, &error));
  return elf;
}

/* Compiles a library. Returns: (transfer full) (nullable): its path, or NULL without gcc */
static char *
compile (const TestDir *dir, const char *name, const char *const *options)
{
  static const char source[] = "int puts (const char *); int f (void) { return puts (\"x\"); }\n";
  g_autofree char *input = test_dir_write (dir, "x.c", source, strlen (source));
  char *output = test_dir_file (dir, name);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  gboolean ok = FALSE;
  g_ptr_array_add (argv, (gpointer) "gcc");
  for (; *options != NULL; options++)
    g_ptr_array_add (argv, (gpointer) *options);
  g_ptr_array_add (argv, (gpointer) "-o");
  g_ptr_array_add (argv, output);
  g_ptr_array_add (argv, input);
  g_ptr_array_add (argv, NULL);
  g_autofree char *said = test_run_tool ((const char *const *) argv->pdata, &ok);
  if (said != NULL && ok)
    return output;
  g_test_message ("%s", said);
  g_free (output);
  return NULL;
}

static void
assert_same (const TerraneElf *a, const TerraneElf *b)
{
  g_autoptr (OciJsonValue) left = terrane_elf_to_json (a);
  g_autoptr (OciJsonValue) right = terrane_elf_to_json (b);
  g_assert_true (json_equal (left, right));
}

static void
test_library (void)
{
  static const char *const options[] = {
    "-shared", "-fPIC", "-Wl,-soname,libx.so.7,-rpath,$ORIGIN/a:/b,--disable-new-dtags",
    "-Wl,-z,execstack", NULL
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "libx.so", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) elf = read_file (path);
  g_assert_null (elf->broken);
  g_assert_cmpint (elf->type, ==, TERRANE_ELF_SHARED);
  g_assert_cmpstr (elf->soname, ==, "libx.so.7");
  g_assert_cmpstr (elf->rpath, ==, "$ORIGIN/a:/b");
  g_assert_null (elf->runpath);
  g_assert_true (elf->executable_stack);
  g_assert_true (g_strv_contains ((const char *const *) elf->needed, "libc.so.6"));
  g_assert_cmpuint (elf->wants->len, ==, 1);
  const TerraneElfWant *want = elf->wants->pdata[0];
  g_assert_cmpstr (want->library, ==, "libc.so.6");
  g_assert_true (g_str_has_prefix (want->versions[0], "GLIBC_2."));
  g_autoptr (OciJsonValue) json = terrane_elf_to_json (elf);
  g_autoptr (TerraneElf) again = terrane_elf_from_json (json);
  assert_same (elf, again);
}

static void
test_program (void)
{
  static const char *const options[] = { "-Wl,-rpath,/r,--enable-new-dtags", "-nostartfiles",
                                         "-Wl,-e,f", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "x", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) elf = read_file (path);
  g_assert_cmpint (elf->type, ==, TERRANE_ELF_EXECUTABLE);
  g_assert_cmpstr (elf->runpath, ==, "/r");
  g_assert_null (elf->rpath);
  g_assert_nonnull (elf->interpreter);
  g_assert_false (elf->executable_stack || elf->text_relocations);
}

/* Cut off at any byte, a file is fine as long as what is read is there; it is never misread. */
static void
test_cut_off (void)
{
  static const char *const options[] = { "-shared", "-fPIC", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "libx.so", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) whole = read_file (path);
  g_auto (OciFd) fd = open (path, O_RDWR | O_CLOEXEC);
  for (off_t len = lseek (fd, 0, SEEK_END); len >= 0; len -= len <= 1024 ? 1 : 97)
    {
      g_autoptr (TerraneElf) elf = NULL;
      g_assert_cmpint (ftruncate (fd, len), ==, 0);
      g_assert_true (terrane_elf_read (fd, &elf, NULL));
      g_assert_true ((elf != NULL) == (len >= 4));
      if (elf != NULL && elf->broken == NULL)
        assert_same (elf, whole);
    }
}

static void
test_others (void)
{
  static const struct
  {
    const char *data;
    gsize len;
    int format; /* -1: no program */
  } rows[] = {
    { "", 0, -1 },
    { "#!/bin/sh\n", 10, -1 },
    { "\x7f"
      "ELF",
      4, TERRANE_BINARY_ELF },
    { "\xcf\xfa\xed\xfe\0\0\0\0", 8, TERRANE_BINARY_MACH_O },
    { "\xca\xfe\xba\xbe\0\0\0\x02", 8, TERRANE_BINARY_MACH_O },
    { "\xca\xfe\xba\xbe\0\0\0\x34", 8, -1 }, /* a Java class */
    { "MZ, says the text", 17, -1 },
  };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = test_dir_write (&dir, "x", rows[i].data, rows[i].len);
      g_autoptr (TerraneElf) elf = read_file (path);
      g_assert_cmpint (elf != NULL ? (int) elf->format : -1, ==, rows[i].format);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/elf-file/library", test_library);
  g_test_add_func ("/elf-file/program", test_program);
  g_test_add_func ("/elf-file/cut-off", test_cut_off);
  g_test_add_func ("/elf-file/others", test_others);
  return g_test_run ();
}
