#include "builder/transform/prune.h"

#include "testing.h"

/* Files that may be removed and that must stay in existing trees: PyPI's wheels, Debian's packages,
 * prefixes of "make install". A row without a word stays under all presets. */
static const struct
{
  const char *path;
  const char *preset; /* under which it is counted, NULL when it stays */
  gboolean is_site;   /* a tree of wheels, at /var/task */
} rows[] = {
  { "var/task/numpy/_core/tests/test_umath.py", "python-tests", TRUE },
  { "var/task/numpy/tests/__init__.py", "python-tests", TRUE },
  { "var/task/pandas/tests/io/data/csv/x.csv", "python-tests", TRUE },
  { "var/task/joblib/test/data/x.pkl", "python-tests", TRUE },
  { "var/task/numpy/testing/_private/utils.py", NULL, TRUE },
  { "var/task/numpy/_core/tests/_natype.py", NULL, TRUE }, /* numpy.testing imports it */
  { "var/task/numpy/_core/tests/__init__.py", NULL, TRUE },
  { "var/task/ansible/plugins/test/core.py", NULL, TRUE },
  { "var/task/ansible/plugins/action/test/x.py", "python-tests", TRUE },
  { "var/task/dbt/include/global_project/tests/generic/builtin.sql", NULL, TRUE },
  { "var/task/dbt/tests/x.py", "python-tests", TRUE },
  { "var/task/numpy/_pytesttester.py", NULL, TRUE },
  { "var/task/pandas/_testing/__init__.py", NULL, TRUE },
  { "var/task/sklearn/utils/_testing.py", NULL, TRUE },
  { "var/task/jinja2/tests.py", NULL, TRUE },         /* a module */
  { "var/task/astropy/tests/runner.py", NULL, TRUE }, /* astropy imports it */
  { "var/task/django/test/signals.py", NULL, TRUE },  /* an API */
  { "var/task/tensorflow/_api/v2/test/__init__.py", NULL, TRUE },
  { "var/task/tests/test_x.py", NULL, TRUE },        /* a package that is called so */
  { "var/task/share/thing/tests/data", NULL, TRUE }, /* not in a package */
  { "var/task/x-1.0.data/tests/a", NULL, TRUE },
  { "var/task/handler/tests/test_x.py", NULL, FALSE }, /* no directory of Python packages */
  { "usr/lib/python3/dist-packages/numpy/tests/x.py", "python-tests", FALSE },
  { "opt/lib/python3.12/site-packages/a/b/tests/x.py", "python-tests", FALSE },
  { "usr/lib/python3.11/test/test_os.py", "python-tests", FALSE },
  { "usr/lib/python3.11/unittest/test/x.py", "python-tests", FALSE },
  { "usr/lib/python3.11/unittest/case.py", NULL, FALSE },
  { "usr/share/perl/test/x", NULL, FALSE },

  { "opt/include/gdal.h", "headers", FALSE },
  { "usr/local/include/c++/vector", "headers", FALSE },
  { "var/task/numpy/_core/include/numpy/arrayobject.h", "headers", TRUE },
  { "var/task/triton/backends/nvidia/include/cuda.h", NULL, TRUE }, /* compiled at run time */
  { "var/task/cupy/_core/include/cupy/carray.cuh", NULL, TRUE },
  { "usr/lib/python3/dist-packages/cupy/_core/include/cupy/complex.h", NULL, FALSE },
  { "opt/python/cupy/_core/include/cupy/complex.h", NULL, FALSE }, /* a layer of Lambda's */
  { "srv/app/cupy/_core/include/cupy/complex.h", NULL, FALSE },
  { "var/task/pyarrow/include/arrow/api.h", "headers", TRUE },
  { "app/include/dags.py", NULL, FALSE },
  { "app/include/data", NULL, FALSE },
  { "opt/app/include/dags.py", NULL, FALSE },
  { "opt/include/QtCore/QString", "headers", FALSE },
  { "opt/gdal/include/gdal.h", "headers", FALSE },
  { "usr/include/x86_64-linux-gnu/sys/types.h", "headers", FALSE },
  { "app/model.h", NULL, FALSE },
  { "opt/lib/libgdal.a", "static-libraries", FALSE },
  { "opt/lib/libgdal.so.34", NULL, FALSE },
  { "opt/lib/libgdal.la", "libtool", FALSE },
  { "usr/lib/x86_64-linux-gnu/ImageMagick-6.9.11/modules-Q16/coders/png.la", NULL, FALSE },
  { "usr/lib/GraphicsMagick-1.3.40/modules-Q16/coders/png.la", NULL, FALSE },
  { "opt/lib/cmake/gdal/GDALConfig.cmake", "cmake", FALSE },
  { "opt/lib/cmake/gdal/x.txt", "cmake", FALSE },
  { "var/task/cmake/data/share/cmake-3.30/Modules/FindZLIB.cmake", NULL, TRUE },
  { "opt/lib/pkgconfig/gdal.pc", "pkgconfig", FALSE },
  { "opt/share/other/x.pc", NULL, FALSE },
  { "usr/share/locale/de/LC_MESSAGES/sed.mo", "locale", FALSE },
  { "usr/lib/locale/C.utf8/LC_CTYPE", NULL, FALSE },
  { "var/task/django/conf/locale/de/LC_MESSAGES/django.mo", NULL, TRUE },
  { "usr/share/doc/libx/README.gz", "docs", FALSE },
  { "usr/share/doc/libx/copyright", NULL, FALSE },
  { "usr/share/man/man1/ls.1.gz", "man", FALSE },
  { "opt/a/__pycache__/b.cpython-311.pyc", "bytecode-caches", FALSE },
  { "opt/a/b.pyc", NULL, FALSE }, /* a module without its source */
  { "var/task/numpy/ma/core.pyi", "type-stubs", TRUE },
  { "var/task/skimage/__init__.pyi", NULL, TRUE }, /* read at run time by lazy_loader */
  { "var/task/botocore/data/ec2/2016-11-15/service-2.json.gz", "botocore-data", TRUE },
  { "var/task/botocore/data/s3/2006-03-01/service-2.json.gz", NULL, TRUE },
  { "var/task/botocore/data/s3/2006-03-01/examples-1.json", "botocore-data", TRUE },
  { "var/task/botocore/data/endpoints.json", NULL, TRUE },
  { "var/task/botocore/data/_retry.json", NULL, TRUE },

  { "var/task/x-1.dist-info/METADATA", NULL, TRUE },
  { "var/task/x-1.dist-info/entry_points.txt", NULL, TRUE },
  { "var/task/rasterio/gdal_data/tests/x.h", NULL, TRUE },
  { "var/task/pyproj/proj_dir/share/proj/proj.db", NULL, TRUE },
};

static TerraneTransformSpec
all_presets (void)
{
  TerraneTransformSpec spec = { .modes = TERRANE_MODES_NORMALISE };
  for (unsigned i = 0; i < TERRANE_N_PRUNES; i++)
    spec.prune[i] = TRUE;
  return spec;
}

static void
test_presets (void)
{
  const TerraneTransformSpec spec = all_presets ();
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].path);
      g_autoptr (TerranePruner) pruner =
          terrane_pruner_new (&spec, rows[i].is_site ? "var/task" : "", rows[i].is_site);
      const OciEntry entry = { .path = rows[i].path, .type = OCI_ENTRY_FILE, .size = 1000 };
      g_assert_cmpint (terrane_pruner_would_drop (pruner, rows[i].path, OCI_ENTRY_FILE), ==,
                       rows[i].preset != NULL);
      g_assert_cmpint (terrane_pruner_drops (pruner, &entry), ==, rows[i].preset != NULL);
      g_autoptr (OciJsonValue) report = terrane_pruner_report (pruner);
      g_assert_cmpint (report != NULL, ==, rows[i].preset != NULL);
      if (report == NULL)
        continue;
      const json_t *detail = json_object_get (json_object_get (report, "details"), rows[i].preset);
      g_assert_cmpint (json_integer_value (json_object_get (detail, "files")), ==, 1);
      g_assert_cmpint (json_integer_value (json_object_get (detail, "saved")), ==, 1000);
    }
}

/* One preset does not do the work of another. */
static void
test_only_what_is_asked (void)
{
  for (unsigned preset = 0; preset < TERRANE_N_PRUNES; preset++)
    {
      TerraneTransformSpec spec = { .modes = TERRANE_MODES_NORMALISE };
      spec.prune[preset] = TRUE;
      for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
        {
          g_autoptr (TerranePruner) pruner =
              terrane_pruner_new (&spec, rows[i].is_site ? "var/task" : "", rows[i].is_site);
          if (g_strcmp0 (rows[i].preset, terrane_prune_words[preset]) != 0
              && g_strcmp0 (rows[i].preset, "headers") != 0)
            g_assert_false (terrane_pruner_would_drop (pruner, rows[i].path, OCI_ENTRY_FILE));
        }
    }
}

/* A directory of tests is removed with its files, so that it is not left empty; it is not
 * counted. */
static void
test_directories (void)
{
  const TerraneTransformSpec spec = all_presets ();
  g_autoptr (TerranePruner) pruner = terrane_pruner_new (&spec, "var/task", TRUE);
  const OciEntry entry = { .path = "var/task/numpy/tests", .type = OCI_ENTRY_DIRECTORY };
  g_assert_true (terrane_pruner_drops (pruner, &entry));
  g_assert_false (
      terrane_pruner_would_drop (pruner, "var/task/numpy/testing", OCI_ENTRY_DIRECTORY));
  g_assert_true (
      terrane_pruner_would_drop (pruner, "var/task/botocore/data/ec2", OCI_ENTRY_DIRECTORY));
  g_assert_null (terrane_pruner_report (pruner));
}

static void
test_paths (void)
{
  char *prune[] = { (char *) "**/*.txt", (char *) "doc/**", (char *) "none/x", NULL };
  char *keep[] = { (char *) "doc/keep/**", NULL };
  const TerraneTransformSpec spec = { .prune_paths = prune, .keep_paths = keep };
  g_autoptr (TerranePruner) pruner = terrane_pruner_new (&spec, "opt", FALSE);
  const OciEntry protected = { .path = "opt/a.dist-info/entry_points.txt", .type = OCI_ENTRY_FILE };
  g_assert_true (terrane_pruner_would_drop (pruner, "opt/a/b.txt", OCI_ENTRY_FILE));
  g_assert_true (terrane_pruner_would_drop (pruner, "opt/doc/b", OCI_ENTRY_FILE));
  g_assert_false (terrane_pruner_would_drop (pruner, "opt/doc/keep/b", OCI_ENTRY_FILE));
  g_assert_false (terrane_pruner_would_drop (pruner, "opt/x/doc/b", OCI_ENTRY_FILE));
  g_assert_null (terrane_pruner_report (pruner));
  /* Not silently: */
  g_assert_false (terrane_pruner_drops (pruner, &protected));
  g_autoptr (OciJsonValue) report = terrane_pruner_report (pruner);
  const char *note = json_string_value (json_array_get (json_object_get (report, "notes"), 0));
  g_assert_nonnull (strstr (note, "‘**/*.txt’"));
  g_assert_nonnull (strstr (note, "‘exclude’"));
  g_autoptr (GPtrArray) unused = terrane_pruner_unused (pruner);
  g_assert_cmpuint (unused->len, ==, 2); /* the other one was only asked about, not met */
  g_assert_cmpstr (unused->pdata[1], ==, "none/x");
}

static void
test_services (void)
{
  char *services[] = { (char *) "ec2", NULL };
  TerraneTransformSpec spec = { .botocore_services = services };
  spec.prune[TERRANE_PRUNE_BOTOCORE_DATA] = TRUE;
  g_autoptr (TerranePruner) pruner = terrane_pruner_new (&spec, "", TRUE);
  g_assert_false (terrane_pruner_would_drop (pruner, "botocore/data/ec2/x/y", OCI_ENTRY_FILE));
  g_assert_true (terrane_pruner_would_drop (pruner, "botocore/data/s3/x/y", OCI_ENTRY_FILE));
  g_assert_false (terrane_pruner_would_drop (pruner, "xbotocore/data/s3/x", OCI_ENTRY_FILE));
}

static void
test_nothing_to_do (void)
{
  const TerraneTransformSpec spec = { .strip = TERRANE_STRIP_DROP };
  g_assert_null (terrane_pruner_new (&spec, "", TRUE));
  g_assert_null (terrane_pruner_new (NULL, "", TRUE));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/prune/presets", test_presets);
  g_test_add_func ("/prune/only-what-is-asked", test_only_what_is_asked);
  g_test_add_func ("/prune/directories", test_directories);
  g_test_add_func ("/prune/paths", test_paths);
  g_test_add_func ("/prune/services", test_services);
  g_test_add_func ("/prune/nothing-to-do", test_nothing_to_do);
  return g_test_run ();
}
