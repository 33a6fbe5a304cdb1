#include "builder/profile/profile.h"

#include "oci/base/error.h"

#include "testing.h"

#define PROFILES TERRANE_SOURCE_DIR "/profiles"
#define FIXTURES TERRANE_SOURCE_DIR "/tests/fixtures/profiles"

typedef void (*FileFunc) (const char *path);

static void
foreach_profile (const char *directory, FileFunc func)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) listing = g_dir_open (directory, 0, &error);
  guint n = 0;
  g_assert_no_error (error);
  for (const char *name; (name = g_dir_read_name (listing)) != NULL;)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      if (!g_str_has_suffix (name, ".json") || g_str_has_suffix (name, ".schema.json")
          || g_str_has_suffix (name, ".lock.json") || g_str_has_prefix (name, "event"))
        continue;
      g_test_message ("%s", path);
      func (path);
      n++;
    }
  g_assert_cmpuint (n, >, 0);
}

static void
must_load (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneProfile) profile = terrane_profile_load (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (profile->base);
}

/* RFC 7396. Returns: (transfer full) */
static json_t *
merge_patch (const json_t *target, const json_t *patch)
{
  if (!json_is_object (patch))
    return json_deep_copy (patch);
  json_t *merged = json_is_object (target) ? json_deep_copy (target) : json_object ();
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) patch, key, value)
  {
    if (json_is_null (value))
      (void) json_object_del (merged, key);
    else
      json_object_set_new (merged, key, merge_patch (json_object_get (merged, key), value));
  }
  return merged;
}

/* The profiles that bad ones extend; these are written to `bad/` beside them. */
static void
copy_parents (const TestDir *dir)
{
  g_autoptr (GDir) listing = g_dir_open (FIXTURES "/parents", 0, NULL);
  g_assert_nonnull (listing);
  for (const char *name; (name = g_dir_read_name (listing)) != NULL;)
    {
      g_autofree char *from = g_build_filename (FIXTURES "/parents", name, NULL);
      g_autofree char *to = g_build_filename ("parents", name, NULL);
      g_autofree char *text = NULL;
      gsize len;
      g_assert_true (g_file_get_contents (from, &text, &len, NULL));
      g_free (test_dir_write (dir, to, text, len));
    }
}

/* The profile @text fails with one message that matches all of @patterns. */
static void
must_fail (const TestDir *dir, const char *name, const char *text, char **patterns)
{
  g_autofree char *file = g_strdup_printf ("bad/%s.json", name);
  g_autofree char *path = test_dir_write (dir, file, text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneProfile) profile = terrane_profile_load (path, NULL, &error);
  if (profile != NULL)
    g_error ("%s is accepted", name);
  for (char **pattern = patterns; *pattern != NULL; pattern++)
    assert_error_at (name, error, OCI_ERROR, OCI_ERROR_USAGE, *pattern);
}

/* A row of bad.json has the text itself, a whole profile, or a patch of one of the bases. */
static char *
text_of_row (const json_t *bases, const json_t *row)
{
  const json_t *text = json_object_get (row, "text"), *whole = json_object_get (row, "profile");
  if (text != NULL)
    return strdup (json_string_value (text));
  if (whole != NULL)
    return json_dumps (whole, JSON_ENCODE_ANY);
  const char *base = json_string_value (json_object_get (row, "base"));
  const json_t *target = json_object_get (bases, base != NULL ? base : "minimal");
  g_assert_nonnull (target);
  json_t *profile = merge_patch (target, json_object_get (row, "patch"));
  char *dumped = json_dumps (profile, JSON_ENCODE_ANY);
  json_decref (profile);
  return dumped;
}

static void
test_shipped (void)
{
  foreach_profile (PROFILES, must_load);
}

static void
test_good (void)
{
  foreach_profile (FIXTURES "/good", must_load);
}

static void
test_bad (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  json_error_t problem;
  json_t *rows, *document = json_load_file (FIXTURES "/bad.json", JSON_REJECT_DUPLICATES, &problem);
  if (document == NULL)
    g_error ("bad.json:%d: %s", problem.line, problem.text);
  copy_parents (&dir);
  rows = json_object_get (document, "profiles");
  g_assert_cmpuint (json_array_size (rows), >, 150);
  for (size_t i = 0; i < json_array_size (rows); i++)
    {
      const json_t *row = json_array_get (rows, i), *message = json_object_get (row, "message");
      char *text = text_of_row (json_object_get (document, "bases"), row);
      g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
      if (json_is_string (message))
        g_ptr_array_add (patterns, (char *) json_string_value (message));
      for (size_t j = 0; j < json_array_size (message); j++)
        g_ptr_array_add (patterns, (char *) json_string_value (json_array_get (message, j)));
      g_assert_cmpuint (patterns->len, >, 0);
      g_ptr_array_add (patterns, NULL);
      must_fail (&dir, json_string_value (json_object_get (row, "name")), text,
                 (char **) patterns->pdata);
      free (text);
    }
  json_decref (document);
}

/* A minimal profile with a list of @n times @element; "%d" in it becomes the number. */
static char *
with_many (const char *before, guint n, const char *element, const char *after)
{
  GString *text = g_string_new ("{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{"
                                "\"archive\":\"b\"},");
  g_string_append (text, before);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_auto (GStrv) pieces = g_strsplit (element, "%d", -1);
      g_autofree char *one = g_strjoinv (number, pieces);
      g_string_append_printf (text, "%s%s", i > 0 ? "," : "", one);
    }
  g_string_append (text, after);
  return g_string_free (text, FALSE);
}

static void
test_giant (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  static const struct
  {
    const char *before, *element, *after;
    guint allowed;
    const char *message;
  } rows[] = {
    { "\"config\":{\"cmd\":[", "\"x\"", "]}}", 1500, "*config.cmd: has 1501 elements*" },
    { "\"trees\":[", "{\"name\":\"t%d\",\"directory\":\"d\",\"prefix\":\"/opt\"}", "]}", 100,
      "*trees: has 101 elements, at most 100 are allowed*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *most =
          with_many (rows[i].before, rows[i].allowed, rows[i].element, rows[i].after);
      g_autofree char *more =
          with_many (rows[i].before, rows[i].allowed + 1, rows[i].element, rows[i].after);
      g_autoptr (GBytes) data = test_bytes (most);
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneProfile) profile = terrane_profile_parse ("p.json", data, NULL, &error);
      g_assert_no_error (error);
      must_fail (&dir, "giant", more, (char *[]){ (char *) rows[i].message, NULL });
    }
}

static void
test_content (void)
{
  static const char text[] =
      "{\"name\":\"n\",\"platform\":\"linux/arm64\",\"target\":\"oci\",\"base\":{\"image\":"
      "\"oci:../b:1\"},\"trees\":[{\"name\":\"t\",\"directory\":\"d\",\"prefix\":\"//opt//x/\","
      "\"exclude\":[\"**/x\"],\"strip_components\":2,\"special\":\"skip\",\"symlinks\":\"any\","
      "\"overwrite\":true},{\"name\":\"u\",\"archive\":\"/abs.tar\",\"prefix\":\"/\"}],"
      "\"transforms\":{\"modes\":\"keep\"},\"validate\":{\"scripts\":[\"c.py\"],\"timeout\":900}}";
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneProfile) profile = terrane_profile_parse ("dir/p.json", data, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (profile->name, ==, "n");
  g_assert_cmpstr (profile->architecture, ==, "arm64");
  g_assert_cmpint (profile->target, ==, TERRANE_TARGET_OCI);
  g_assert_cmpint (profile->transforms->modes, ==, TERRANE_MODES_KEEP);
  g_assert_cmpint (profile->base->kind, ==, TERRANE_SOURCE_IMAGE);
  g_assert_cmpstr (profile->base->image, ==, "oci:dir/../b:1"); /* relative to the profile */
  const TerraneSourceSpec *tree = profile->trees->pdata[0];
  g_assert_cmpstr (tree->where, ==, "dir/p.json: trees[0]");
  g_assert_cmpstr (tree->directory, ==, "dir/d");
  g_assert_cmpstr (tree->prefix, ==, "opt/x");
  g_assert_cmpstr (tree->exclude[0], ==, "**/x");
  g_assert_cmpuint (tree->strip_components, ==, 2);
  g_assert_true (tree->skip_special && tree->allow_outside_links && tree->overwrite);
  const TerraneSourceSpec *second = profile->trees->pdata[1];
  const TerraneArchiveFile *file = second->archives->pdata[0];
  g_assert_cmpstr (file->path, ==, "/abs.tar");
  g_assert_false (file->has_sha256);
  g_assert_cmpstr (second->prefix, ==, "");
  g_assert_cmpstr (profile->validate.scripts->pdata[0], ==, "dir/c.py");
  g_assert_cmpuint (profile->validate.timeout_ms, ==, 900 * 1000);
}

static TerraneProfile *
parse_with (const char *members)
{
  g_autofree char *text =
      g_strconcat ("{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{\"archive\":\"b\"},",
                   members, "}", NULL);
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (GError) error = NULL;
  TerraneProfile *profile = terrane_profile_parse ("dir/p.json", data, NULL, &error);
  g_assert_no_error (error);
  return profile;
}

static void
test_validate (void)
{
  g_autoptr (TerraneProfile) profile = parse_with (
      "\"validate\":{\"commands\":[[\"a\",\"-b\"],{\"command\":[\"c\"],\"expect\":\"^x\",\"exit_"
      "code\":3}],"
      "\"drivers\":[\"GTiff\",{\"name\":\"GPKG\",\"vector\":true,\"write\":true}],"
      "\"crs\":[{\"from\":\"EPSG:4326\",\"to\":\"EPSG:3857\",\"point\":[10,45],\"expect\":[1.5,-2],"
      "\"operation\":\"o\",\"accuracy\":11},{\"operation_code\":\"EPSG:1133\",\"point\":[1,2,3],"
      "\"expect\":[1,2,3],\"tolerance\":0}],\"codecs\":[\"ZSTD\"],\"suite\":\"geo\",\"timeout\":"
      "\"1.5s\"}");
  const TerraneValidateSpec *spec = &profile->validate;
  const TerraneCommandSpec *plain = spec->commands->pdata[0], *full = spec->commands->pdata[1];
  const TerraneDriverSpec *tiff = spec->drivers->pdata[0], *gpkg = spec->drivers->pdata[1];
  const TerraneCrsSpec *pair = spec->crs->pdata[0], *code = spec->crs->pdata[1];
  g_assert_cmpstr (plain->argv[1], ==, "-b");
  g_assert_null (plain->expect);
  g_assert_cmpint (plain->exit_code, ==, 0);
  g_assert_cmpstr (full->expect, ==, "^x");
  g_assert_cmpint (full->exit_code, ==, 3);
  g_assert_true (!tiff->raster && !tiff->vector && !tiff->write);
  g_assert_true (!gpkg->raster && gpkg->vector && gpkg->write);
  g_assert_cmpstr (pair->to, ==, "EPSG:3857");
  g_assert_cmpuint (pair->n_numbers, ==, 2);
  g_assert_cmpfloat (pair->expect[0], ==, 1.5);
  g_assert_cmpfloat (pair->tolerance, ==, 1e-3);
  g_assert_true (pair->has_accuracy && !code->has_accuracy);
  g_assert_cmpstr (code->operation_code, ==, "EPSG:1133");
  g_assert_cmpfloat (code->tolerance, ==, 0);
  g_assert_cmpstr (spec->codecs[0], ==, "ZSTD");
  g_assert_true (spec->suite_geo && terrane_validate_spec_has_runs (spec));
  g_assert_cmpuint (spec->timeout_ms, ==, 1500);
}

static void
test_requests (void)
{
  g_autoptr (TerraneProfile) profile =
      parse_with ("\"validate\":{\"invoke\":[{\"event\":\"e.json\"},{\"event\":{\"a\":null},"
                  "\"expect\":{\"s\":200},"
                  "\"timeout\":\"30s\",\"memory\":\"1769MB\",\"env\":{\"A\":\"b\"}}],\"http\":{"
                  "\"path\":\"/\"}}");
  const TerraneValidateSpec *spec = &profile->validate;
  const TerraneInvokeSpec *file = spec->invoke->pdata[0], *inlined = spec->invoke->pdata[1];
  const TerraneHttpSpec *http = spec->http->pdata[0];
  g_assert_cmpstr (file->event_path, ==, "dir/e.json");
  g_assert_cmpstr (file->where, ==, "dir/p.json: validate.invoke[0]");
  g_assert_true (file->event == NULL && file->expect == NULL && file->timeout_ms == 0);
  g_assert_true (json_is_null (json_object_get (inlined->event, "a"))); /* merging keeps it */
  g_assert_cmpint (json_integer_value (json_object_get (inlined->expect, "s")), ==, 200);
  g_assert_cmpuint (inlined->timeout_ms, ==, 30000);
  g_assert_cmpuint (inlined->memory_bytes, ==, 1769000000);
  g_assert_cmpstr (json_string_value (json_object_get (inlined->env, "A")), ==, "b");
  g_assert_cmpstr (http->method, ==, "GET");
  g_assert_cmpuint (http->expect_status, ==, 200);
  g_assert_false (terrane_validate_spec_has_runs (spec));
  g_autoptr (TerraneProfile) single =
      parse_with ("\"validate\":{\"invoke\":{\"event\":{\"a\":null}}}");
  const TerraneInvokeSpec *only = single->validate.invoke->pdata[0];
  g_assert_true (json_is_null (json_object_get (only->event, "a")));
}

static void
test_limits (void)
{
  g_autoptr (TerraneProfile) profile = parse_with (
      "\"limits\":{\"uncompressed_size\":\"600MB\",\"trees\":{\"base\":\"250MiB\"},\"packages\":{"
      "\"botocore\":\"30.5MB\"},\"import_time\":\"3s\",\"memory\":\"512MB\",\"tmp\":\"1GiB\"}");
  const TerraneLimitsSpec *limits = &profile->limits;
  const TerraneSizeLimit *base = limits->trees->pdata[0], *botocore = limits->packages->pdata[0];
  g_assert_cmpuint (limits->uncompressed_size, ==, 600000000);
  g_assert_cmpstr (base->name, ==, "base");
  g_assert_cmpuint (base->bytes, ==, 262144000);
  g_assert_cmpstr (botocore->name, ==, "botocore");
  g_assert_cmpuint (botocore->bytes, ==, 30500000);
  g_assert_cmpuint (limits->import_time_ms, ==, 3000);
  g_assert_cmpuint (limits->memory, ==, 512000000);
  g_assert_cmpuint (limits->tmp, ==, 1073741824);
  g_autoptr (TerraneProfile) bare =
      parse_with ("\"limits\":{\"import_time\":\"90\",\"memory\":\"512\"}");
  g_assert_cmpuint (bare->limits.import_time_ms, ==, 90000);
  g_assert_cmpuint (bare->limits.memory, ==, 536870912);
  g_autoptr (TerraneProfile) none = parse_with ("\"limits\":{}");
  g_assert_cmpuint (none->limits.memory, ==, 0);
  g_assert_cmpuint (none->limits.trees->len, ==, 0);
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (terrane_profile_load ("/nonexistent/p.json", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the profile: */nonexistent/p.json*");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/profile/shipped", test_shipped);
  g_test_add_func ("/profile/good", test_good);
  g_test_add_func ("/profile/bad", test_bad);
  g_test_add_func ("/profile/giant", test_giant);
  g_test_add_func ("/profile/content", test_content);
  g_test_add_func ("/profile/validate", test_validate);
  g_test_add_func ("/profile/requests", test_requests);
  g_test_add_func ("/profile/limits", test_limits);
  g_test_add_func ("/profile/no-file", test_no_file);
  return g_test_run ();
}
