/* How a program of an image is started by the image's own dynamic linker. */
#include "builder/sandbox/bare-loader.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <elf.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

/* A directory with files, by path. */
static char *
make_root (void)
{
  return g_dir_make_tmp ("terrane-XXXXXX", NULL);
}

static void
put (const char *root, const char *path, const void *data, gssize len)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, data, len, NULL));
}

static void
make_dir (const char *root, const char *path)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_assert_cmpint (g_mkdir_with_parents (full, 0755), ==, 0);
}

/* The least of an ELF file that names an interpreter: elf(5). */
static void
put_program (const char *root, const char *path, const char *interpreter)
{
  struct
  {
    Elf64_Ehdr header;
    Elf64_Phdr part;
    char text[64];
  } file = {
    .header = { .e_phoff = sizeof (Elf64_Ehdr), .e_phentsize = sizeof (Elf64_Phdr), .e_phnum = 1 },
    .part = { .p_type = PT_INTERP,
              .p_offset = sizeof (Elf64_Ehdr) + sizeof (Elf64_Phdr),
              .p_filesz = strlen (interpreter) + 1 }
  };
  memcpy (file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  g_strlcpy (file.text, interpreter, sizeof file.text);
  put (root, path, &file, sizeof file);
}

static char *
wrap (const char *root, const char *const *env, const char *const *argv)
{
  g_auto (TerraneArgv) words;
  g_autoptr (GError) error = NULL;
  terrane_argv_init (&words);
  g_assert_true (terrane_bare_loader_wrap (root, env, argv, &words, &error));
  g_assert_no_error (error);
  g_autofree char *joined = g_strjoinv (" ", (char **) (gpointer) terrane_argv_end (&words));
  g_auto (GStrv) parts = g_strsplit (joined, root, -1);
  return g_strjoinv ("@", parts);
}

static void
test_wrap (void)
{
  g_autofree char *root = make_root ();
  const char *const env[] = { "PATH=/opt:/bin", "LD_LIBRARY_PATH=/opt/own:/no/such", NULL };
  const char *const by_name[] = { "prog", "-c", "/bin", "/no", NULL };
  const char *const script[] = { "/bin/script", "x", NULL };
  const char *const missing[] = { "/bin/missing", NULL };
  const char *const musl[] = { "/bin/musl", NULL };
  put_program (root, "/bin/prog", "/lib64/ld.so");
  put_program (root, "/bin/musl", "/lib/ld-musl-x86_64.so.1");
  put (root, "/lib64/ld.so", "x", 1);
  put (root, "/lib/ld-musl-x86_64.so.1", "x", 1);
  put (root, "/bin/script", "#! /bin/prog -e\n", -1);
  put (root, "/etc/ld.so.conf", "# words\ninclude ld.so.conf.d/*.conf\n", -1);
  put (root, "/etc/ld.so.conf.d/a.conf", "/conf\n/no/such\n", -1);
  put (root, "/etc/ld.so.conf.d/b.other", "/opt\n", -1);
  make_dir (root, "/opt/own");
  make_dir (root, "/conf");
  g_autofree char *first = wrap (root, env, by_name);
  g_assert_cmpstr (first, ==,
                   "@/lib64/ld.so --inhibit-cache --library-path @/opt/own:@/conf:@/lib64:@/lib "
                   "@/bin/prog -c @/bin /no");
  g_autofree char *second = wrap (root, env, script);
  g_assert_true (g_str_has_suffix (second, " @/bin/prog -e @/bin/script x"));
  g_autofree char *third = wrap (root, env, missing);
  g_assert_cmpstr (third, ==, "@/bin/missing");
  g_autofree char *fourth = wrap (root, env, musl);
  g_assert_true (g_str_has_prefix (fourth, "@/lib/ld-musl-x86_64.so.1 --library-path @/opt/own:"));
  g_assert_true (oci_remove_tree (AT_FDCWD, root, NULL));
}

static void
test_env (void)
{
  g_autofree char *root = make_root ();
  const char *const env[] = {
    "PATH=/bin:/no:/usr/bin", "LD_LIBRARY_PATH=/bin", "URL=http://h/bin", "ONE=/bin", "ROOT=/", NULL
  };
  make_dir (root, "/bin");
  make_dir (root, "/usr/bin");
  g_auto (GStrv) result = terrane_bare_loader_env (root, env);
  g_autofree char *joined = g_strjoinv (" ", result);
  g_auto (GStrv) parts = g_strsplit (joined, root, -1);
  g_autofree char *shown = g_strjoinv ("@", parts);
  g_assert_cmpstr (shown, ==,
                   "PATH=@/bin:/no:@/usr/bin URL=http://h/bin ONE=@/bin ROOT=/ TMPDIR=@/tmp");
  g_assert_true (oci_remove_tree (AT_FDCWD, root, NULL));
}

static void
test_path_with_colon (void)
{
  g_auto (TerraneArgv) words;
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "/bin/prog", NULL };
  terrane_argv_init (&words);
  g_assert_false (terrane_bare_loader_wrap ("/a:b", NULL, argv, &words, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bare-loader/wrap", test_wrap);
  g_test_add_func ("/bare-loader/env", test_env);
  g_test_add_func ("/bare-loader/path-with-colon", test_path_with_colon);
  return g_test_run ();
}
