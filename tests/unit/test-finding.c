#include "builder/check/finding.h"

#include "builder/error.h"

#include "testing.h"

static void
add (TerraneFindings *findings, const char *id, TerraneSeverity severity, const char *path,
     const char *message)
{
  const TerraneFinding finding = { .id = id,
                                   .severity = severity,
                                   .path = path,
                                   .tree = path != NULL ? "deps" : NULL,
                                   .message = message,
                                   .fix = path != NULL ? "repair it" : NULL };
  terrane_findings_add (findings, &finding);
}

static TerraneFindings *
make_findings (void)
{
  TerraneFindings *findings = terrane_findings_new ();
  add (findings, "lambda.setuid", TERRANE_SEVERITY_NOTE, "b", "n");
  add (findings, "elf.broken", TERRANE_SEVERITY_WARNING, "a b\n", "w");
  add (findings, "lambda.no-command", TERRANE_SEVERITY_ERROR, NULL, "second");
  add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, "z", "first\nof two lines");
  add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, "z", "first\nof two lines");
  return findings;
}

static void
test_order (void)
{
  static const char *const expected[] = { "first\nof two lines", "second", "w", "n" };
  g_autoptr (TerraneFindings) findings = make_findings ();
  const GPtrArray *list = terrane_findings_list (findings);
  g_assert_cmpuint (list->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < list->len; i++)
    g_assert_cmpstr (((TerraneFinding *) list->pdata[i])->message, ==, expected[i]);
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_ERROR), ==, 2);
  terrane_findings_ignore (findings, "elf.broken");
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_ERROR), ==, 1);
  add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, "y", "ignored");
  g_assert_cmpuint (terrane_findings_list (findings)->len, ==, 2);
}

/* Several of one id and severity become one with a list, with their common text once. */
static void
test_text_of_one_kind (void)
{
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  static const char *const paths[] = { "a", "b", "c", "d", "e", "f", "g" };
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      add (findings, "elf.executable-stack", TERRANE_SEVERITY_WARNING, paths[i], "it asks");
      add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, paths[i], i < 6 ? "cut\noff" : "else");
    }
  g_autofree char *all = terrane_findings_to_text (findings, 0);
  g_autofree char *some = terrane_findings_to_text (findings, 2);
  g_assert_cmpstr (
      some, ==,
      "error: elf.broken: 7 findings\n  /a in deps: cut\n    off\n"
      "  /b in deps: cut\n    off\n"
      "  … and 5 more; --verbose or --json shows all\n  fix: repair it\n\n"
      "warning: elf.executable-stack: 7 findings\n  it asks\n  /a in deps\n  /b in deps\n"
      "  … and 5 more; --verbose or --json shows all\n  fix: repair it\n\n"
      "7 errors, 7 warnings, 0 notes\n");
  g_assert_nonnull (
      strstr (all, "\n  /f in deps: cut\n    off\n  /g in deps: else\n  fix: repair it\n"));
  g_assert_nonnull (strstr (all, "\n  /f in deps\n  /g in deps\n  fix: repair it\n\n"));
  g_assert_null (strstr (all, "more"));
}

static void
test_text (void)
{
  g_autoptr (TerraneFindings) findings = make_findings ();
  g_autofree char *text = terrane_findings_to_text (findings, 0);
  g_assert_cmpstr (text, ==,
                   "error: elf.broken: /z in deps\n  first\n  of two lines\n  fix: repair it\n\n"
                   "error: lambda.no-command\n  second\n\n"
                   "warning: elf.broken: ‘/a b\\x0a’ in deps\n  w\n  fix: repair it\n\n"
                   "note: lambda.setuid: /b in deps\n  n\n  fix: repair it\n\n"
                   "2 errors, 1 warning, 1 note\n");
}

static void
test_refuse (void)
{
  g_autoptr (TerraneFindings) findings = make_findings ();
  g_autoptr (GError) error = NULL;
  g_assert_false (terrane_findings_refuse (findings, &error, "refused by %s:", "X"));
  assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                "refused by X:\n  elf.broken: /z in deps: first\n    of two lines; repair it\n"
                "  lambda.no-command: second\n1 warning:\n  elf.broken: ‘/a b\\x0a’ in deps: w");
  terrane_findings_ignore (findings, "elf.broken");
  terrane_findings_ignore (findings, "lambda.no-command");
  g_assert_true (terrane_findings_refuse (findings, NULL, "refused:"));
}

static const json_t *
get (const json_t *object, const char *key)
{
  return json_object_get (object, key);
}

/* GitHub's code scanning refuses the whole file when one result has no location with a file and a
 * line. 3.4.3: a URI is valid; RFC 3986, 4.2: a relative one has no colon before its first
 * slash. */
static void
test_sarif_locations (void)
{
  static const char *const rows[][2] = {
    { "profiles/a b.json", "profiles/a%20b.json" },
    { "./app.json", "app.json" },
    { "/srv/a b.json", "file:///srv/a%20b.json" },
    { "docker://host:5000/app:1", "docker%3A//host%3A5000/app%3A1" },
  };
  for (gsize row = 0; row < G_N_ELEMENTS (rows); row++)
    {
      g_autoptr (TerraneFindings) findings = make_findings ();
      g_autoptr (OciJsonValue) log = terrane_findings_to_sarif (findings, rows[row][0]);
      const json_t *results = get (json_array_get (get (log, "runs"), 0), "results");
      for (size_t i = 0; i < json_array_size (results); i++)
        {
          const json_t *locations = get (json_array_get (results, i), "locations");
          g_assert_cmpuint (json_array_size (locations), ==, 1);
          const json_t *place = get (json_array_get (locations, 0), "physicalLocation");
          const json_t *artifact = get (place, "artifactLocation");
          const char *uri = json_string_value (get (artifact, "uri"));
          g_assert_cmpint (json_integer_value (get (get (place, "region"), "startLine")), ==, 1);
          /* make_findings(): the second one is about no file. */
          g_assert_cmpint (get (artifact, "uriBaseId") == NULL, ==, i == 1);
          g_assert_true (i != 1 || strcmp (uri, rows[row][1]) == 0);
        }
    }
}

/* SARIF 2.1.0: 3.27.6 ruleIndex names the rule that ruleId names; 3.4.3 a URI is valid. */
static void
test_sarif (void)
{
  g_autoptr (TerraneFindings) findings = make_findings ();
  g_autoptr (OciJsonValue) log = terrane_findings_to_sarif (findings, "IMAGE");
  const json_t *run = json_array_get (json_object_get (log, "runs"), 0);
  const json_t *driver = json_object_get (json_object_get (run, "tool"), "driver");
  const json_t *results = json_object_get (run, "results");
  g_assert_cmpuint (json_array_size (results), ==, 4);
  for (size_t i = 0; i < json_array_size (results); i++)
    {
      const json_t *result = json_array_get (results, i);
      size_t index = (size_t) json_integer_value (json_object_get (result, "ruleIndex"));
      const json_t *rule = json_array_get (json_object_get (driver, "rules"), index);
      g_assert_true (json_equal (json_object_get (rule, "id"), json_object_get (result, "ruleId")));
    }
  g_autofree char *text = oci_json_dump_pretty (log);
  g_assert_nonnull (strstr (text, "\"uri\": \"a%20b%0A\""));
}

static void
test_override (void)
{
  g_autoptr (TerraneFindings) findings = make_findings ();
  terrane_findings_override (findings, "elf.*", NULL, TERRANE_SEVERITY_NOTE, NULL);
  terrane_findings_override (findings, "elf.broken", NULL, TERRANE_SEVERITY_OFF, "known");
  terrane_findings_override (findings, "lambda.setuid", NULL, TERRANE_SEVERITY_ERROR, NULL);
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_ERROR), ==, 2);
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_OFF), ==, 2);
  g_assert_cmpuint (terrane_findings_count_family (findings, "lambda", TERRANE_SEVERITY_ERROR), ==,
                    2);
  const GPtrArray *list = terrane_findings_list (findings);
  const TerraneFinding *last = list->pdata[list->len - 1];
  g_assert_cmpint (last->severity, ==, TERRANE_SEVERITY_OFF);
  g_assert_cmpstr (last->reason, ==, "known");
  g_autofree char *text = terrane_findings_to_text (findings, 0);
  g_assert_nonnull (strstr (text, "off: elf.broken: /z in deps\n"
                                  "  the profile says so of this error: ‘known’\n  first\n"));
  g_assert_true (g_str_has_suffix (text, "\n2 errors, 0 warnings, 0 notes, 2 turned off\n"));
  /* SARIF 2.1.0: 3.27.23 suppressions, 3.35.2 kind, 3.35.4 justification; the level stays. */
  g_autoptr (OciJsonValue) log = terrane_findings_to_sarif (findings, "IMAGE");
  const json_t *results =
      json_object_get (json_array_get (json_object_get (log, "runs"), 0), "results");
  const json_t *result = json_array_get (results, json_array_size (results) - 1);
  const json_t *suppression = json_array_get (json_object_get (result, "suppressions"), 0);
  g_assert_cmpstr (json_string_value (json_object_get (suppression, "kind")), ==, "external");
  g_assert_cmpstr (json_string_value (json_object_get (suppression, "justification")), ==, "known");
  g_assert_cmpstr (json_string_value (json_object_get (result, "level")), ==, "error");
  g_assert_null (json_object_get (json_array_get (results, 0), "suppressions"));
}

/* Entries of one id, each for some paths; findings about no path are of none. */
static void
test_override_paths (void)
{
  static const char *const task[] = { "var/task/numba/**", "z*", NULL };
  static const char *const any[] = { "**", NULL };
  g_autoptr (TerraneFindings) findings = make_findings ();
  add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, "var/task/numba/a/b.so", "x");
  add (findings, "elf.broken", TERRANE_SEVERITY_ERROR, "var/task/number/b.so", "x");
  terrane_findings_override (findings, "elf.broken", task, TERRANE_SEVERITY_OFF, "known");
  terrane_findings_override (findings, "lambda.*", any, TERRANE_SEVERITY_OFF, "known");
  const GPtrArray *list = terrane_findings_list (findings);
  for (guint i = 0; i < list->len; i++)
    {
      const TerraneFinding *finding = list->pdata[i];
      const char *path = finding->path != NULL ? finding->path : "";
      g_assert_cmpint (finding->severity == TERRANE_SEVERITY_OFF, ==,
                       strcmp (path, "var/task/numba/a/b.so") == 0 || strcmp (path, "z") == 0
                           || strcmp (path, "b") == 0);
    }
}

/* A build remembers the findings as found, independent of the profile's levels. */
static void
test_json_and_back (void)
{
  g_autoptr (TerraneFindings) findings = make_findings ();
  g_autofree char *before = terrane_findings_to_text (findings, 0);
  terrane_findings_override (findings, "elf.*", NULL, TERRANE_SEVERITY_OFF, "known");
  g_autoptr (OciJsonValue) array = terrane_findings_to_json (findings);
  g_autoptr (TerraneFindings) back = terrane_findings_from_json (array);
  g_autofree char *after = terrane_findings_to_text (back, 0);
  /* Bytes that are not text in JSON stay readable: the newline does. */
  g_assert_cmpstr (after, ==, before);
  oci_json_set (json_array_get (array, 0), "id", oci_json_text ("elf.unheard-of"));
  g_assert_null (terrane_findings_from_json (array));
  g_assert_null (terrane_findings_from_json (NULL));
}

static void
test_ids (void)
{
  const char *const *ids = terrane_finding_ids ();
  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_assert_true (i == 0 || strcmp (ids[i - 1], ids[i]) < 0);
      g_assert_cmpuint (strlen (terrane_finding_summary (ids[i])), >, 10);
    }
}

static void
add_caused (TerraneFindings *findings, const char *cause, TerraneSeverity severity,
            const char *path)
{
  const TerraneFinding finding = { .id = "elf.missing-library",
                                   .severity = severity,
                                   .path = path,
                                   .tree = "deps",
                                   .message = path,
                                   .fix = "add it",
                                   .cause = cause };
  terrane_findings_add (findings, &finding);
}

/* Three files lack libGL, one of them twice, and one lacks libX11. */
static TerraneFindings *
make_caused (void)
{
  TerraneFindings *findings = terrane_findings_new ();
  add_caused (findings, "libGL.so.1", TERRANE_SEVERITY_WARNING, "a");
  add_caused (findings, "libGL.so.1", TERRANE_SEVERITY_ERROR, "c");
  add_caused (findings, "libX11.so.6", TERRANE_SEVERITY_WARNING, "a");
  add_caused (findings, "libGL.so.1", TERRANE_SEVERITY_ERROR, "b");
  add_caused (findings, "libGL.so.1", TERRANE_SEVERITY_ERROR, "b");
  return findings;
}

/* "PATH PATH …" of a finding about several files */
static char *
join_files (const TerraneFinding *finding)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; finding->files != NULL && i < finding->files->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            ((const TerraneFindingFile *) finding->files->pdata[i])->path);
  return g_string_free (text, FALSE);
}

static void
test_one_cause (void)
{
  g_autoptr (TerraneFindings) findings = make_caused ();
  const GPtrArray *list = terrane_findings_list (findings);
  g_assert_cmpuint (list->len, ==, 2);
  const TerraneFinding *first = list->pdata[0], *second = list->pdata[1];
  g_autofree char *files = join_files (first);
  g_assert_cmpstr (files, ==, "b c a"); /* worst first, then by path */
  g_assert_cmpstr (first->path, ==, "b");
  g_assert_cmpint (first->severity, ==, TERRANE_SEVERITY_ERROR);
  g_assert_null (second->files);
  g_autofree char *text = terrane_findings_to_text (findings, 0);
  g_assert_cmpstr (text, ==,
                   "error: elf.missing-library: /b in deps\n  b\n"
                   "  the same of 2 more files: /c, /a\n  fix: add it\n\n"
                   "warning: elf.missing-library: /a in deps\n  a\n  fix: add it\n\n"
                   "1 error, 1 warning, 0 notes\n");
  g_autoptr (GError) error = NULL;
  g_assert_false (terrane_findings_refuse (findings, &error, "no:"));
  assert_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                "no:\n  elf.missing-library: /b in deps: b\n"
                "    the same of 2 more files: /c, /a; add it\n"
                "1 warning:\n  elf.missing-library: /a in deps: a");
  /* SARIF 2.1.0, 3.27.22. */
  g_autoptr (OciJsonValue) log = terrane_findings_to_sarif (findings, "IMAGE");
  const json_t *results = get (json_array_get (get (log, "runs"), 0), "results");
  const json_t *related = get (json_array_get (results, 0), "relatedLocations");
  g_assert_cmpuint (json_array_size (related), ==, 2);
  g_assert_null (get (json_array_get (results, 1), "relatedLocations"));
}

static void
test_part_of_a_cause (void)
{
  static const char *const paths[] = { "b", "c", NULL };
  g_autoptr (TerraneFindings) findings = make_caused ();
  g_autofree char *before = terrane_findings_to_text (findings, 0);
  terrane_findings_override (findings, "elf.missing-library", paths, TERRANE_SEVERITY_OFF, "known");
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_ERROR), ==, 0);
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_WARNING), ==, 2);
  g_assert_cmpuint (terrane_findings_count (findings, TERRANE_SEVERITY_OFF), ==, 1);
  const GPtrArray *list = terrane_findings_list (findings);
  const TerraneFinding *off = list->pdata[2];
  g_autofree char *files = join_files (off);
  g_assert_cmpstr (files, ==, "b c");
  g_assert_cmpint (off->found_as, ==, TERRANE_SEVERITY_ERROR);
  /* The findings are remembered as found. */
  g_autoptr (OciJsonValue) array = terrane_findings_to_json (findings);
  g_autoptr (TerraneFindings) back = terrane_findings_from_json (array);
  g_autofree char *after = terrane_findings_to_text (back, 0);
  g_assert_cmpstr (after, ==, before);
  oci_json_set (json_array_get (array, 2), "files", oci_json_text ("b"));
  g_assert_null (terrane_findings_from_json (array));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/finding/order", test_order);
  g_test_add_func ("/finding/text", test_text);
  g_test_add_func ("/finding/text-of-one-kind", test_text_of_one_kind);
  g_test_add_func ("/finding/refuse", test_refuse);
  g_test_add_func ("/finding/sarif", test_sarif);
  g_test_add_func ("/finding/sarif-locations", test_sarif_locations);
  g_test_add_func ("/finding/override", test_override);
  g_test_add_func ("/finding/override-paths", test_override_paths);
  g_test_add_func ("/finding/json-and-back", test_json_and_back);
  g_test_add_func ("/finding/ids", test_ids);
  g_test_add_func ("/finding/one-cause", test_one_cause);
  g_test_add_func ("/finding/part-of-a-cause", test_part_of_a_cause);
  return g_test_run ();
}
