#include "builder/error.h"
#include "builder/lambda/log-lines.h"
#include "builder/validate.h"
#include "builder/validation/explain.h"
#include "builder/validation/junit.h"
#include "builder/validation/probes-private.h"
#include "builder/validation/report.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"

#include "testing.h"

#include <fcntl.h>
#include <libxml/parser.h>
#include <sys/stat.h>

static void
test_stats (void)
{
  static const uint64_t values[] = { 9, 1, 5, 3, 7 };
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  g_assert_cmpuint (terrane_results_median (all), ==, 0);
  g_array_append_vals (all, values, G_N_ELEMENTS (values));
  g_assert_cmpuint (terrane_results_min (all), ==, 1);
  g_assert_cmpuint (terrane_results_median (all), ==, 5);
  uint64_t large = 100;
  g_array_append_val (all, large);
  g_assert_cmpuint (terrane_results_median (all), ==, 6);
}

static void
test_report (void)
{
  g_auto (TerraneReport) report = { 0 };
  terrane_report_parse (
      "noise\nT {\"begin\": \"a\"}\nT {\"name\": \"a\", \"status\": \"passed\", \"usecs\": 7}\n"
      "T {\"begin\": \"b\"}\nT {\"name\": \"b\", \"status\": \"failed\"}\nT {\"begin\": \"c\"}\n"
      "T {\"name\": \"\", \"status\": \"passed\"}\nT {\"name\": \"x\", \"status\": \"fine\"}\nT "
      "[1]\nT {\n"
      "T {\"name\": \"y\", \"status\": \"skipped\", \"usecs\": -5}",
      "T ", "suite", &report);
  g_assert_cmpuint (report.results->len, ==, 3);
  const TerraneResult *a = report.results->pdata[0], *b = report.results->pdata[1];
  const TerraneResult *y = report.results->pdata[2];
  g_assert_cmpuint (a->process.wall_usecs, ==, 7);
  g_assert_cmpint (b->status, ==, TERRANE_RESULT_FAILED);
  g_assert_cmpstr (b->message, ==, "it does not say why");
  g_assert_cmpint (y->status, ==, TERRANE_RESULT_SKIPPED);
  g_assert_cmpuint (y->process.wall_usecs, ==, 0);
  g_assert_false (report.ended);
  g_assert_nonnull (strstr (report.rest, "noise\n"));
  g_assert_nonnull (strstr (report.rest, "\"fine\""));
}

static void
test_report_cut_off (void)
{
  g_auto (TerraneReport) report = { 0 };
  terrane_report_parse ("T {\"begin\": \"a\"}\n", "T ", "suite", &report);
  g_assert_cmpstr (report.begun, ==, "a");
  g_assert_false (report.ended);
}

/* An XML parser, which is not ours, reads what was put in. */
static void
test_junit (void)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (terrane_result_free);
  g_ptr_array_add (results, terrane_result_new ("import", "good"));
  TerraneResult *bad = terrane_result_new ("script", "b<a>\"&'");
  terrane_result_fail (bad, g_strdup ("first\nline \x01 <&>]]>"));
  terrane_result_fail (bad, g_strdup ("second"));
  bad->process.output = g_strdup ("\x1b[31mred]]>");
  bad->process.wall_usecs = 1234567;
  g_ptr_array_add (results, bad);
  json_t *json = terrane_results_to_json (results);
  g_autofree char *text = terrane_junit_format ("i\"mage", json);
  json_decref (json);
  xmlDoc *document = xmlReadMemory (text, (int) strlen (text), "junit", NULL, XML_PARSE_NONET);
  g_assert_nonnull (document);
  xmlNode *suite = xmlFirstElementChild (xmlDocGetRootElement (document));
  xmlNode *good = xmlFirstElementChild (suite), *second = xmlNextElementSibling (good);
  xmlNode *failure = xmlFirstElementChild (second), *output = xmlNextElementSibling (failure);
  struct
  {
    xmlNode *node;
    const char *name, *value;
  } rows[] = {
    { suite, "name", "i\"mage" },   { suite, "tests", "2" },
    { suite, "failures", "1" },     { second, "name", "b<a>\"&'" },
    { second, "time", "1.234" },    { failure, "message", "first\nline \xef\xbf\xbd <&>]]>" },
    { good, "classname", "import" }
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      xmlChar *value = xmlGetProp (rows[i].node, (const xmlChar *) rows[i].name);
      g_assert_cmpstr ((const char *) value, ==, rows[i].value);
      xmlFree (value);
    }
  xmlChar *content = xmlNodeGetContent (output);
  g_assert_cmpstr ((const char *) content, ==, "\xef\xbf\xbd[31mred]]>");
  xmlFree (content);
  xmlFreeDoc (document);
}

static void
test_explain (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "x: libnone.so.3: cannot open shared object file: No such file",
      "the image has no file ‘libnone.so.3’*" },
    { "proj.db contains DATABASE.LAYOUT.VERSION.MINOR = 2 whereas",
      "PROJ reads the proj.db of another PROJ*" },
    { "Cannot find proj.db", "PROJ_DATA leads to ‘/none/proj.db’, which the image does not have*" },
    { "HTTP response code: 0", "the image has no CA bundle*" },
    { "No module named 'osgeo'", "nothing along sys.path has ‘osgeo’*" },
    { "undefined symbol: sqlite3_deserialize", "several libsqlite3*" },
    { "undefined symbol: other", "a library of that name*" },
    { "OSError: [Errno 30] Read-only file system: '/home/sbx_user1051'", "the user's home*HOME*" },
    { "PermissionError: [Errno 13] Permission denied: '/home/sbx_user1051/.cache'",
      "the user's home*HOME*" },
    { "OSError: [Errno 30] Read-only file system: '/home'", "the user's home*HOME*" },
    { "OSError: [Errno 30] Read-only file system: '/opt/x'", "only /tmp can be written to*" },
    { "RuntimeError: cannot cache function 'f': no locator available for file '/var/task/a.py'",
      "numba*NUMBA_CACHE_DIR*" },
    { "OSError: [Errno 38] Function not implemented", "*no /dev/shm*" },
    { "duckdb.duckdb.IOException: IO Error: Can't find the home directory at ''",
      "DuckDB*home_directory*" },
    { "OSError: [Errno 28] No space left on device", "/tmp is full: it has 600 MB*" },
    { "sqlite3.OperationalError: database or disk is full", "/tmp is full: it has 600 MB*" },
    { "PackageNotFoundError: No package metadata was found for rio-tiler\n",
      "nothing along sys.path is the installed package ‘rio-tiler’*" },
    { "pkg_resources.DistributionNotFound: The 'x' distribution was not found and is required by "
      "the application",
      "pkg_resources finds no *" },
  };
  static const char *const env[] = { "PROJ_DATA=/none", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) root = open (dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const TerraneExplainContext context = {
    .root = root, .env = env, .architecture = "amd64", .tmp_bytes = UINT64_C (600) << 20
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = terrane_explain (&context, rows[i].text, NULL, NULL);
      g_assert_nonnull (text);
      if (!g_pattern_match_simple (rows[i].pattern, text))
        g_error ("%s: %s", rows[i].text, text);
    }
  g_assert_null (terrane_explain (&context, "AssertionError: 1 is not 2", NULL, NULL));
}

/* The message counts first, then what was raised last, then whatever was printed. */
static void
test_explain_order (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) root = open (dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const TerraneExplainContext context = { .root = root, .architecture = "amd64" };
  const char *output = "warning: /home/sbx_user1051 is not writable\n"
                       "Traceback (most recent call last):\n  _multiprocessing.SemLock(\n"
                       "FileNotFoundError: [Errno 2] No such file or directory\n";
  g_autofree char *first = terrane_explain (&context, "missing codec", output, NULL);
  g_autofree char *second = terrane_explain (&context, "failed with exit code 1", output, NULL);
  g_autofree char *third = terrane_explain (&context, "failed", "at /home/sbx_user1051", NULL);
  g_assert_true (g_str_has_prefix (first, "the libtiff in this GDAL"));
  g_assert_true (g_str_has_prefix (second, "Lambda has no /dev/shm"));
  g_assert_true (g_str_has_prefix (third, "the user's home"));
}

/* Whether one package's metadata is left out, or those of all. */
static void
test_explain_metadata (void)
{
  static const char message[] = "PackageNotFoundError: No package metadata was found for Rio-Tiler";
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) root = open (dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const TerraneExplainContext context = { .root = root, .architecture = "amd64" };
  g_autoptr (OciJsonValue) facts = json_loads ("{\"sys_path\": [\"/none\", \"/lib\"]}", 0, NULL);
  g_autofree char *module = g_build_filename (dir.path, "lib/rio_tiler", NULL);
  g_autofree char *other = g_build_filename (dir.path, "lib/numpy-2.0.dist-info", NULL);
  g_assert_cmpint (g_mkdir_with_parents (module, 0755), ==, 0);
  g_autofree char *all = terrane_explain (&context, message, NULL, facts);
  g_assert_true (
      g_pattern_match_simple ("the modules of ‘Rio-Tiler’ are there, and no package*", all));
  g_assert_cmpint (mkdir (other, 0755), ==, 0);
  g_autofree char *one = terrane_explain (&context, message, NULL, facts);
  g_assert_true (g_pattern_match_simple ("the modules of ‘Rio-Tiler’ are there, its *", one));
}

/* As awslambdaric writes an error, in pieces of every length. */
static void
test_log_lines (void)
{
  static const struct
  {
    const char *in;
    const char *out;
  } rows[] = {
    { "plain\nlines\r\nand 10%\r20%\n", "plain\nlines\r\nand 10%\r20%\n" },
    { "[ERROR] E: m\rTraceback (most recent call last):\r\xc2\xa0\xc2\xa0"
      "File \"a.py\", line 1, in h\r\xc2\xa0\xc2\xa0\xc2\xa0\xc2\xa0x = "
      "'\xc2\xa0\xc3\xa9'\n10%\r20%\n",
      "[ERROR] E: m\nTraceback (most recent call last):\n  "
      "File \"a.py\", line 1, in h\n    x = '\xc2\xa0\xc3\xa9'\n10%\r20%\n" },
    { "[ERROR] E: one\ntwo\rTraceback\r\n[ERROR]\tlogged\ra\n",
      "[ERROR] E: one\ntwo\nTraceback\n[ERROR]\tlogged\ra\n" },
    { "[ERROR] E\r\xc2\xb5s\n", "[ERROR] E\n\xc2\xb5s\n" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    for (size_t piece = 1; piece < 20; piece++)
      {
        TerraneLogLines lines = { 0 };
        g_autoptr (GString) out = g_string_new (NULL);
        size_t len = strlen (rows[i].in);
        for (size_t at = 0; at < len; at += piece)
          terrane_log_lines_take (&lines, rows[i].in + at, MIN (piece, len - at), out);
        g_assert_cmpstr (out->str, ==, rows[i].out);
      }
}

/* Lambda would have begun again: no pass in silence. */
static void
test_slow_initialisation (void)
{
  TerraneInvokeSpec spec = { 0 };
  TerraneLambdaResult answer = { .init_timed_out = TRUE };
  g_auto (TerraneProbeResult) failed = { 0 }, accepted = { 0 }, quick = { 0 };
  terrane_invoke_probe_judge (&spec, &answer, &failed);
  g_assert_true (g_pattern_match_simple (
      "*initialisation took longer than Lambda's 10 s*slow_init*", failed.reason));
  spec.slow_init = TRUE;
  terrane_invoke_probe_judge (&spec, &answer, &accepted);
  g_assert_null (accepted.reason);
  spec.slow_init = answer.init_timed_out = FALSE;
  terrane_invoke_probe_judge (&spec, &answer, &quick);
  g_assert_null (quick.reason);
}

/* Failures with one reason are reported once, with all names; those that only end in the same way
 * are not merged. */
static void
test_judge (void)
{
  static const char text[] =
      "[{'kind':'import','name':'a','message':'E: ModuleNotFoundError: no "
      "x','output':'1','explanation':'add x'},"
      " {'kind':'import','name':'b','passed':true},"
      " {'kind':'import','name':'c','message':'E: ModuleNotFoundError: no y','output':'2'},"
      " {'kind':'import','name':'d','message':'E: ModuleNotFoundError: no "
      "x','output':'3','explanation':'add x'},"
      " {'kind':'script','name':'s','message':'failed with exit code 1','output':'4'},"
      " {'kind':'script','name':'t','message':'failed with exit code 1','output':'5'},"
      " {'kind':'script','name':'u','message':'failed with exit code 1','output':'4'}]";
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (OciJsonValue) results = json_loads (json, 0, NULL);
  g_autoptr (GError) error = NULL;
  g_assert_nonnull (results);
  g_assert_false (terrane_validate_judge (results, &error));
  assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                "6 of 7 validations failed:\n"
                "import a, d: E: ModuleNotFoundError: no x\n  | 1\n  → add x\n"
                "import c: E: ModuleNotFoundError: no y\n  | 2\n"
                "script s, u: failed with exit code 1\n  | 4\n"
                "script t: failed with exit code 1\n  | 5");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/validation/stats", test_stats);
  g_test_add_func ("/validation/report", test_report);
  g_test_add_func ("/validation/report-cut-off", test_report_cut_off);
  g_test_add_func ("/validation/junit", test_junit);
  g_test_add_func ("/validation/explain", test_explain);
  g_test_add_func ("/validation/explain-order", test_explain_order);
  g_test_add_func ("/validation/explain-metadata", test_explain_metadata);
  g_test_add_func ("/validation/log-lines", test_log_lines);
  g_test_add_func ("/validation/slow-initialisation", test_slow_initialisation);
  g_test_add_func ("/validation/judge", test_judge);
  return g_test_run ();
}
