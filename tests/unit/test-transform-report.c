#include "builder/transform/report.h"

#include "testing.h"

static void
test_json_and_text (void)
{
  g_autoptr (TerraneTransformReport) report = terrane_transform_report_new ("prune");
  g_assert_true (terrane_transform_report_is_empty (report));
  terrane_transform_report_count (report, "man", 2, 1500);
  terrane_transform_report_count (report, "man", 1, 500);
  terrane_transform_report_count (report, NULL, 1, -3000);
  terrane_transform_report_keep (report, "odd");
  terrane_transform_report_keep (report, "odd");
  terrane_transform_report_note (report, "a %d", 7);
  g_assert_false (terrane_transform_report_is_empty (report));
  g_autoptr (OciJsonValue) json = terrane_transform_report_to_json (report);
  g_autoptr (OciJsonValue) want =
      json_pack ("{s:s, s:i, s:i, s:{s:{s:i, s:i}}, s:{s:i}, s:[s]}", "transform", "prune", "files",
                 4, "saved", -1000, "details", "man", "files", 3, "saved", 2000, "kept", "odd", 2,
                 "notes", "a 7");
  g_assert_true (json_equal (json, want));
  g_autofree char *text = terrane_transform_report_text (json);
  g_assert_cmpstr (text, ==, "prune 4 files, +1.0 kB (man −2.0 kB, 2 kept: odd)");
}

static void
test_notes_are_bounded (void)
{
  g_autoptr (TerraneTransformReport) report = terrane_transform_report_new ("strip");
  for (int i = 0; i < 1000; i++)
    terrane_transform_report_note (report, "note %d", i);
  g_autoptr (OciJsonValue) json = terrane_transform_report_to_json (report);
  const json_t *notes = json_object_get (json, "notes");
  g_assert_cmpuint (json_array_size (notes), ==, 31);
  g_assert_cmpstr (json_string_value (json_array_get (notes, 30)), ==, "and 970 more");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/transform-report/json-and-text", test_json_and_text);
  g_test_add_func ("/transform-report/notes-are-bounded", test_notes_are_bounded);
  return g_test_run ();
}
