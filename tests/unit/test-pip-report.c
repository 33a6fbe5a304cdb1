/* A report of pip 23.2 (tests/fixtures/python, metadata shortened), and what can be wrong. */
#include "testing.h"

#include "builder/python/pip-report.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define METADATA "\"metadata\":{\"name\":\"a\",\"version\":\"1\"}"
#define REPORT(items) "{\"version\":\"1\",\"install\":[" items "]}"
#define ITEM(info) "{" METADATA ",\"download_info\":{" info "}}"
#define URL "\"url\":\"https://h.org/a.whl\""

static void
test_real_report (void)
{
  static const char *const names[] = { "click",      "boto3",           "jmespath", "botocore",
                                       "s3transfer", "python-dateutil", "urllib3",  "six" };
  g_autofree char *path =
      g_build_filename (TERRANE_SOURCE_DIR, "tests/fixtures/python/pip-report.json", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (TerraneRequirements) report = terrane_pip_report_parse ("report", data, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (report->requirements->len, ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const TerraneRequirement *item = report->requirements->pdata[i];
      g_assert_cmpstr (item->normalised, ==, names[i]);
      g_assert_true (g_str_has_prefix (item->url, "https://files.pythonhosted.org/"));
      g_assert_cmpuint (item->hashes->len, ==, 1);
      g_assert_null (item->marker);
    }
  const TerraneRequirement *click = report->requirements->pdata[0];
  OciDigestHex hex;
  g_assert_cmpstr (click->version, ==, "8.5.1");
  g_assert_cmpstr (oci_digest_hex (&g_array_index (click->hashes, OciDigest, 0), hex), ==,
                   "8bb5376d2006950386f8c6427613334a2acadc5f559cb80e638d00b4df957e37");
  g_assert_cmpstr (report->python_version, ==, "3.11");
  g_assert_cmpstr (report->platform_machine, ==, "x86_64");
}

static void
test_old_hash (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data =
      test_bytes (REPORT (ITEM (URL ",\"archive_info\":{\"hash\":\"sha256=" A64 "\"}")));
  g_autoptr (TerraneRequirements) report = terrane_pip_report_parse ("report", data, &error);
  g_assert_no_error (error);
  const TerraneRequirement *item = report->requirements->pdata[0];
  g_assert_cmpuint (item->hashes->len, ==, 1);
  g_assert_null (report->python_version);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "{", "report:1:*" },
    { "[]", "report: expected an object, got an array" },
    { "{}", "report: ‘version’ is missing\nreport: ‘install’ is missing" },
    { "{\"version\":\"2\",\"install\":[]}", "report: version: expected the format \"1\"*‘2’" },
    { "{\"version\":\"0\",\"install\":[1]}", "report: version: *\nreport: install[0]: expected*" },
    { REPORT (ITEM ("\"url\":\"file:///x\",\"dir_info\":{\"editable\":true}")),
      "report: install[0].download_info: a comes from a directory, which has no hash; *" },
    { REPORT (ITEM ("\"url\":\"https://h\",\"vcs_info\":{\"vcs\":\"git\"}")),
      "*: a comes from version control, which has no hash; *" },
    { REPORT (ITEM (URL)), "*: ‘archive_info’ is missing" },
    { REPORT (ITEM (URL ",\"archive_info\":{}")), "*.archive_info: a has no SHA-256" },
    { REPORT (ITEM (URL ",\"archive_info\":{\"hash\":\"md5=00\"}")), "*: a has no SHA-256" },
    { REPORT (ITEM (URL ",\"archive_info\":{\"hashes\":{\"sha256\":\"00\"}}")),
      "*.archive_info.hashes.sha256: expected 64 hexadecimal digits" },
    { REPORT (ITEM (URL ",\"archive_info\":{\"hashes\":{\"sha256\":1}}")),
      "*: expected a string*" },
    { REPORT ("{}"), "*: ‘metadata’ is missing" },
    { REPORT ("{\"metadata\":{\"name\":\"../a\",\"version\":\"1\"}}"), "*: not a project name" },
    { REPORT ("{\"metadata\":{\"name\":\"a\",\"version\":\"/\"}}"), "*: not a version" },
    { REPORT (ITEM (URL ",\"archive_info\":{\"hash\":\"sha256=" A64
                        "\"}") "," ITEM (URL ",\"archive_info\":{\"hash\":\"sha256=" A64 "\"}")),
      "report: install[1]: a is there twice" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = test_bytes (rows[i].text);
      g_assert_null (terrane_pip_report_parse ("report", data, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, rows[i].pattern);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/pip-report/real-report", test_real_report);
  g_test_add_func ("/pip-report/old-hash", test_old_hash);
  g_test_add_func ("/pip-report/bad", test_bad);
  return g_test_run ();
}
