/* Files as pip-compile and uv wrote them (tests/fixtures/python), and pip's rules for the rest. */
#include "testing.h"

#include "builder/python/requirement-select.h"
#include "builder/python/requirements-file.h"

#include <glib/gstdio.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH " --hash=sha256:" A64
#define OTHER_HASH " --hash=sha256:" B64
#define WHEEL "a-1.0-py3-none-any.whl"

static const TerranePythonTarget target = { .python_major = 3,
                                            .python_minor = 11,
                                            .python_patch = 2,
                                            .libc_major = 2,
                                            .libc_minor = 36,
                                            .architecture = "amd64" };

static TerraneRequirements *
parse_good (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes (text);
  TerraneRequirements *requirements = terrane_requirements_file_parse ("r.txt", data, &error);
  g_assert_no_error (error);
  return requirements;
}

static TerraneRequirements *
parse_fixture (const char *name)
{
  g_autofree char *path =
      g_build_filename (TERRANE_SOURCE_DIR, "tests/fixtures/python", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return parse_good (text);
}

/* "NAME VERSION|URL [MARKER] HASHES@LINE", joined by "; ". */
static char *
describe (const TerraneRequirements *requirements)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < requirements->requirements->len; i++)
    {
      const TerraneRequirement *item = requirements->requirements->pdata[i];
      g_string_append_printf (text, "%s%s %s", i > 0 ? "; " : "", item->normalised,
                              item->url != NULL          ? item->url
                              : item->path != NULL       ? item->path
                              : item->version != NULL    ? item->version
                              : item->specifiers != NULL ? item->specifiers
                                                         : "-");
      if (item->marker != NULL)
        g_string_append_printf (text, " [%s]", item->marker);
      g_string_append_printf (text, " %u@%u", item->hashes->len, item->line);
    }
  return g_string_free (text, FALSE);
}

static void
assert_described (TerraneRequirements *requirements, const char *expected)
{
  g_autofree char *text = describe (requirements);
  g_assert_cmpstr (text, ==, expected);
  terrane_requirements_free (requirements);
}

static void
test_real_files (void)
{
  assert_described (parse_fixture ("uv-export.txt"),
                    "certifi 2026.10.18 2@3; colorama 0.4.6 [sys_platform == 'win32'] 2@7; "
                    "numpy 2.2.6 [python_full_version < '3.11'] 2@11; "
                    "numpy 2.4.6 [python_full_version == '3.11.*'] 2@15; "
                    "numpy 2.5.5 [python_full_version >= '3.12'] 2@19; pysocks 1.7.1 2@23");
  TerraneRequirements *compiled = parse_fixture ("pip-compile.txt");
  g_assert_cmpstr (compiled->find_links[0], ==, "/opt/wheels");
  g_assert_null (compiled->find_links[1]);
  assert_described (compiled, "boto3 1.44.5 2@9; numpy 2.4.6 2@13; requests 2.34.2 2@17; "
                              "six 1.17.0 2@21");
}

static void
test_good (void)
{
  static const struct
  {
    const char *text, *expected;
  } rows[] = {
    { "", "" },
    { "# nothing\n\n   # here\n", "" },
    { "\xef\xbb\xbf"
      "a==1" HASH "\r\n",
      "a 1 1@1" },
    { "\xef\xbb\xbf", "" },
    { "A_b.-C===1.0+cu118" HASH, "a-b-c 1.0+cu118 1@1" },
    { "a == 1!2.0" HASH, "a 1!2.0 1@1" },
    { "a[x, y] ==1 ; python_version<'4'" HASH " # why", "a 1 [python_version<'4'] 1@1" },
    { "a==1;os_name=='posix'" HASH, "a 1 [os_name=='posix'] 1@1" },
    { "a==1 --hash sha256:" A64 " --hash=SHA256:" B64 " --hash=md5:00", "a 1 2@1" },
    { "a==1" HASH HASH, "a 1 1@1" },
    { "a==1 --hash=sha512:" A64 B64 HASH " --config-settings='--x=1'", "a 1 1@1" },
    { "a (==1)" HASH "\na(== 1.0 ) ; os_name=='nt'\na[x] (>=1,<2)",
      "a 1 1@1; a 1.0 [os_name=='nt'] 0@2; a >=1,<2 0@3" },
    { "a>=1\nb", "a >=1 0@1; b - 0@2" },
    { "a==${TERRANE_TEST_VERSION} --hash=sha256:${TERRANE_TEST_HASH}", "a 4.5 1@1" },
    { "/w/" WHEEL HASH, "a /w/" WHEEL " 1@1" },
    { "/w/" WHEEL "[x,y]#sha256=" A64, "a /w/" WHEEL " 1@1" },
    { "file:///w/" WHEEL "#sha256=" A64 " ; os_name=='nt'", "a /w/" WHEEL " [os_name=='nt'] 1@1" },
    { "/w/" WHEEL ";os_name=='nt'" HASH, "a /w/" WHEEL " [os_name=='nt'] 1@1" },
    { "a @ file://localhost/w%20x/" WHEEL HASH, "a /w x/" WHEEL " 1@1" },
    { "https://h.org/d/" WHEEL HASH, "a https://h.org/d/" WHEEL " 1@1" },
    { "B @ https://h.org/" WHEEL "#egg=b&sha512=" A64 B64, "b https://h.org/" WHEEL " 0@1" },
    { "\n\na==1 \\\n  --hash=sha256:" A64 "  \\\n  --hash=sha256:" B64 "\nb==2" HASH,
      "a 1 2@3; b 2 1@6" },
    { "a==1" HASH " \\\n", "a 1 1@1" },
    { "a==1" HASH " \\", "a 1 1@1" },
    { "a==1 \\\r\n" HASH "\r\n", "a 1 1@1" },
    { "a==1" HASH " \\\n # a comment ends it \\\nb==2" HASH, "a 1 1@1; b 2 1@3" },
    { "a @ https://h.org/a-1.whl#sha256=" A64, "a https://h.org/a-1.whl 1@1" },
    { "a[x]@https://h.org/a-1.whl#egg=a&sha256=" A64 " ; os_name=='posix'",
      "a https://h.org/a-1.whl [os_name=='posix'] 1@1" },
    { "a @ https://h.org/a-1.whl" HASH, "a https://h.org/a-1.whl 1@1" },
    { "a==1; os_name=='nt'" HASH "\nA==2; os_name=='posix'" HASH,
      "a 1 [os_name=='nt'] 1@1; a 2 [os_name=='posix'] 1@2" },
  };
  g_setenv ("TERRANE_TEST_VERSION", "4.5", TRUE);
  g_setenv ("TERRANE_TEST_HASH", A64, TRUE);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_described (parse_good (rows[i].text), rows[i].expected);
}

static void
test_long_hashes (void)
{
  g_autoptr (TerraneRequirements) requirements = parse_good (
      "a==1 --hash=sha384:" A64 "0123456789ABCDEF0123456789abcdef --hash=sha512:" A64 B64
      " --hash=sha512:" A64 B64 " --hash=md5:00");
  const TerraneRequirement *a = requirements->requirements->pdata[0];
  g_assert_cmpuint (a->hashes->len, ==, 0);
  g_assert_cmpuint (a->long_hashes->len, ==, 2);
  g_assert_cmpstr (a->long_hashes->pdata[0], ==, "sha384:" A64 "0123456789abcdef0123456789abcdef");
  g_assert_cmpstr (a->long_hashes->pdata[1], ==, "sha512:" A64 B64);
  g_assert_true (a->weak_hashes);
}

/* Relative paths count from the file. */
static void
test_relative (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data =
      test_bytes ("./dist/" WHEEL HASH "\n../" WHEEL HASH "\n" WHEEL HASH
                  "\na @ file:dist/" WHEEL HASH "\nfile:///${PROJECT_ROOT}/" WHEEL HASH);
  g_unsetenv ("PROJECT_ROOT");
  TerraneRequirements *requirements = terrane_requirements_file_parse ("/p/q/r.txt", data, &error);
  g_assert_no_error (error);
  assert_described (requirements, "a /p/q/dist/" WHEEL " 1@1; a /p/" WHEEL " 1@2; a /p/q/" WHEEL
                                  " 1@3; a /p/q/dist/" WHEEL " 1@4; a /p/q/" WHEEL " 1@5");
}

static GPtrArray *
select_from (const char *text, GError **error)
{
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (TerraneRequirements) requirements =
      terrane_requirements_file_parse ("r.txt", data, error);
  return requirements != NULL ? terrane_requirements_select (requirements, &target, "r.txt", error)
                              : NULL;
}

static void
assert_selected (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) active = select_from (text, &error);
  g_assert_no_error (error);
  TerraneRequirements all = { .requirements = active };
  g_autofree char *got = describe (&all);
  g_assert_cmpstr (got, ==, expected);
}

#define FALSE_MARKER " ; sys_platform == 'win32'\n"

/* pip 23.0 takes all of these with --require-hashes. */
static void
test_select (void)
{
  static const struct
  {
    const char *text, *expected;
  } rows[] = {
    /* Requirements that do not apply need not be pinned. */
    { "a" FALSE_MARKER "a>=2" FALSE_MARKER "a==1" FALSE_MARKER
      "a @ git+https://h.org/a@0123" FALSE_MARKER "git+https://h.org/a#egg=a" FALSE_MARKER
      "-e git+https://h.org/a#egg=a" FALSE_MARKER "./a" FALSE_MARKER
      "a @ https://${TERRANE_TEST_UNSET}/a.tar.gz" FALSE_MARKER "a @ s3://h/a.whl" FALSE_MARKER
      "a==1 ; python_full_version < '3.11.2'\n"
      "a==3 ; python_full_version < '3.11.3'" HASH,
      "a 3 [python_full_version < '3.11.3'] 1@11" },
    /* One project several times: some version and digest that all of them allow. */
    { "a==1" HASH "\na==1" HASH, "a 1 1@1" },
    { "a[x]==1" HASH "\nA==1.0" HASH OTHER_HASH, "a 1 1@1" },
    { "a==1" HASH OTHER_HASH "\na==1 ; os_name=='posix'" OTHER_HASH, "a 1 1@1" },
    { "a==1\na==1" HASH, "a 1 1@1" },
    { "a>=1\na==1.5" HASH, "a 1.5 1@1" },
    { "a==1.5" HASH "\na<2", "a 1.5 1@1" },
    { "a==1.5" HASH "\na==1.5+cpu" HASH, "a 1.5+cpu 1@1" },
    { "a==1" HASH "\na @ https://h.org/" WHEEL HASH, "a https://h.org/" WHEEL " 1@1" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_selected (rows[i].text, rows[i].expected);
}

static void
test_need_patch (void)
{
  static const struct
  {
    const char *text;
    gboolean needs;
  } rows[] = {
    { "a==1 ; python_full_version < '3.11'" HASH, FALSE },
    { "a==1 ; python_full_version >= '3.11'" HASH, FALSE },
    { "a==1 ; python_full_version == '3.11.*'" HASH, FALSE },
    { "a==1 ; python_version < '3.11'" HASH, FALSE },
    { "a==1 ; python_full_version < '3.11.3'" HASH, TRUE },
    { "a==1 ; os_name == 'posix' and implementation_version != '3.11.7'" HASH, TRUE },
    { "a==1 ; os_name == 'nt' and python_full_version < '3.11.3'" HASH, FALSE },
    { "a==1 ; python_full_version < '3.12.3'" HASH, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TerraneRequirements) requirements = parse_good (rows[i].text);
      g_assert_cmpint (terrane_requirements_need_patch (requirements, &target) != NULL, ==,
                       rows[i].needs);
    }
}

static void
write_file (const char *directory, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* Parses DIRECTORY/r.txt. */
static TerraneRequirements *
parse_in (const char *directory, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "r.txt", NULL);
  g_autoptr (GBytes) data = test_bytes (text);
  write_file (directory, "r.txt", text);
  return terrane_requirements_file_parse (path, data, error);
}

static void
test_other_files (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (TestDir) dir = test_dir_new ();
  const char *directory = dir.path;
  write_file (directory, "sub/b.txt",
              "b==2" HASH "\n--find-links=wheels\n-r ../c.txt\n./" WHEEL HASH);
  write_file (directory, "c.txt", "c\n");
  write_file (directory, "pins.txt", "c==3" OTHER_HASH "\nd==4" HASH "\nb<3\n");
  g_autoptr (TerraneRequirements) requirements =
      parse_in (directory, "-r sub/b.txt\n-c pins.txt\n-r c.txt\n", &error);
  g_assert_no_error (error);
  g_autofree char *links = g_build_filename (directory, "sub/wheels", NULL);
  g_assert_cmpstr (requirements->find_links[0], ==, links);
  g_autofree char *all = describe (requirements);
  g_autofree char *expected =
      g_strdup_printf ("b 2 1@1; c - 0@1; a %s/sub/" WHEEL " 1@4; c - 0@1", directory);
  g_assert_cmpstr (all, ==, expected);
  g_autoptr (GPtrArray) active =
      terrane_requirements_select (requirements, &target, "r.txt", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (active->len, ==, 3);
  const TerraneRequirement *c = active->pdata[1];
  g_assert_cmpstr (c->version, ==, "3");
  g_assert_cmpuint (c->hashes->len, ==, 1);

  static const struct
  {
    const char *text, *message;
  } rows[] = {
    { "\n-r r.txt", "*/r.txt line 2: -r ‘r.txt’: the file includes itself" },
    { "-r x.txt", "*/r.txt line 1: -r ‘x.txt’: *No such file*" },
    { "-c y.txt", "*/y.txt line 1: -r ‘r.txt’: the file includes itself" },
    { "-r uv.lock", "*/r.txt line 1: -r ‘uv.lock’: it is a lock file of uv; *" },
    { "-r https://h.org/r.txt", "*: only files of this machine are read; *" },
    { "-r bad.txt", "*/bad.txt line 2: a: ‘’ is not a version" },
  };
  write_file (directory, "y.txt", "-r r.txt\n");
  write_file (directory, "uv.lock", "version = 1\n");
  write_file (directory, "bad.txt", "\na==\n");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_null (parse_in (directory, rows[i].text, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, rows[i].message);
      g_clear_error (&error);
    }
}

static void
test_options (void)
{
  g_setenv ("TERRANE_TEST_TOKEN", "s3cret", TRUE);
  g_autoptr (TerraneRequirements) requirements =
      parse_good ("-i https://one.org/simple\n"
                  "--index-url=https://${TERRANE_TEST_TOKEN}@two.org/simple # the last counts\n"
                  "--extra-index-url 'https://three.org/simple'\n"
                  "--extra-index-url https://four.org/$HOME/${lower}\n"
                  "-f wheels --find-links=https://five.org/\n"
                  "--no-index\n--pre\n--prefer-binary --require-hashes\n"
                  "--only-binary :all:\n--no-binary=:none:\n--trusted-host h\n"
                  "a==1" HASH);
  g_assert_cmpstr (requirements->index_url, ==, "https://s3cret@two.org/simple");
  g_assert_cmpuint (g_strv_length (requirements->extra_index_urls), ==, 2);
  g_assert_cmpstr (requirements->extra_index_urls[0], ==, "https://three.org/simple");
  g_assert_cmpstr (requirements->extra_index_urls[1], ==, "https://four.org/$HOME/${lower}");
  g_assert_cmpuint (g_strv_length (requirements->find_links), ==, 2);
  g_assert_cmpstr (requirements->find_links[0], ==, "wheels");
  g_assert_cmpstr (requirements->find_links[1], ==, "https://five.org/");
  g_assert_true (requirements->no_index);
  g_assert_cmpuint (requirements->requirements->len, ==, 1);

  g_autoptr (TerraneRequirements) none = parse_good ("");
  g_assert_null (none->index_url);
  g_assert_null (none->extra_index_urls[0]);
  g_assert_null (none->find_links[0]);
  g_assert_false (none->no_index);
}

static void
assert_refused (const char *text, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (select_from (text, &error));
  assert_error (error, OCI_ERROR, code, pattern);
  g_assert_null (strstr (error->message, "s3cret"));
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *message;
  } rows[] = {
    { "\n\nnumpy==1.0",
      "r.txt line 3: numpy has no --hash; generate the file with 'pip-compile --generate-hashes' "
      "or 'uv pip compile --generate-hashes'" },
    { "a==1 --hash=md5:00",
      "r.txt line 1: a has no --hash of SHA-256, SHA-384 or SHA-512, only of others; *" },
    { "a==1 --hash=sha512:00", "*: a: ‘sha512:00’ is not sha512: and 128 hexadecimal digits" },
    { "a", "r.txt line 1: a is not pinned to a version by ==; generate *" },
    { "a>=1" HASH, "*: a is not pinned*" },
    { "a (>=1)" HASH, "*: a is not pinned*" },
    { "a==1.*" HASH, "*: a has a range of versions, not one; generate*" },
    { "a==1,<2" HASH, "*: a has a range of versions*" },
    { "a==" HASH, "*: a: ‘’ is not a version" },
    { "a==1/2" HASH, "*: a: ‘1/2’ is not a version" },
    { "a==1 x" HASH, "*: a: unexpected ‘x’" },
    { "a==1 ;" HASH, "*: a: nothing follows the ;" },
    { "a[x==1" HASH, "*: a: its extras do not end with ]" },
    { "a==1 --hash=sha256:12", "*: a: ‘sha256:12’ is not sha256: and 64 hexadecimal digits" },
    { "a==1 --hash", "*: a: --hash has no value" },
    { "a==1 --hash=x", "*: a: --hash is sha256: and 64 digits, not ‘x’" },
    { "a==1 --hashes=x", "*: a: unexpected ‘--hashes=x’ after the requirement" },
    { "a==1 --hash='", "*: a: its options have unbalanced quotes" },
    { "a @ git+https://h.org/a", "*: a comes from version control, which has no hash; *" },
    { "a @ file:///a.whl" HASH, "*: a: a URL or path must be that of a wheel: *" },
    { "a @ file://h/" WHEEL HASH, "*: a: the file is on another host; *" },
    { "a @ s3://me:s3cret@h/a.whl" HASH, "*: a: expected an https URL, or a path, of a wheel" },
    { "a @ https://h.org/" WHEEL, "*: a has no --hash; *" },
    { "./" WHEEL, "*: a has no --hash; *" },
    { "a-1" HASH, "*: a-1 is not pinned*" },
    { "a @ https://${TERRANE_TEST_UNSET}/a.whl",
      "*: the environment variable ‘TERRANE_TEST_UNSET’ is not set" },
    { "./wheels/a.whl", "*: ‘./wheels/a.whl’ is not a wheel; *" },
    { ".", "*: ‘.’ is not a wheel; nothing is built from source here: *" },
    { "a-1.tar.gz" HASH, "*: ‘a-1.tar.gz’ is not a wheel; *" },
    { "https://me:s3cret@h.org/a.whl", "*: ‘https://…@h.org/a.whl’ is not a wheel; *" },
    { "git+https://me:s3cret@h.org/a#egg=b", "*: b comes from version control*" },
    { "a==1 @ https://me:s3cret@h.org/a", "*: a: unexpected ‘@ https://…@h.org/a’" },
    { "a==https://me:s3cret@h.org/a", "*: a: ‘https://…@h.org/a’ is not a version" },
    { "-r https://me:s3cret@h.org/r.txt", "*: -r ‘https://…@h.org/r.txt’: only files of *" },
    { "_a==1" HASH, "*: expected a project's name at *" },
    { "!", "*: expected a project's name at ‘!’" },
    { "-r other.txt", "*: -r ‘other.txt’: *" },
    { "-cother.txt", "*: -c ‘other.txt’: *" },
    { "-e .", "*: an editable install has no hash; *--no-emit-project*" },
    { "--secret=s3cret", "*: unknown option ‘--secret’" },
    { "--index-url", "*: --index-url has no value" },
    { "--pre=1", "*: --pre takes no value" },
    { "-i https://${TERRANE_TEST_UNSET}@h/", "*: the environment variable *" },
    { "-f ${TERRANE_TEST_UNSET}", "*: the environment variable *" },
    { "-i 'x", "*: the quotes of this option are not balanced" },
    { "a==1" HASH "\nA==2" HASH, "r.txt line 2: A: r.txt line 1 asks for another version of it, "
                                 "and the markers of both hold" },
    { "a==1" HASH "\na==1" OTHER_HASH, "r.txt line 2: a: r.txt line 1 asks for other hashes *" },
    { "a==1" HASH "\na>1", "r.txt line 2: a: r.txt line 1 asks for another version *" },
    { "a @ https://h/" WHEEL HASH "\n/w/" WHEEL HASH,
      "*2: a: r.txt line 1 asks for another file *" },
    { "\xff", "r.txt is not a text in UTF-8" },
    { "\xff\xfe"
      "a",
      "r.txt is a text in UTF-16, as PowerShell's > writes it; *" },
  };
  g_unsetenv ("TERRANE_TEST_UNSET");
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i].text, OCI_ERROR_USAGE, rows[i].message);
}

/* Each problem has its line, and the advice is given once. */
static void
test_problems_together (void)
{
  assert_refused ("a==1\nb>=2" HASH "\n-e .\nc==1", OCI_ERROR_USAGE,
                  "r.txt line 1: a has no --hash; generate the file with *\n"
                  "r.txt line 2: b is not pinned to a version by ==\n"
                  "r.txt line 3: an editable*\n"
                  "r.txt line 4: c has no --hash");
  GString *many = g_string_new (NULL);
  for (int i = 0; i < 60; i++)
    g_string_append_printf (many, "a%d\n", i);
  assert_refused (many->str, OCI_ERROR_USAGE, "*\nr.txt line 50: *\nr.txt: and 10 more problems");
  g_string_free (many, TRUE);
}

static void
test_limits (void)
{
  g_autofree char *large = g_strnfill (8 * 1024 * 1024 + 1, '\n');
  assert_refused (large, OCI_ERROR_LIMIT, "r.txt has 8388609 bytes, at most 8388608 are allowed");
  g_autofree char *lengthy = g_strnfill (1024 * 1024 + 1, 'a');
  assert_refused (lengthy, OCI_ERROR_LIMIT, "r.txt line 1: longer than 1048576 bytes");
  GString *hashes = g_string_new ("a==1");
  for (int i = 0; i <= 2000; i++)
    g_string_append_printf (hashes, " --hash=sha256:%064x", (unsigned) i);
  assert_refused (hashes->str, OCI_ERROR_USAGE, "r.txt line 1: a has more than 2000 hashes");
  g_string_free (hashes, TRUE);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/requirements-file/real-files", test_real_files);
  g_test_add_func ("/requirements-file/good", test_good);
  g_test_add_func ("/requirements-file/long-hashes", test_long_hashes);
  g_test_add_func ("/requirements-file/relative", test_relative);
  g_test_add_func ("/requirements-file/select", test_select);
  g_test_add_func ("/requirements-file/need-patch", test_need_patch);
  g_test_add_func ("/requirements-file/other-files", test_other_files);
  g_test_add_func ("/requirements-file/options", test_options);
  g_test_add_func ("/requirements-file/bad", test_bad);
  g_test_add_func ("/requirements-file/problems-together", test_problems_together);
  g_test_add_func ("/requirements-file/limits", test_limits);
  return g_test_run ();
}
