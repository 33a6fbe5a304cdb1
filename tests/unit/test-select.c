/* Which wheel is taken, and what is said when none is. */
#include "builder/python/select.h"

#include <string.h>

static const TerranePythonTarget target = { .python_major = 3,
                                            .python_minor = 12,
                                            .libc = TERRANE_LIBC_GLIBC,
                                            .libc_major = 2,
                                            .libc_minor = 34,
                                            .architecture = "amd64" };

/* The digest of a file is that of its name. */
static OciDigest
digest_of (const char *file_name)
{
  return oci_digest_of (file_name, strlen (file_name));
}

static TerraneIndexFile *
add (GPtrArray *files, const char *name)
{
  TerraneIndexFile *file = g_new0 (TerraneIndexFile, 1);
  file->file_name = g_strdup (name);
  file->has_sha256 = TRUE;
  file->sha256 = digest_of (name);
  g_ptr_array_add (files, file);
  return file;
}

/* Made from names separated by spaces. */
static GPtrArray *
files_of (const char *names)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  g_auto (GStrv) list = g_strsplit (names, " ", -1);
  for (char **name = list; *name != NULL; name++)
    (void) add (files, *name);
  return files;
}

/* Selects with the digests of all @files allowed. */
static const TerraneIndexFile *
choose (const char *project, const char *version, const GPtrArray *files, GError **error)
{
  g_autofree OciDigest *hashes = g_new0 (OciDigest, files->len + 1);
  for (guint i = 0; i < files->len; i++)
    hashes[i] = digest_of (((TerraneIndexFile *) files->pdata[i])->file_name);
  return terrane_select_wheel (project, version, files, hashes, files->len, &target, error);
}

static void
test_best (void)
{
  static const char *const rows[][4] = {
    /* project, version, files, the best */
    { "six", "1.16.0",
      "six-1.16.0.tar.gz six-1.15.0-py3-none-any.whl six-1.16.0-py2.py3-none-any.whl",
      "six-1.16.0-py2.py3-none-any.whl" },
    { "Zope.Interface", "7", "zope_interface-7.0.0-py3-none-any.whl",
      "zope_interface-7.0.0-py3-none-any.whl" },
    { "a", "1",
      "a-1-py3-none-any.whl a-1-cp39-abi3-manylinux_2_28_x86_64.whl "
      "a-1-cp312-cp312-manylinux2014_x86_64.whl a-1-cp312-cp312-manylinux_2_28_x86_64.whl "
      "a-1-cp312-cp312-manylinux_2_35_x86_64.whl a-1-cp312-cp312-manylinux_2_28_aarch64.whl",
      "a-1-cp312-cp312-manylinux_2_28_x86_64.whl" },
    { "a", "1", "a-1-py3-none-any.whl a-1-2-py3-none-any.whl a-1-10-py3-none-any.whl",
      "a-1-10-py3-none-any.whl" },
    { "a", "1", "a-1-py3-none-any.whl a-1+cpu-py3-none-any.whl a-1.1-py3-none-any.whl",
      "a-1+cpu-py3-none-any.whl" },
    { "a", "1+cpu", "a-1-py3-none-any.whl a-1+cpu-py3-none-any.whl", "a-1+cpu-py3-none-any.whl" },
    { "a", "1", "a-1-5-py3-none-any.whl a-1-cp312-none-any.whl", "a-1-cp312-none-any.whl" },
    { "a", "1", "b-1-py3-none-any.whl a_b-1-py3-none-any.whl x.whl a-1-py3-none-any.whl",
      "a-1-py3-none-any.whl" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) files = files_of (rows[i][2]);
      const TerraneIndexFile *file = choose (rows[i][0], rows[i][1], files, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (file->file_name, ==, rows[i][3]);
    }
}

static void
test_hashes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files =
      files_of ("a-1-cp312-cp312-manylinux_2_28_x86_64.whl a-1-py3-none-any.whl");
  OciDigest pure = digest_of ("a-1-py3-none-any.whl");
  const TerraneIndexFile *file = terrane_select_wheel ("a", "1", files, &pure, 1, &target, &error);
  g_assert_no_error (error);
  g_assert_true (file == files->pdata[1]);

  /* Without a digest in the index, the name is enough; a known digest is better. */
  ((TerraneIndexFile *) files->pdata[0])->has_sha256 = FALSE;
  g_assert_true (terrane_select_wheel ("a", "1", files, &pure, 1, &target, NULL)
                 == files->pdata[1]);
  g_assert_true (terrane_select_wheel ("a", "1", files, NULL, 0, &target, NULL) == files->pdata[0]);

  ((TerraneIndexFile *) files->pdata[0])->has_sha256 = TRUE;
  g_assert_null (terrane_select_wheel ("a", "1", files, NULL, 0, &target, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==,
                   "no wheel of a 1 can be used for Python 3.12 on x86_64 with glibc 2.34:\n"
                   "  a-1-cp312-cp312-manylinux_2_28_x86_64.whl: not among the hashes of the "
                   "requirements file\n"
                   "  a-1-py3-none-any.whl: not among the hashes of the requirements file");
}

static void
test_requires_python (void)
{
  static const struct
  {
    const char *requires_python;
    gboolean fits;
  } rows[] = {
    { ">=3.9", TRUE },          { ">=3.12.4", TRUE }, { "<3.12.1", TRUE },
    { ">=3.7,!=3.12.0", TRUE }, { "==3.12.7", TRUE }, { "!=3.12.*", FALSE },
    { ">=3.13", FALSE },        { "<3.12", FALSE },   { "", TRUE },
    { "three or more", TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) files = files_of ("a-1-py3-none-any.whl");
      TerraneIndexFile *file = files->pdata[0];
      file->requires_python = g_strdup (rows[i].requires_python);
      file->yanked = g_strdup ("broken");
      g_autoptr (GError) error = NULL;
      g_assert_true (choose ("a", "1", files, &error) == (rows[i].fits ? file : NULL));
      g_autofree char *words = g_strconcat (": needs Python ", rows[i].requires_python, NULL);
      if (!rows[i].fits)
        g_assert_true (g_str_has_suffix (error->message, words));
    }
}

static void
assert_missing (const char *project, const char *version, const char *names, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = files_of (names);
  g_assert_null (choose (project, version, files, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_missing (void)
{
  assert_missing (
      "rasterio", "1.5.1", "rasterio-1.5.1.tar.gz rasterio-1.5.0-py3-none-any.whl",
      "rasterio 1.5.1 has only a source distribution; terrane installs wheels and builds nothing: "
      "build one with \"pip wheel --no-deps rasterio==1.5.1\" where Python, processor and C "
      "library "
      "are those of the base, and offer it in a directory of wheels");
  assert_missing ("a", "1", "", "there is no a 1, nor a wheel of any version");
  assert_missing ("a", "1", "b-1-py3-none-any.whl b-1.tar.gz a-b-1.tar.gz",
                  "there is no a 1, nor a wheel of any version");
  assert_missing ("a", "5", "a-9-py3-none-any.whl a-1-py3-none-any.whl a-1.0-py2-none-any.whl",
                  "there is no a 5; the versions with wheels are: 1, 9");
  const char *many = "a-1-py3-none-any.whl a-2-py3-none-any.whl a-3-py3-none-any.whl "
                     "a-4-py3-none-any.whl a-6-py3-none-any.whl a-7-py3-none-any.whl "
                     "a-8-py3-none-any.whl a-9-py3-none-any.whl a-10-py3-none-any.whl";
  assert_missing ("a", "5", many,
                  "there is no a 5; the nearest versions with wheels are: 2, 3, 4, 6, 7");
  assert_missing ("a", "0", many,
                  "there is no a 0; the nearest versions with wheels are: 1, 2, 3, 4, 6");
  assert_missing ("a", "11", many,
                  "there is no a 11; the nearest versions with wheels are: 6, 7, 8, 9, 10");
}

static void
test_refusals (void)
{
  /* Nearest first. */
  assert_missing (
      "a", "1.0",
      "a-1.0-cp312-cp312-win_amd64.whl a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl "
      "a-1.0-cp312-cp312-manylinux_2_38_x86_64.whl a-1.0.tar.gz "
      "a-1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.whl",
      "no wheel of a 1.0 can be used for Python 3.12 on x86_64 with glibc 2.34:\n"
      "  a-1.0-cp312-cp312-manylinux_2_38_x86_64.whl: manylinux_2_38 needs glibc ≥ 2.38, "
      "the base has 2.34\n"
      "  a-1.0-cp311-cp311-manylinux_2_17_x86_64.whl: it is for Python 3.11 (cp311), the "
      "base has 3.12\n"
      "  a-1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.whl: it is for PyPy\n"
      "  a-1.0-cp312-cp312-win_amd64.whl: it is for Windows");
  GString *names = g_string_new ("a-1-cp312-cp312-win32.whl");
  for (int i = 1; i < 14; i++)
    g_string_append_printf (names, " a-1-%d-cp312-cp312-win32.whl", i);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = files_of (names->str);
  g_assert_null (choose ("a", "1", files, &error));
  g_auto (GStrv) lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 14);
  g_assert_cmpstr (lines[13], ==, "  … and 2 more");
  g_string_free (names, TRUE);
}

static void
test_bad_request (void)
{
  g_autoptr (GPtrArray) files = files_of ("a-1-py3-none-any.whl");
  g_autoptr (GError) error = NULL;
  g_assert_null (choose ("a b", "1", files, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (choose ("a", "one", files, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/select/best", test_best);
  g_test_add_func ("/select/hashes", test_hashes);
  g_test_add_func ("/select/requires-python", test_requires_python);
  g_test_add_func ("/select/missing", test_missing);
  g_test_add_func ("/select/refusals", test_refusals);
  g_test_add_func ("/select/bad-request", test_bad_request);
  return g_test_run ();
}
