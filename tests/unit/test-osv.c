/* Advisories: the rules of OSV's schema, deb-version(7), scores of FIRST's examples. test_drift.py
 * compares with packaging and dpkg. */
#include "builder/drift/cvss.h"
#include "builder/drift/dpkg-version.h"
#include "builder/drift/osv.h"

#include "oci/base/date.h"

#include "testing.h"

#include <string.h>

static TerraneOsvRecord *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  return terrane_osv_record_parse ("a.json", data, error);
}

/* @affected: members of its element besides the package */
static TerraneOsvVerdict
judge (const char *affected, const char *version, TerraneOsvOrder order, TerraneOsvMatch *match)
{
  const char *ecosystem = order == TERRANE_OSV_ORDER_DPKG ? "Debian:12" : "PyPI";
  g_autoptr (GError) error = NULL;
  g_autofree char *text =
      g_strdup_printf ("{\"id\":\"A-1\",\"affected\":[{\"package\":{\"ecosystem\":\"%s\","
                       "\"name\":\"a\"},%s}]}",
                       ecosystem, affected);
  g_autoptr (TerraneOsvRecord) record = parse (text, &error);
  g_assert_no_error (error);
  g_autoptr (TerraneOsvPackage) package = terrane_osv_package_new (ecosystem, "a", version, order);
  TerraneOsvMatch found = { NULL };
  TerraneOsvVerdict verdict = terrane_osv_record_judge (record, package, &found);
  if (match != NULL)
    { /* the record is freed */
      static char fixed[64];
      g_strlcpy (fixed, found.fixed != NULL ? found.fixed : "", sizeof fixed);
      match->fixed = fixed;
    }
  return verdict;
}

#define RANGE(events) "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]"
#define EVENT(kind, version) "{\"" kind "\":\"" version "\"}"

/* The schema's own examples and rules: "Evaluation", "Examples", "Special values". */
static void
test_ranges (void)
{
  static const struct
  {
    const char *affected, *version;
    TerraneOsvVerdict verdict;
    const char *fixed;
  } rows[] = {
    /* "0" is before every version */
    { RANGE (EVENT ("introduced", "0")), "0.dev0", TERRANE_OSV_AFFECTED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("fixed", "2")), "1.9", TERRANE_OSV_AFFECTED,
      "2" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("fixed", "2")), "2", TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("introduced", "1")), "1", TERRANE_OSV_AFFECTED, "" },
    { RANGE (EVENT ("introduced", "1")), "1rc1", TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("last_affected", "2")), "2", TERRANE_OSV_AFFECTED,
      "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("last_affected", "2")), "2.0.1",
      TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("introduced", "2") "," EVENT ("last_affected", "2")), "2", TERRANE_OSV_AFFECTED,
      "" },
    { RANGE (EVENT ("introduced", "2") "," EVENT ("last_affected", "2.0")), "3",
      TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("last_affected", "2") "," EVENT ("introduced", "2.0")), "2",
      TERRANE_OSV_AFFECTED, "" },
    { RANGE (EVENT ("last_affected", "2") "," EVENT ("introduced", "2.0")), "3",
      TERRANE_OSV_UNAFFECTED, "" },
    /* events are sorted by version first: introduced 1, fixed 2, introduced 3, fixed 4 */
    { RANGE (EVENT ("fixed", "4") "," EVENT ("introduced", "1") "," EVENT (
          "introduced", "3") "," EVENT ("fixed", "2")),
      "3.5", TERRANE_OSV_AFFECTED, "4" },
    { RANGE (EVENT ("fixed", "4") "," EVENT ("introduced", "1") "," EVENT (
          "introduced", "3") "," EVENT ("fixed", "2")),
      "2.5", TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("fixed", "4") "," EVENT ("introduced", "1") "," EVENT (
          "introduced", "3") "," EVENT ("fixed", "2")),
      "1.5", TERRANE_OSV_AFFECTED, "2" },
    /* several events in an object, which is against the schema, count each */
    { RANGE ("{\"introduced\":\"0\",\"fixed\":\"2\"}"), "2", TERRANE_OSV_UNAFFECTED, "" },
    /* limits */
    { RANGE (EVENT ("introduced", "0") "," EVENT ("limit", "2")), "1", TERRANE_OSV_AFFECTED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("limit", "2")), "2", TERRANE_OSV_UNAFFECTED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("limit", "2") "," EVENT ("limit", "5")), "4",
      TERRANE_OSV_AFFECTED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("limit", "*")), "4", TERRANE_OSV_AFFECTED, "" },
    /* lists of versions, also beside ranges: either is enough */
    { "\"versions\":[\"1.0\",\"2\"]", "1", TERRANE_OSV_AFFECTED, "" },
    { "\"versions\":[\"1.0\",\"2\"]", "1.1", TERRANE_OSV_UNAFFECTED, "" },
    { "\"versions\":[\"3\"]," RANGE (EVENT ("introduced", "9")), "3", TERRANE_OSV_AFFECTED, "" },
    { "\"versions\":[\"3\"]," RANGE (EVENT ("introduced", "9")), "9", TERRANE_OSV_AFFECTED, "" },
    /* local versions do not count; commits say nothing */
    { RANGE (EVENT ("introduced", "0") "," EVENT ("last_affected", "2")), "2+cpu",
      TERRANE_OSV_AFFECTED, "" },
    { "\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{\"introduced\":\"0\"}]}]", "1",
      TERRANE_OSV_UNAFFECTED, "" },
    /* what cannot be compared */
    { RANGE (EVENT ("introduced", "x y")), "1", TERRANE_OSV_UNDECIDED, "" },
    { RANGE (EVENT ("introduced", "0") "," EVENT ("fixed", "x y")), "1", TERRANE_OSV_UNDECIDED,
      "" },
    { "\"versions\":[\"1\"]," RANGE (EVENT ("introduced", "x y")), "1", TERRANE_OSV_AFFECTED, "" },
    { "\"versions\":[\"2\"]," RANGE (EVENT ("introduced", "x y")), "1", TERRANE_OSV_UNAFFECTED,
      "" },
    { RANGE (""), "1", TERRANE_OSV_UNAFFECTED, "" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TerraneOsvMatch match = { NULL };
      g_test_message ("%s: %s", rows[i].affected, rows[i].version);
      g_assert_cmpint (judge (rows[i].affected, rows[i].version, TERRANE_OSV_ORDER_PEP440, &match),
                       ==, rows[i].verdict);
      g_assert_cmpstr (match.fixed, ==, rows[i].fixed);
    }
}

static TerraneOsvVerdict
judge_package (const char *record_ecosystem, const char *record_name, const char *members,
               const TerraneOsvPackage *package)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "{\"id\":\"A-1\"%s,\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"%s\"}," RANGE (
          EVENT ("introduced", "0")) "}]}",
      members, record_ecosystem, record_name);
  g_autoptr (TerraneOsvRecord) record = parse (text, &error);
  g_assert_no_error (error);
  TerraneOsvMatch match = { NULL };
  return terrane_osv_record_judge (record, package, &match);
}

static void
test_packages (void)
{
  g_autoptr (TerraneOsvPackage) python =
      terrane_osv_package_new ("PyPI", "Zope.Interface", "1", TERRANE_OSV_ORDER_PEP440);
  g_autoptr (TerraneOsvPackage) debian =
      terrane_osv_package_new ("Debian:12", "openssl", "1", TERRANE_OSV_ORDER_DPKG);
  g_assert_cmpint (judge_package ("PyPI", "zope-interface", "", python), ==, TERRANE_OSV_AFFECTED);
  g_assert_cmpint (judge_package ("PyPI", "zope_INTERFACE", "", python), ==, TERRANE_OSV_AFFECTED);
  g_assert_cmpint (judge_package ("npm", "zope-interface", "", python), ==, TERRANE_OSV_UNAFFECTED);
  g_assert_cmpint (judge_package ("PyPI", "zope", "", python), ==, TERRANE_OSV_UNAFFECTED);
  g_assert_cmpint (judge_package ("Debian:12", "openssl", "", debian), ==, TERRANE_OSV_AFFECTED);
  g_assert_cmpint (judge_package ("Debian", "openssl", "", debian), ==, TERRANE_OSV_AFFECTED);
  g_assert_cmpint (judge_package ("Debian:1", "openssl", "", debian), ==, TERRANE_OSV_UNAFFECTED);
  g_assert_cmpint (judge_package ("Debian:13", "openssl", "", debian), ==, TERRANE_OSV_UNAFFECTED);
  g_assert_cmpint (judge_package ("Debian:12", "OpenSSL", "", debian), ==, TERRANE_OSV_UNAFFECTED);
  g_assert_cmpint (
      judge_package ("PyPI", "zope-interface", ",\"withdrawn\":\"2026-01-01T00:00:00Z\"", python),
      ==, TERRANE_OSV_UNAFFECTED);
}

/* Releases that are known by name only. */
static void
test_tags (void)
{
  static const char *const text =
      "{\"id\":\"OSV-1\",\"affected\":[{\"package\":{\"ecosystem\":\"OSS-Fuzz\",\"name\":\"curl\"},"
      "\"versions\":[\"curl-7_88_1\",\"8.0.0\"],"
      "\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}]}]}";
  static const struct
  {
    const char *version;
    TerraneOsvVerdict verdict;
  } rows[] = { { "7.88.1", TERRANE_OSV_AFFECTED },
               { "8.0.0", TERRANE_OSV_AFFECTED },
               { "7.88", TERRANE_OSV_UNAFFECTED } };
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneOsvRecord) record = parse (text, &error);
  g_assert_no_error (error);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      TerraneOsvMatch match = { NULL };
      g_autoptr (TerraneOsvPackage) package =
          terrane_osv_package_new ("OSS-Fuzz", "curl", rows[i].version, TERRANE_OSV_ORDER_NONE);
      g_assert_cmpint (terrane_osv_record_judge (record, package, &match), ==, rows[i].verdict);
    }
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "",
    "[]",
    "{}",
    "{'id':1}",
    "{'id':'a b'}",
    "{'id':'\\u001b[31m'}",
    "{'id':'A','affected':{}}",
    "{'id':'A','affected':[1]}",
    "{'id':'A','affected':[{'package':{'name':'a'}}]}",
    "{'id':'A','affected':[{'package':{'name':'a','ecosystem':'B'},'versions':[1]}]}",
    "{'id':'A','affected':[{'package':{'name':'a','ecosystem':'B'},'ranges':[1]}]}",
    "{'id':'A','aliases':'B'}",
  };
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = g_strdelimit (g_strdup (bad[i]), "'", '"');
      g_test_message ("%s", text);
      g_assert_null (parse (text, &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);
    }
}

static void
test_limits (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text =
      g_string_new ("{\"id\":\"A\",\"affected\":[{\"package\":{\"name\":\"a\","
                    "\"ecosystem\":\"PyPI\"},\"ranges\":[{\"type\":"
                    "\"ECOSYSTEM\",\"events\":[");
  for (int i = 0; i < 20000; i++)
    g_string_append (text, i > 0 ? ",{\"introduced\":\"1\"}" : "{\"introduced\":\"1\"}");
  g_string_append (text, "]}]}]}");
  g_assert_null (parse (text->str, &error));
  g_assert_nonnull (error);
}

/* deb-version(7), and Debian policy 5.6.12. */
static void
test_dpkg (void)
{
  static const char *const ascending[] = { "1.0~~",      "1.0~~a", "1.0~",     "1.0~beta1-1",
                                           "1.0-1~bpo1", "1.0-1",  "1.0-1+b1", "1.0-1.1",
                                           "1.0-2",      "1.0-10", "1.0a-1",   "1.0+dfsg-1",
                                           "1.0.1",      "1.10",   "2",        "2.0",
                                           "2:0.1",      "10:0" };
  for (size_t i = 0; i < G_N_ELEMENTS (ascending); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (ascending); j++)
      {
        g_test_message ("%s %s", ascending[i], ascending[j]);
        g_assert_cmpint (terrane_dpkg_version_compare (ascending[i], ascending[j]), ==,
                         (i > j) - (i < j));
      }
  g_assert_cmpint (terrane_dpkg_version_compare ("0:1.0-0", "1.0"), ==, 0);
  g_assert_cmpint (terrane_dpkg_version_compare ("1.001", "1.1"), ==, 0);
  g_assert_cmpint (terrane_dpkg_version_compare ("1.99999999999999999999999", "1.9"), ==, 1);
}

/* https://www.first.org/cvss/v3-1/examples */
static void
test_scores (void)
{
  static const struct
  {
    const char *vector;
    unsigned tenths;
    const char *word;
  } rows[] = {
    { "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64, "medium" },
    { "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 31, "low" },
    { "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 99, "critical" },
    { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75, "high" },
    { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98, "critical" },
    { "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", 68, "medium" },
    { "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0, "none" },
    { "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/E:P/RL:O", 100, "critical" },
  };
  static const char *const bad[] = {
    "",
    "CVSS:2.0/AV:N",
    "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
    "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "CVSS:3.1/AV:",
  };
  unsigned tenths = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].vector);
      g_assert_true (terrane_cvss_score (rows[i].vector, &tenths));
      g_assert_cmpuint (tenths, ==, rows[i].tenths);
      g_assert_cmpstr (terrane_cvss_word (tenths), ==, rows[i].word);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (terrane_cvss_score (bad[i], &tenths));
}

static void
test_dates (void)
{
  static const char *const bad[] = { "",           "2026-1-01",  "2026-02-29",  "2026-13-01",
                                     "2026-01-00", "0000-01-01", "2026-01-01 ", "26-01-01",
                                     "2026/01/01", "+026-01-01" };
  int days = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_message ("‘%s’", bad[i]);
      g_assert_false (oci_date_is_valid (bad[i]));
    }
  g_assert_true (oci_date_days_between ("2024-02-28", "2024-03-01", &days));
  g_assert_cmpint (days, ==, 2);
  g_assert_true (oci_date_days_between ("2026-01-01", "2025-12-31", &days));
  g_assert_cmpint (days, ==, -1);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/osv/ranges", test_ranges);
  g_test_add_func ("/osv/packages", test_packages);
  g_test_add_func ("/osv/tags", test_tags);
  g_test_add_func ("/osv/refused", test_refused);
  g_test_add_func ("/osv/limits", test_limits);
  g_test_add_func ("/osv/dpkg", test_dpkg);
  g_test_add_func ("/osv/scores", test_scores);
  g_test_add_func ("/osv/dates", test_dates);
  return g_test_run ();
}
