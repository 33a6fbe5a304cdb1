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

/* NAME.json fails with a message that matches each line of NAME.err. */
static void
must_fail (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen (".json"));
  g_autofree char *expected = g_strconcat (stem, ".err", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (expected, &text, NULL, NULL));
  g_auto (GStrv) patterns = g_strsplit (g_strchomp (text), "\n", -1);
  g_autoptr (TerraneProfile) profile = terrane_profile_load (path, NULL, &error);
  if (profile != NULL)
    g_error ("%s is accepted", path);
  for (char **pattern = patterns; *pattern != NULL; pattern++)
    assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, *pattern);
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
  foreach_profile (FIXTURES "/bad", must_fail);
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
  g_assert_cmpstr (profile->platform.architecture, ==, "arm64");
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
  g_test_add_func ("/profile/content", test_content);
  g_test_add_func ("/profile/validate", test_validate);
  g_test_add_func ("/profile/requests", test_requests);
  g_test_add_func ("/profile/limits", test_limits);
  g_test_add_func ("/profile/no-file", test_no_file);
  return g_test_run ();
}
