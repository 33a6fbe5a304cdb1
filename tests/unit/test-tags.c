/* PEP 425, 600 and 656. test_python_oracle.py compares all tags of many targets with packaging. */
#include "builder/python/tags.h"

#include <string.h>

static TerranePythonTarget
target_of (unsigned python_minor, unsigned glibc_minor, const char *architecture)
{
  return (TerranePythonTarget){ .python_major = 3,
                                .python_minor = python_minor,
                                .libc = TERRANE_LIBC_GLIBC,
                                .libc_major = 2,
                                .libc_minor = glibc_minor,
                                .architecture = architecture };
}

/* The tags of @target that start with @prefix, without it. */
static char *
join (const TerranePythonTarget *target, const char *prefix)
{
  g_autoptr (TerraneTags) tags = terrane_tags_new (target);
  const GPtrArray *list = terrane_tags_list (tags);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++)
    if (g_str_has_prefix (list->pdata[i], prefix))
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "",
                              (char *) list->pdata[i] + strlen (prefix));
  return g_string_free (text, FALSE);
}

static void
test_platforms (void)
{
  TerranePythonTarget arm = target_of (12, 19, "arm64");
  g_autofree char *aarch64 = join (&arm, "cp312-cp312-");
  g_assert_cmpstr (aarch64, ==,
                   "manylinux_2_19_aarch64 manylinux_2_18_aarch64 manylinux_2_17_aarch64 "
                   "manylinux2014_aarch64 linux_aarch64");
  TerranePythonTarget intel = target_of (12, 13, "amd64");
  g_autofree char *x86_64 = join (&intel, "cp312-cp312-");
  g_assert_cmpstr (x86_64, ==,
                   "manylinux_2_13_x86_64 manylinux_2_12_x86_64 manylinux2010_x86_64 "
                   "manylinux_2_11_x86_64 manylinux_2_10_x86_64 manylinux_2_9_x86_64 "
                   "manylinux_2_8_x86_64 manylinux_2_7_x86_64 manylinux_2_6_x86_64 "
                   "manylinux_2_5_x86_64 manylinux1_x86_64 linux_x86_64");
  TerranePythonTarget musl = { 3, 12, TERRANE_LIBC_MUSL, 1, 2, "arm64", 0, FALSE };
  g_autofree char *musllinux = join (&musl, "cp312-cp312-");
  g_assert_cmpstr (
      musllinux, ==,
      "musllinux_1_2_aarch64 musllinux_1_1_aarch64 musllinux_1_0_aarch64 linux_aarch64");
  TerranePythonTarget old = target_of (12, 16, "arm64");
  g_autofree char *none = join (&old, "cp312-cp312-");
  g_assert_cmpstr (none, ==, "linux_aarch64");
}

static void
test_order (void)
{
  /* One platform, so that the list is short: PEP 425 ("Use") */
  TerranePythonTarget target = target_of (4, 16, "arm64");
  g_autofree char *all = join (&target, "");
  g_assert_cmpstr (all, ==,
                   "cp34-cp34-linux_aarch64 cp34-abi3-linux_aarch64 cp34-none-linux_aarch64 "
                   "cp33-abi3-linux_aarch64 cp32-abi3-linux_aarch64 py34-none-linux_aarch64 "
                   "py3-none-linux_aarch64 py33-none-linux_aarch64 py32-none-linux_aarch64 "
                   "py31-none-linux_aarch64 py30-none-linux_aarch64 cp34-none-any py34-none-any "
                   "py3-none-any py33-none-any py32-none-any py31-none-any py30-none-any");
}

static int
rank (const TerraneTags *tags, const char *tag)
{
  g_autofree char *name = g_strdup_printf ("a-1-%s.whl", tag);
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (name, NULL);
  g_assert_nonnull (wheel);
  return terrane_tags_rank_wheel (tags, wheel);
}

static void
test_ranks (void)
{
  TerranePythonTarget target = target_of (12, 28, "amd64");
  g_autoptr (TerraneTags) tags = terrane_tags_new (&target);
  g_assert_cmpint (terrane_tags_rank (tags, "cp312", "cp312", "manylinux_2_28_x86_64"), ==, 0);
  g_assert_cmpint (terrane_tags_rank (tags, "cp312", "cp312", "manylinux_2_29_x86_64"), ==, -1);
  static const char *const descending[] = {
    "cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64",
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux2014_x86_64",
    "cp39.cp312-abi3-manylinux1_x86_64",
    "cp311-abi3-manylinux_2_28_x86_64",
    "cp39-abi3-manylinux_2_28_x86_64.win32",
    "py3-none-manylinux_2_5_x86_64",
    "cp312-none-any",
    "py2.py3-none-any",
  };
  for (size_t i = 1; i < G_N_ELEMENTS (descending); i++)
    g_assert_cmpint (rank (tags, descending[i - 1]), <, rank (tags, descending[i]));
  g_assert_cmpint (rank (tags, "py2.py3-none-any"), ==, rank (tags, "py3-none-any"));
  g_assert_cmpint (rank (tags, "cp312-cp312t-manylinux_2_28_x86_64"), ==, -1);
  g_assert_cmpint (rank (tags, "cp313-abi3-manylinux_2_28_x86_64"), ==, -1);
}

/* A base image may claim anything; the list stays short. */
static void
test_hostile_target (void)
{
  TerranePythonTarget target = { G_MAXUINT, G_MAXUINT, TERRANE_LIBC_MUSL, G_MAXUINT, G_MAXUINT, "?",
                                 0,         FALSE };
  g_autoptr (TerraneTags) musl = terrane_tags_new (&target);
  g_assert_cmpuint (terrane_tags_list (musl)->len, <, 100000);
  target.libc = TERRANE_LIBC_GLIBC;
  target.libc_minor = 4000000000;
  g_autoptr (TerraneTags) glibc = terrane_tags_new (&target);
  g_assert_cmpuint (terrane_tags_list (glibc)->len, <, 100000);
}

static void
test_explain (void)
{
  TerranePythonTarget amazon2 = target_of (12, 26, "amd64");
  TerranePythonTarget debian = target_of (12, 36, "amd64");
  TerranePythonTarget alpine = { 3, 12, TERRANE_LIBC_MUSL, 1, 2, "amd64", 0, FALSE };
  const struct
  {
    const TerranePythonTarget *target;
    const char *tag, *reason;
  } rows[] = {
    { &amazon2, "cp312-cp312-manylinux_2_28_x86_64",
      "manylinux_2_28 needs glibc ≥ 2.28, the base has 2.26" },
    { &amazon2, "cp312-cp312-manylinux_2_28_x86_64.manylinux_2_27_x86_64",
      "manylinux_2_27 needs glibc ≥ 2.27, the base has 2.26" },
    { &debian, "cp311-cp311-manylinux_2_28_x86_64",
      "it is for Python 3.11 (cp311), the base has 3.12" },
    { &debian, "cp310.cp311-none-any", "it is for Python 3.11 (cp311), the base has 3.12" },
    { &debian, "cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64",
      "it is for aarch64, the image is for x86_64" },
    { &debian, "cp312-cp312-linux_i686", "it is for i686, the image is for x86_64" },
    { &debian, "cp312-cp312-musllinux_1_2_x86_64",
      "it is for musl (musllinux_1_2), the base has glibc 2.36" },
    { &alpine, "cp312-cp312-manylinux_2_28_x86_64",
      "it is for glibc (manylinux_2_28), the base has musl 1.2" },
    { &alpine, "cp312-cp312-musllinux_1_3_x86_64",
      "musllinux_1_3 needs musl ≥ 1.3, the base has 1.2" },
    { &debian, "cp312-cp312-win_amd64", "it is for Windows" },
    { &debian, "cp311-cp311-win32", "it is for Windows" },
    { &debian, "cp312-cp312-macosx_10_9_universal2", "it is for macOS" },
    { &debian, "cp312-cp312-macosx_11_0_arm64.manylinux_2_17_aarch64",
      "it is for aarch64, the image is for x86_64" },
    { &debian, "cp312-cp312-pyodide_2024_0_wasm32", "it is for WebAssembly" },
    { &debian, "pp310-pypy310_pp73-manylinux_2_28_x86_64", "it is for PyPy" },
    { &debian, "graalpy311-graalpy240_311_native-manylinux_2_28_x86_64", "it is for GraalPy" },
    { &debian, "cp313-cp313t-manylinux_2_28_x86_64", "it is for free-threaded Python (cp313t)" },
    { &debian, "cp312-cp312d-manylinux_2_28_x86_64", "it is for a debug build of Python (cp312d)" },
    { &debian, "cp313-abi3-manylinux_2_28_x86_64",
      "it is for abi3 of Python 3.13 or later (cp313), the base has 3.12" },
    { &debian, "cp315-abi3.abi3t-manylinux_2_28_x86_64",
      "it is for abi3 of Python 3.15 or later (cp315), the base has 3.12" },
    { &debian, "py313-none-any", "it is for Python 3.13 or later (py313), the base has 3.12" },
    { &debian, "py2-none-any", "it is for Python 2 (py2), the base has 3.12" },
    { &debian, "cp27-cp27mu-manylinux1_x86_64", "it is for Python 2.7 (cp27), the base has 3.12" },
    { &debian, "cp37-cp37m-manylinux1_x86_64", "it is for Python 3.7 (cp37), the base has 3.12" },
    { &debian, "cp312-other-any", "it needs the Python ABI other" },
    { &debian, "xy3-none-any", "it is for the interpreter xy3" },
    { &debian, "cp312-cp312-haiku", "it is for the platform haiku" },
    { &debian, "cp312-cp312-any", "cp312-cp312-any is not a tag that Python accepts" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = g_strdup_printf ("a-1-%s.whl", rows[i].tag);
      g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (name, NULL);
      g_autoptr (TerraneTags) tags = terrane_tags_new (rows[i].target);
      g_assert_nonnull (wheel);
      g_assert_cmpint (terrane_tags_rank_wheel (tags, wheel), ==, -1);
      g_autofree char *reason = terrane_tags_explain (rows[i].target, wheel, NULL);
      g_assert_cmpstr (reason, ==, rows[i].reason);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tags/platforms", test_platforms);
  g_test_add_func ("/tags/order", test_order);
  g_test_add_func ("/tags/ranks", test_ranks);
  g_test_add_func ("/tags/hostile-target", test_hostile_target);
  g_test_add_func ("/tags/explain", test_explain);
  return g_test_run ();
}
