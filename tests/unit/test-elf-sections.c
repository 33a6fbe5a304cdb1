#include "builder/elf/elf-sections.h"

#include "testing.h"

#include <elf.h>

static const char text[] = "int value = 7; const char *word (void) { return \"even\"; }\n";

/* Compiles an object file of @source. Returns: (transfer full) (nullable): its path, or NULL
 * without gcc */
static char *
compile (const TestDir *dir, const char *name, const char *source)
{
  g_autofree char *input = test_dir_write (dir, "x.c", source, strlen (source));
  char *output = test_dir_file (dir, name);
  const char *const argv[] = { "gcc", "-c", "-o", output, input, NULL };
  gboolean ok = FALSE;
  g_autofree char *said = test_run_tool (argv, &ok);
  if (said != NULL && ok)
    return output;
  g_free (output);
  return NULL;
}

static char *
difference (const char *a, const char *b)
{
  g_auto (OciFd) left = open (a, O_RDONLY | O_CLOEXEC), right = open (b, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (left, >=, 0);
  g_assert_cmpint (right, >=, 0);
  g_auto (TerraneElfDifference) found = { 0 };
  terrane_elf_compare (left, right, &found);
  return found.sections->len > 0 ? g_strdup (found.sections->pdata[0]) : NULL;
}

static void
test_sections (void)
{
  static const struct
  {
    const char *source, *section;
  } rows[] = {
    { text, NULL },
    { "int value = 8; const char *word (void) { return \"even\"; }\n", ".data" },
    { "int value = 7; const char *word (void) { return \"odds\"; }\n", ".rodata" },
    { "int value = 7; const char *word (void) { return 0; }\n", ".text" },
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *first = compile (&dir, "a.o", text);
  for (size_t i = 0; first != NULL && i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *second = compile (&dir, "b.o", rows[i].source);
      g_autofree char *found = difference (first, second);
      g_assert_cmpstr (found, ==, rows[i].section);
    }
}

/* The build id is a digest of the rest, so it is named only if nothing else differs. */
static void
test_build_id (void)
{
  static const char other[] = "int value = 7; const char *word (void) { return \"evil\"; }\n";
  const char *const ids[] = { "-Wl,--build-id=sha1",
                              "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567",
                              "-Wl,--build-id=sha1" };
  const char *const sources[] = { text, text, other };
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  for (size_t i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *name = g_strdup_printf ("%zu.so", i);
      g_autofree char *input = test_dir_write (&dir, "x.c", sources[i], strlen (sources[i]));
      g_ptr_array_add (paths, test_dir_file (&dir, name));
      const char *const argv[] = { "gcc", "-shared",       "-fPIC", "-nostdlib", ids[i],
                                   "-o",  paths->pdata[i], input,   NULL };
      gboolean ok = FALSE;
      g_autofree char *said = test_run_tool (argv, &ok);
      if (said == NULL || !ok)
        return;
    }
  g_auto (OciFd) first = open (paths->pdata[0], O_RDONLY | O_CLOEXEC);
  g_auto (OciFd) second = open (paths->pdata[2], O_RDONLY | O_CLOEXEC);
  g_auto (TerraneElfDifference) found = { 0 };
  terrane_elf_compare (first, second, &found);
  g_assert_cmpuint (found.sections->len, ==, 2);
  g_assert_cmpstr (found.sections->pdata[0], ==, ".rodata");
  g_assert_cmpstr (found.sections->pdata[1], ==, ".note.gnu.build-id");
  /* "even" and "evil" differ in their third letter. */
  g_autofree char *content = NULL;
  gsize len = 0;
  g_assert_true (g_file_get_contents (paths->pdata[0], &content, &len, NULL));
  const char *word = memmem (content, len, "even", 5);
  g_assert_true (found.in_content);
  g_assert_cmpuint (found.byte, ==, 2);
  g_assert_cmpuint (found.offset, ==, (size_t) (word - content) + 2);
  g_autofree char *only_id = difference (paths->pdata[0], paths->pdata[1]);
  g_assert_cmpstr (only_id, ==, ".note.gnu.build-id");
}

static void
test_others (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *empty = test_dir_write (&dir, "empty", "", 0);
  g_autofree char *script = test_dir_write (&dir, "script", "#!/bin/sh\n", 10);
  g_autofree char *archive = test_dir_write (&dir, "x.a", "!<arch>\n", 8);
  g_autofree char *none = difference (empty, script);
  g_autofree char *also_none = difference (archive, archive);
  g_assert_null (none);
  g_assert_null (also_none);
}

/* Whatever bytes a file has, comparing it ends. */
static void
test_damaged (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "a.o", text), *content = NULL;
  gsize len = 0;
  if (path == NULL)
    return;
  g_assert_true (g_file_get_contents (path, &content, &len, NULL));
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  for (unsigned i = 0; i < 400; i++)
    {
      g_autofree char *copy = g_memdup2 (content, len);
      gsize size = i % 4 == 0 ? (gsize) g_rand_int_range (random, 0, (gint32) len) : len;
      for (unsigned j = 0; j < 8; j++)
        {
          /* Headers of the file, and those of sections at its end. */
          gsize at = (gsize) g_rand_int_range (random, 0, sizeof (Elf64_Ehdr));
          copy[j % 2 == 0 ? at : len - 1 - (gsize) g_rand_int_range (random, 0, 800)] =
              (char) g_rand_int_range (random, 0, 256);
        }
      memcpy (copy, content, MIN (len, 7));
      g_autofree char *damaged = test_dir_write (&dir, "b.o", copy, size);
      g_autofree char *other = difference (path, damaged); /* whatever it is */
      g_autofree char *none = difference (damaged, damaged);
      (void) other;
      g_assert_null (none);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/elf-sections/first", test_sections);
  g_test_add_func ("/elf-sections/build-id", test_build_id);
  g_test_add_func ("/elf-sections/others", test_others);
  g_test_add_func ("/elf-sections/damaged", test_damaged);
  return g_test_run ();
}
