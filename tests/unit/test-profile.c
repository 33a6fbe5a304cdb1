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
          || g_str_has_suffix (name, ".lock.json") || g_str_equal (name, "event.json"))
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
  g_assert_cmpuint (profile->validate.timeout_secs, ==, 900);
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
  g_test_add_func ("/profile/no-file", test_no_file);
  return g_test_run ();
}
