#include "builder/facts/module-name.h"

#include "testing.h"

/* importlib.machinery.EXTENSION_SUFFIXES of python:3.12 and python:3.12-alpine; musl has a name of
 * its own since CPython 3.10 (bpo-43112). */
static void
test_suffixes (void)
{
  static const struct
  {
    const char *name;
    TerraneModuleKind glibc, musl, old_musl;
  } rows[] = {
    { "m.cpython-312-x86_64-linux-gnu.so", TERRANE_MODULE_LOADABLE, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.cpython-312-x86_64-linux-musl.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_LOADABLE,
      TERRANE_MODULE_FOREIGN },
    { "m.cpython-39-x86_64-linux-gnu.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_LOADABLE },
    { "m.cpython-311-x86_64-linux-gnu.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.cpython-312-aarch64-linux-gnu.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.cpython-312-x86_64-linux-gnux32.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.cpython-312-darwin.so", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.cp312-win_amd64.pyd", TERRANE_MODULE_FOREIGN, TERRANE_MODULE_FOREIGN,
      TERRANE_MODULE_FOREIGN },
    { "m.abi3.so", TERRANE_MODULE_LOADABLE, TERRANE_MODULE_LOADABLE, TERRANE_MODULE_LOADABLE },
    { "m.so", TERRANE_MODULE_LOADABLE, TERRANE_MODULE_LOADABLE, TERRANE_MODULE_LOADABLE },
    { "libm.so.6", TERRANE_MODULE_NONE, TERRANE_MODULE_NONE, TERRANE_MODULE_NONE },
    { "m.py", TERRANE_MODULE_NONE, TERRANE_MODULE_NONE, TERRANE_MODULE_NONE },
  };
  g_autofree char *glibc = terrane_module_suffix (12, "x86_64", FALSE);
  g_autofree char *musl = terrane_module_suffix (12, "x86_64", TRUE);
  g_autofree char *old = terrane_module_suffix (9, "x86_64", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_cmpint (terrane_module_kind (rows[i].name, glibc), ==, rows[i].glibc);
      g_assert_cmpint (terrane_module_kind (rows[i].name, musl), ==, rows[i].musl);
      g_assert_cmpint (terrane_module_kind (rows[i].name, old), ==, rows[i].old_musl);
    }
}

static void
test_optional (void)
{
  static const char *const optional[] = {
    "usr/local/lib/python3.12/lib-dynload/_tkinter.cpython-312-x86_64-linux-gnu.so",
    "usr/lib/python3/dist-packages/_tkinter.cpython-311-x86_64-linux-gnu.so",
    "var/task/numba/np/ufunc/tbbpool.cpython-311-x86_64-linux-gnu.so",
    "var/task/numba/np/ufunc/omppool.cpython-311-x86_64-linux-gnu.so",
  };
  static const char *const needed[] = {
    "var/task/numba/np/ufunc/workqueue.cpython-311-x86_64-linux-gnu.so",
    "var/task/numba/_helperlib.cpython-311-x86_64-linux-gnu.so",
    "var/task/my_tkinter.so",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (optional); i++)
    g_assert_true (terrane_module_is_optional (optional[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    g_assert_false (terrane_module_is_optional (needed[i]));
}

static void
test_spare (void)
{
  static const char *const spare[] = {
    "usr/local/lib/python3.12/lib-dynload/_tkinter.cpython-312-x86_64-linux-gnu.so",
    "usr/local/lib/python3.12/lib-dynload/nis.cpython-312-x86_64-linux-gnu.so",
    "var/task/numba/np/ufunc/tbbpool.cpython-311-x86_64-linux-gnu.so",
  };
  static const char *const wanted[] = {
    "usr/local/lib/python3.12/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so",
    "usr/local/lib/python3.12/lib-dynload/_sqlite3.cpython-312-x86_64-linux-gnu.so",
    "var/task/nis.cpython-312-x86_64-linux-gnu.so",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (spare); i++)
    g_assert_true (terrane_module_is_spare (spare[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_false (terrane_module_is_spare (wanted[i]));
}

/* Names of numpy's, rasterio's and Debian's libraries. */
static void
test_grafted (void)
{
  static const char *const grafted[] = { "libgfortran-040039e1.so.5.0.0",
                                         "libscipy_openblas64_-ff651d7f.so",
                                         "libgdal-2a4c1f3b.so.38.3.12.4" };
  static const char *const others[] = { "libgfortran.so.5", "libhl-1234.so.1",  "-040039e1.so",
                                        "libstdc++.so.6",   "libx-040039g1.so", "040039e1" };
  for (gsize i = 0; i < G_N_ELEMENTS (grafted); i++)
    g_assert_true (terrane_module_is_grafted (grafted[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (terrane_module_is_grafted (others[i]));
}

static void
test_any_machine (void)
{
  static const struct
  {
    const char *a, *b;
    gboolean same;
  } rows[] = {
    { "p/native/linux-aarch64/helper.so", "p/native/linux-x86_64/helper.so", TRUE },
    { "p/attach_linux_x86.so", "p/attach_linux_amd64.so", TRUE }, /* debugpy */
    { "p/arm64/a.so", "p/X64/a.so", TRUE },
    { "p/linux-aarch64/a.so", "p/linux-x86_64/b.so", FALSE },
    { "p/a.so", "p/b.so", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *a = terrane_module_any_machine (rows[i].a);
      g_autofree char *b = terrane_module_any_machine (rows[i].b);
      g_assert_cmpint (strcmp (a, b) == 0, ==, rows[i].same);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/module-name/suffixes", test_suffixes);
  g_test_add_func ("/module-name/optional", test_optional);
  g_test_add_func ("/module-name/spare", test_spare);
  g_test_add_func ("/module-name/grafted", test_grafted);
  g_test_add_func ("/module-name/any-machine", test_any_machine);
  return g_test_run ();
}
