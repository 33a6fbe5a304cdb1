#include "builder/facts/python-path.h"

#include "testing.h"

enum
{
  MAX_FILES = 10,
};

/* sys.path and sys.prefix as `python3 -c 'import sys; print(sys.path, sys.prefix)'` prints them in
 * these images, when all those directories exist. */
static const struct
{
  const char *path; /* of the image */
  const char *files[MAX_FILES];
  const char *prefix;
  const char *places[MAX_FILES];
} rows[] = {
  /* fedora, ubi9, amazonlinux:2023 */
  { "/usr/local/bin:/usr/bin",
    { "usr/bin/python3.9", "usr/lib64/python3.9/os.py", "usr/lib64/python3.9/lib-dynload/x.so",
      "usr/local/lib64/python3.9/site-packages/a", "usr/local/lib/python3.9/site-packages/a",
      "usr/lib64/python3.9/site-packages/a", "usr/lib/python3.9/site-packages/a" },
    "/usr",
    { "usr/lib64/python3.9", "usr/lib64/python3.9/lib-dynload",
      "usr/local/lib64/python3.9/site-packages", "usr/local/lib/python3.9/site-packages",
      "usr/lib64/python3.9/site-packages", "usr/lib/python3.9/site-packages" } },
  /* debian:12 with python3 */
  { "/usr/bin",
    { "usr/bin/python3.11", "usr/lib/python3.11/os.py", "usr/lib/python3.11/lib-dynload/x.so",
      "usr/local/lib/python3.11/dist-packages/a", "usr/lib/python3/dist-packages/a",
      "usr/lib/python3.11/site-packages/a", "usr/local/lib/python3.11/site-packages/a" },
    "/usr",
    { "usr/lib/python3.11", "usr/lib/python3.11/lib-dynload",
      "usr/local/lib/python3.11/dist-packages", "usr/lib/python3/dist-packages" } },
  /* python:3.12-slim */
  { "/usr/local/bin:/usr/bin",
    { "usr/local/bin/python3.12", "usr/local/lib/python3.12/os.py",
      "usr/local/lib/python3.12/site-packages/a", "usr/local/lib64/python3.12/site-packages/a" },
    "/usr/local",
    { "usr/local/lib/python3.12", "usr/local/lib/python3.12/site-packages" } },
  /* public.ecr.aws/lambda/python:3.12 */
  { "/var/lang/bin:/usr/bin",
    { "var/lang/bin/python3.12", "var/lang/lib/python3.12/os.py",
      "var/lang/lib/python3.12/site-packages/a" },
    "/var/lang",
    { "var/lang/lib/python3.12", "var/lang/lib/python3.12/site-packages" } },
  /* conda */
  { "/opt/conda/bin:/usr/bin",
    { "opt/conda/bin/python3.12", "opt/conda/lib/python3.12/os.py",
      "opt/conda/lib/python3.12/site-packages/a" },
    "/opt/conda",
    { "opt/conda/lib/python3.12", "opt/conda/lib/python3.12/site-packages" } },
  /* a virtual environment with a copied interpreter, of the usual Python */
  { "/opt/venv/bin:/usr/bin",
    { "opt/venv/bin/python3.12", "opt/venv/pyvenv.cfg", "usr/bin/python3.12",
      "usr/lib/python3.12/os.py", "opt/venv/lib/python3.12/site-packages/a",
      "usr/lib/python3.12/site-packages/a" },
    "/opt/venv",
    { "usr/lib/python3.12", "opt/venv/lib/python3.12/site-packages" } },
};

static void
add (TerraneTree *tree, const char *path)
{
  g_autoptr (GError) error = NULL;
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = 0755 };
  (void) terrane_tree_add (tree, &entry, NULL, &error);
  g_assert_no_error (error);
}

static void
test_places (void)
{
  for (gsize row = 0; row < G_N_ELEMENTS (rows); row++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneTree) tree = terrane_tree_new ();
      g_autoptr (OciImageConfig) config = oci_image_config_new ("linux", "amd64");
      g_auto (TerranePythonBase) base = { 0 };
      g_autoptr (GPtrArray) places = NULL;
      for (const char *const *file = rows[row].files; *file != NULL; file++)
        add (tree, *file);
      const TerraneImageView view = { .tree = tree, .config = config };
      g_assert_true (terrane_python_base_find_in (NULL, tree, rows[row].path, &base, &error));
      g_assert_cmpuint (terrane_python_base_minor (tree, rows[row].path), ==, base.python_minor);
      g_assert_true (terrane_python_path_find (&view, &base, FALSE, &places, &error));
      g_autofree char *prefix = terrane_python_prefix (&view, &base);
      g_assert_cmpstr (prefix, ==, rows[row].prefix);
      guint count = 0;
      for (const char *const *path = rows[row].places; *path != NULL; path++, count++)
        {
          g_assert_cmpuint (count, <, places->len);
          g_assert_cmpstr (((TerranePythonPlace *) places->pdata[count])->path, ==, *path);
        }
      g_assert_cmpuint (count, ==, places->len);
    }
}

static void
test_no_python (void)
{
  g_autoptr (TerraneTree) tree = terrane_tree_new ();
  g_autoptr (OciImageConfig) config = oci_image_config_new ("linux", "amd64");
  g_auto (TerranePythonBase) base = { 0 };
  const TerraneImageView view = { .tree = tree, .config = config };
  g_assert_cmpuint (terrane_python_base_minor (tree, NULL), ==, 0);
  g_assert_null (terrane_python_prefix (&view, &base));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/python-path/places", test_places);
  g_test_add_func ("/python-path/no-python", test_no_python);
  return g_test_run ();
}
