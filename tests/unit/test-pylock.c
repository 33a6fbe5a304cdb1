/* pylock.toml: what the specification says ("pylock.toml Specification"), and what it forbids. */
#include "testing.h"

#include "builder/python/pylock.h"
#include "builder/python/requirement-select.h"
#include "builder/python/requirements.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "lock-version = \"1.0\"\ncreated-by = \"test\"\n"
#define HASHES "hashes = {sha256 = \"" A64 "\"}"
#define WHEEL(file) "wheels = [{url = \"https://h.org/" file "\", " HASHES "}]\n"
#define PACKAGE(name) "[[packages]]\nname = \"" name "\"\nversion = \"1\"\n"
#define SIMPLE(name) PACKAGE (name) WHEEL (name "-1-py3-none-any.whl")

static const TerranePythonTarget target = {
  .python_major = 3,
  .python_minor = 12,
  .libc = TERRANE_LIBC_GLIBC,
  .libc_major = 2,
  .libc_minor = 34,
  .architecture = "amd64",
  .python_patch = 4,
  .has_patch = TRUE,
};

static TerraneRequirements *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) data = test_bytes (text);
  return terrane_requirements_parse ("d/pylock.toml", data, error);
}

static TerraneRequirements *
must_parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  TerraneRequirements *result = parse (text, &error);
  g_assert_no_error (error);
  g_assert_nonnull (result->pylock);
  return result;
}

/* The names that count, separated by spaces; of an error its message. */
static char *
select_names (const char *text, char *const *extras, char *const *groups)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneRequirements) file = must_parse (text);
  g_autoptr (GPtrArray) active = NULL;
  if (terrane_pylock_choose (file, extras, groups, "pylock.toml", &error)
      && terrane_pylock_check_target (file, &target, "pylock.toml", &error))
    active = terrane_requirements_select (file, &target, "pylock.toml", &error);
  if (active == NULL)
    return g_strdup (error->message);
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < active->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
                            ((TerraneRequirement *) active->pdata[i])->name);
  return g_string_free (names, FALSE);
}

static void
assert_selected (const char *text, const char *expected)
{
  g_autofree char *names = select_names (text, NULL, NULL);
  if (!g_pattern_match_simple (expected, names))
    g_error ("%s: got %s, expected %s", text, names, expected);
}

static void
test_names (void)
{
  g_assert_true (terrane_pylock_is_name ("a/pylock.toml"));
  g_assert_true (terrane_pylock_is_name ("pylock.dev.toml"));
  g_assert_false (terrane_pylock_is_name ("pylock.a.b.toml"));
  g_assert_false (terrane_pylock_is_name ("pylock..toml"));
  g_assert_false (terrane_pylock_is_name ("my-pylock.toml"));
  g_assert_false (terrane_pylock_is_name ("pylock.toml.txt"));
}

static void
test_package (void)
{
  g_autoptr (TerraneRequirements) file = must_parse (
      HEAD "[[packages]]\nname = \"a-b\"\nversion = \"1.0\"\nmarker = \"os_name == 'posix'\"\n"
           "requires-python = \">=3.9\"\nindex = \"https://h.org/simple\"\n"
           "[[packages.wheels]]\nname = \"a_b-1.0-py3-none-any.whl\"\n"
           "upload-time = 2025-01-02T03:04:05Z\nurl = \"https://u:p@h.org/x?s=1\"\nsize = 12\n"
           "[packages.wheels.hashes]\nsha256 = \"" A64 "\"\nsha512 = \"x\"\n"
           "[[packages.wheels]]\npath = \"w/a%20b/a_b-1.0-cp312-none-any.whl\"\n"
           "hashes = {sha384 = \"" A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n");
  const TerraneRequirement *item = file->requirements->pdata[0];
  g_assert_cmpstr (item->version, ==, "1.0");
  g_assert_cmpstr (item->requires_python, ==, ">=3.9");
  g_assert_cmpuint (item->line, ==, 3);
  g_assert_null (item->fault);
  g_assert_cmpuint (item->files->len, ==, 2);
  g_assert_cmpuint (item->hashes->len, ==, 1);
  g_assert_cmpuint (item->long_hashes->len, ==, 1);
  const TerraneIndexFile *first = item->files->pdata[0], *second = item->files->pdata[1];
  g_assert_cmpstr (first->file_name, ==, "a_b-1.0-py3-none-any.whl");
  g_assert_cmpstr (first->url, ==, "https://h.org/x?s=1");
  g_assert_cmpstr (first->authorization, ==, "Basic dTpw");
  g_assert_cmpuint (first->size, ==, 12);
  g_assert_true (first->has_sha256);
  g_assert_false (first->local);
  g_autofree char *path = g_canonicalize_filename ("d/w/a%20b/a_b-1.0-cp312-none-any.whl", NULL);
  g_assert_cmpstr (second->url, ==, path); /* counts from the file; a path is not a URL */
  g_assert_true (second->local);
  g_assert_false (second->has_sha256);
}

static void
test_markers (void)
{
  const char *text = HEAD
      "extras = [\"geo\", \"web\"]\ndependency-groups = [\"dev\", \"docs\"]\n"
      "default-groups = [\"dev\", \"main\"]\n" PACKAGE ("a") WHEEL ("a-1-py3-none-any.whl")
          PACKAGE ("b") "marker = \"'geo' in extras\"\n" WHEEL ("b-1-py3-none-any.whl") PACKAGE (
              "c") "marker = \"'dev' in dependency_groups and python_version >= "
                   "'3.12'\"\n" WHEEL ("c-1-py3-none-any.whl")
                       PACKAGE ("d") "marker = \"'Main' not in dependency_groups\"\n" WHEEL (
                           "d-1-py3-none-any.whl")
                           PACKAGE ("e") "marker = \"sys_platform == 'win32'\"\n" WHEEL (
                               "e-1-py3-none-any.whl");
  const struct
  {
    const char *extras[3], *groups[3];
    gboolean has_groups;
    const char *expected;
  } rows[] = {
    { { NULL }, { NULL }, FALSE, "a c" },
    { { "Geo", NULL }, { NULL }, FALSE, "a b c" },
    { { "web", "geo", NULL }, { "docs", NULL }, TRUE, "a b d" },
    { { NULL }, { NULL }, TRUE, "a d" },
    { { NULL }, { "main", "dev", NULL }, TRUE, "a c" },
    { { "gis", NULL }, { NULL }, FALSE, "pylock.toml has no extra ‘gis’; it has geo, web" },
    { { NULL },
      { "test", NULL },
      TRUE,
      "pylock.toml has no group of dependencies ‘test’; it has dev, docs, dev, main" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *names =
          select_names (text, (char *const *) rows[i].extras,
                        rows[i].has_groups ? (char *const *) rows[i].groups : NULL);
      g_assert_cmpstr (names, ==, rows[i].expected);
    }
}

static void
test_selection (void)
{
  assert_selected (HEAD "packages = []\n", "");
  assert_selected (HEAD "environments = []\n" SIMPLE ("a"), "a");
  assert_selected (HEAD "requires-python = \">=3.13\"\n" SIMPLE ("a"),
                   "pylock.toml needs Python >=3.13, the image has 3.12.4");
  assert_selected (HEAD "requires-python = \">=3.12.4\"\n" SIMPLE ("a"), "a");
  assert_selected (
      HEAD
      "environments = [\"sys_platform == 'win32'\", \"python_version < '3.12'\"]\n" SIMPLE ("a"),
      "pylock.toml was made for other environments than the image's, which is CPython "
      "3.12.4 on Linux on x86_64; *\n*win32*\n*< '3.12'*");
  assert_selected (
      HEAD "environments = [\"sys_platform == 'win32'\", \"os_name == 'posix'\"]\n" SIMPLE ("a"),
      "a");
  assert_selected (
      HEAD PACKAGE ("a") "requires-python = \"<3.12\"\n" WHEEL ("a-1-py3-none-any.whl"),
      "*line 3: a needs Python <3.12, the image has 3.12.4");
  /* one that is not installed need not fit */
  assert_selected (
      HEAD PACKAGE ("a") "requires-python = \"<3.12\"\nmarker = \"os_name == 'nt'\"\n" WHEEL (
          "a-1-py3-none-any.whl"),
      "");
  assert_selected (HEAD SIMPLE ("a") SIMPLE ("a"),
                   "*line 7: a is there more than once, and the markers of line 3 hold as well");
  assert_selected (
      HEAD PACKAGE ("a") "marker = \"python_version < '3.12'\"\n" WHEEL ("a-1-py3-none-any.whl")
          PACKAGE ("a") "marker = \"python_version >= '3.12'\"\n" WHEEL ("a-1-py3-none-any.whl"),
      "a");
  assert_selected (HEAD PACKAGE ("a") "marker = \"extra == 'x'\"\n" WHEEL ("a-1-py3-none-any.whl"),
                   "*line 3: a: marker *expected a marker variable*");
  assert_selected (HEAD PACKAGE ("a") "marker = \"extras == 'x'\"\n" WHEEL ("a-1-py3-none-any.whl"),
                   "*line 3: a: marker *a text in or not in*");
}

/* A package that is needed and cannot be installed from here is a fault. */
static void
test_faults (void)
{
  static const struct
  {
    const char *package, *expected;
  } rows[] = {
    { "sdist = {url = \"https://h.org/a-1.tar.gz\", " HASHES "}\n",
      "*a 1 has only a source distribution; *" },
    { "vcs = {type = \"git\", url = \"https://h.org/a\", commit-id = \"c\"}\n",
      "*a comes from version control, which has no hash; *" },
    { "directory = {path = \".\", editable = true}\n", "*an editable install of a directory*" },
    { "directory = {path = \".\"}\n", "*a comes from a directory*--no-emit-project*" },
    { "archive = {url = \"https://h.org/a-1.zip\", " HASHES "}\n", "*‘a-1.zip’ is not a wheel; *" },
    { "archive = {url = \"https://h.org/a-1-py3-none-any.whl#x\", " HASHES "}\n", "a" },
    { "wheels = [{url = \"https://h.org/a-1-py3-none-any.whl\", hashes = {md5 = \"x\"}}]\n",
      "*‘a-1-py3-none-any.whl’ has no digest by SHA-256, SHA-384 or SHA-512*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strconcat (HEAD PACKAGE ("a"), rows[i].package, NULL);
      assert_selected (text, rows[i].expected);
      g_autofree char *elsewhere =
          g_strconcat (HEAD PACKAGE ("a") "marker = \"os_name == 'nt'\"\n", rows[i].package, NULL);
      assert_selected (elsewhere, "");
    }
}

static void
test_errors (void)
{
  static const struct
  {
    const char *text, *expected;
  } rows[] = {
    { "x", "d/pylock.toml line 1: this is not TOML: *" },
    { "a = 1\n[;x]\n", "d/pylock.toml*: this is not TOML: *" }, /* toml++ 3.3 asserts here */
    { "[[;x]]\n", "d/pylock.toml*: this is not TOML: *" },
    { "a = 1\na = 2\n", "d/pylock.toml line 2: this is not TOML: *" },
    { "", "d/pylock.toml: ‘lock-version’ is missing *" },
    { "lock-version = 1.0\n", "d/pylock.toml: ‘lock-version’ is missing or not *" },
    { "lock-version = \"1.0\"\npackages = []\n", "*‘created-by’ is missing*" },
    { HEAD, "*‘packages’ is missing*" },
    { HEAD "packages = {}\n", "*packages: expected an array*" },
    { HEAD "requires-python = \"x\"\npackages = []\n", "*requires-python: expected versions *" },
    { HEAD "extras = \"x\"\npackages = []\n", "*extras: expected an array*" },
    { HEAD "[[packages]]\nversion = \"1\"\n", "*line 3: packages[0]: ‘name’ is missing*" },
    { HEAD "[[packages]]\nname = \"A_b\"\n", "*packages[0].name: ‘A_b’ is not a normalised name*" },
    { HEAD "[[packages]]\nname = \"a\"\nversion = \"x\"\n", "*packages[0].version: not a version" },
    { HEAD PACKAGE ("a"), "*packages[0]: needs ‘wheels’ or ‘sdist’, or exactly one of *" },
    { HEAD PACKAGE ("a") "wheels = []\n", "*needs ‘wheels’ or ‘sdist’*" },
    { HEAD SIMPLE ("a") "vcs = {type = \"git\", url = \"u\", commit-id = \"c\"}\n",
      "*exactly one*" },
    { HEAD PACKAGE ("a") "vcs = {url = \"u\"}\n", "*‘type’ is missing*\n*‘commit-id’ is missing*" },
    { HEAD PACKAGE ("a") "wheels = [{" HASHES "}]\n", "*needs ‘url’ or ‘path’*" },
    { HEAD PACKAGE ("a") "wheels = [{url = \"https://h.org/a-1-py3-none-any.whl\"}]\n",
      "*‘hashes’ is missing*" },
    { HEAD PACKAGE ("a") "wheels = [{path = \"a-1-py3-none-any.whl\", hashes = {}}]\n",
      "*expected 1 to 32 digests*" },
    { HEAD PACKAGE (
          "a") "wheels = [{path = \"a-1-py3-none-any.whl\", hashes = {sha256 = \"x\"}}]\n",
      "*64 hexadecimal digits*" },
    { HEAD PACKAGE ("a") "wheels = [{path = \"a-1-py3-none-any.whl\", size = -1, " HASHES "}]\n",
      "*size: *" },
    { HEAD PACKAGE ("a") WHEEL ("b-1-py3-none-any.whl"), "*is of another project than a*" },
    { HEAD PACKAGE ("a") WHEEL ("a-2-py3-none-any.whl"), "*is of another version than 1*" },
    { HEAD PACKAGE ("a") WHEEL ("a.zip"), "*wheels[0]: *" },
    { HEAD PACKAGE ("a") "wheels = [{url = \"ftp://h.org/a-1-py3-none-any.whl\", " HASHES "}]\n",
      "*expected a URL of https, http or file*" },
    { HEAD PACKAGE ("a") "marker = 2025-01-01\n" WHEEL ("a-1-py3-none-any.whl"),
      "*marker: expected a string*" },
    { HEAD SIMPLE ("a") "attestation-identities = [{}]\n", "*‘kind’ is missing*" },
    { HEAD "packages = []\ntool = 1\nx = \"a\\u0000b\"\n", "*line 5: *U+0000*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneRequirements) file = parse (rows[i].text, &error);
      if (file != NULL)
        g_error ("accepted: %s", rows[i].text);
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, rows[i].expected);
    }
}

static void
test_versions (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneRequirements) later =
      must_parse ("lock-version = \"1.1\"\ncreated-by = \"x\"\nnew = 1\npackages = []\n");
  g_assert_cmpuint (later->pylock->minor, ==, 1);
  g_assert_null (parse ("lock-version = \"2.0\"\n", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "d/pylock.toml has lock-version 2.0; *");
}

/* A package without a version has that of its wheels. */
static void
test_version_of_wheels (void)
{
  g_autoptr (TerraneRequirements) file = must_parse (
      HEAD "[[packages]]\nname = \"a\"\nwheels = [{path = \"a-1.5-py3-none-any.whl\", " HASHES
           "}]");
  const TerraneRequirement *item = file->requirements->pdata[0];
  g_assert_cmpstr (item->version, ==, "1.5");
  g_autoptr (GError) error = NULL;
  g_assert_null (parse (HEAD "[[packages]]\nname = \"a\"\nwheels = ["
                             "{path = \"a-1.5-py3-none-any.whl\", " HASHES "}, "
                             "{path = \"a-1.6-py3-none-any.whl\", " HASHES "}]",
                        &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*is of another version than 1.5*");
}

static char *
repeat (const char *before, const char *text, size_t n, const char *after)
{
  GString *all = g_string_new (before);
  for (size_t i = 0; i < n; i++)
    g_string_append (all, text);
  g_string_append (all, after);
  return g_string_free (all, FALSE);
}

static void
assert_limit (const char *text, OciError code, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (parse (text, &error));
  assert_error (error, OCI_ERROR, code, expected);
}

/* Neither deep nor long input costs much. */
static void
test_limits (void)
{
  g_autofree char *dotted = repeat ("", "a.", 100000, "a = 1\n");
  g_autofree char *spaced = repeat ("[", "\"a\" . ", 1000, "a]\n");
  g_autofree char *arrays = repeat ("x = ", "[", 100000, "\n");
  g_autofree char *values = repeat ("x = [", "1,", 600000, "]\n");
  g_autofree char *fine =
      repeat (HEAD "packages = []\nx = [", "\"a.b.c.d, = \", 1.5, ", 1000, "]\n");
  g_autofree char *large = repeat ("# ", "xxxxxxxxxxxxxxxx", 600000, "\n");
  assert_limit (dotted, OCI_ERROR_LIMIT, "*line 1: a key has more than 64 parts");
  assert_limit (spaced, OCI_ERROR_LIMIT, "*a key has more than 64 parts");
  assert_limit (arrays, OCI_ERROR_USAGE, "*this is not TOML*");
  assert_limit (values, OCI_ERROR_LIMIT, "*has more than 500000 values");
  assert_limit (large, OCI_ERROR_LIMIT, "*bytes, at most*");
  g_autoptr (TerraneRequirements) file = must_parse (fine);
  g_assert_cmpuint (file->requirements->len, ==, 0);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/pylock/names", test_names);
  g_test_add_func ("/pylock/package", test_package);
  g_test_add_func ("/pylock/markers", test_markers);
  g_test_add_func ("/pylock/selection", test_selection);
  g_test_add_func ("/pylock/faults", test_faults);
  g_test_add_func ("/pylock/errors", test_errors);
  g_test_add_func ("/pylock/versions", test_versions);
  g_test_add_func ("/pylock/version-of-wheels", test_version_of_wheels);
  g_test_add_func ("/pylock/limits", test_limits);
  return g_test_run ();
}
