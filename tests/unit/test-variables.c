#include "builder/profile/variables.h"

#include "testing.h"

#define REVISION "0123456789abcdef0123456789abcdef01234567"

static unsigned asked;
static const char *shipped; /* (nullable) */

static char *
revision (const char *directory, gpointer data)
{
  g_assert_cmpstr (directory, ==, "here");
  asked++;
  return g_strdup (data);
}

/* @want: NULL when the problem shall match @problem */
static void
check (const char *text, gboolean allow_lock, const char *commit, const char *want,
       const char *problem)
{
  const TerraneProfileVariables variables = { .git_revision = revision,
                                              .shipped_profiles = shipped,
                                              .data = (gpointer) commit };
  OciJson root;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new ("p", json_string (text), OCI_ERROR_USAGE, &root);
  g_autoptr (TerraneExpander) expander = terrane_expander_new (&variables, "here");
  g_autofree char *got = terrane_expander_expand (expander, &root, allow_lock);
  g_test_message ("%s", text);
  g_assert_cmpstr (got, ==, want);
  g_assert_true (oci_json_document_finish (document, &error) == (problem == NULL));
  if (problem != NULL)
    assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, problem);
}

static void
test_values (void)
{
  static const char *const pairs[][2] = {
    { "", "" },
    { "plain", "plain" },
    { "$HOME 5$ $", "$HOME 5$ $" },
    { "${env.T_SET}", "value" },
    { "a${env.T_SET}b${env.T_SET}", "avaluebvalue" },
    { "${env.T_EMPTY}", "" },
    { "${env.T_EMPTY:-x}", "x" },
    { "${env.T_UNSET:-}", "" },
    { "${env.T_UNSET:-a:-b c}", "a:-b c" },
    { "${env.T_SET:-x}", "value" },
    { "${git.sha}", REVISION },
    { "v-${git.short}", "v-0123456789ab" },
    { "$${git.sha}", "${git.sha}" },
    { "$$${x}", "$${x}" },
    { "$$", "$$" },
    /* The value of a variable is not expanded again. */
    { "${env.T_DOLLAR}", "${git.sha}" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (pairs); i++)
    check (pairs[i][0], FALSE, REVISION, pairs[i][1], NULL);
}

static void
test_problems (void)
{
  static const char *const pairs[][2] = {
    { "${env.T_UNSET}", "p: the environment variable ‘T_UNSET’ is not set; *:-*" },
    { "${env.1}", "p: invalid name of an environment variable: ‘1’*" },
    { "${env.}", "p: invalid name of an environment variable: ‘’*" },
    { "${env.T_LATIN1}", "p: *‘T_LATIN1’ is not UTF-8" },
    { "${git.sah}", "*‘git.sah’; did you mean ‘${git.sha}’?" },
    { "${PATH}", "*no variable ‘PATH’; known are ${env.NAME}, *‘$${’" },
    { "${}", "*no variable*" },
    { "${git.sha", "*‘${’ without ‘}’*" },
    { "${lock.short}", "*‘${lock.short}’ can only be in*" },
    { "${no.a} ${no.b}", "*‘no.a’*\n*‘no.b’*" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (pairs); i++)
    check (pairs[i][0], FALSE, REVISION, NULL, pairs[i][1]);
}

static void
test_git_is_asked_once_and_only_when_used (void)
{
  asked = 0;
  check ("$${git.sha} ${env.T_SET}", FALSE, REVISION, "${git.sha} value", NULL);
  g_assert_cmpuint (asked, ==, 0);
  check ("${git.short}${git.short}", FALSE, REVISION, "0123456789ab0123456789ab", NULL);
  g_assert_cmpuint (asked, ==, 1);
  asked = 0;
  check ("${git.short}${git.sha}", FALSE, NULL, NULL, "*‘${git.short}’: ‘here’ is in no git*");
  g_assert_cmpuint (asked, ==, 1);
}

static void
check_platform (const char *platform, const char *document, const char *want, const char *problem)
{
  OciJson root;
  g_autoptr (GError) error = NULL;
  json_t *value = json_loads (document, 0, NULL);
  g_autoptr (OciJsonDocument) read = oci_json_document_new ("p", value, OCI_ERROR_USAGE, &root);
  g_autoptr (TerraneExpander) expander = terrane_expander_new (NULL, "here");
  terrane_expander_expand_all (expander, &root, platform);
  g_test_message ("%s", document);
  g_assert_true (oci_json_document_finish (read, &error) == (problem == NULL));
  if (problem != NULL)
    assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, problem);
  else
    g_assert_cmpstr (json_string_value (json_object_get (root.value, "a")), ==, want);
}

static void
test_platform (void)
{
  static const char *const several =
      "{\"a\":\"${arch} ${platform}\",\"platform\":[\"linux/arm64\",\"linux/amd64\"]}";
  g_setenv ("T_PLATFORM", "linux/arm64", TRUE);
  check_platform (NULL, "{\"a\":\"${arch} ${platform}\",\"platform\":\"linux/amd64\"}",
                  "amd64 linux-amd64", NULL);
  check_platform (NULL, several, "arm64 linux-arm64", NULL);
  check_platform ("linux/amd64", several, "amd64 linux-amd64", NULL);
  check_platform (NULL, "{\"a\":\"${arch}\",\"platform\":\"${env.T_PLATFORM}\"}", "arm64", NULL);
  check_platform (NULL, "{\"a\":\"$${arch}\",\"platform\":\"linux/amd64\"}", "${arch}", NULL);
  check_platform (NULL, "{\"a\":\"x\",\"platform\":\"linux/${arch}\"}", NULL,
                  "p: platform: ‘${arch}’ is what ‘platform’ says*");
  /* As in "extends", which is read before. */
  check ("${platform}", FALSE, NULL, NULL, "*cannot be there or in ‘extends’");
  check ("${arhc}", FALSE, NULL, NULL, "*did you mean ‘${arch}’?");
}

static void
test_shipped_profiles (void)
{
  check ("${terrane.profiles}/x", FALSE, NULL, NULL,
         "p: *‘${terrane.profiles}’: this terrane has*");
  shipped = "/opt/${env.T_SET}/profiles";
  check ("${terrane.profiles}/x", FALSE, NULL, "/opt/${env.T_SET}/profiles/x", NULL);
  shipped = NULL;
}

static void
test_lock (void)
{
  check ("a-${lock.short}${env.T_SET}", TRUE, NULL, "a-${lock.short}value", NULL);
  check ("$${lock.short}", FALSE, NULL, "${lock.short}", NULL);
  check ("$${lock.short}", TRUE, NULL, NULL, "*cannot be written literally here");
  check ("${env.T_LOCK}", TRUE, NULL, NULL, "*cannot be written literally here");
  check ("$${lock.${env.T_SHORT}", TRUE, NULL, NULL, "*cannot be written literally here");
  g_autofree char *text = terrane_profile_expand_lock ("${lock.short}-a-${lock.short}", "abc");
  g_assert_cmpstr (text, ==, "abc-a-abc");
  g_assert_true (terrane_profile_wants_lock ("x${lock.short}"));
  g_assert_false (terrane_profile_wants_lock ("abc"));
}

/* 200 variables of 100 000 bytes are more than a profile may become. */
static void
test_growth_is_limited (void)
{
  g_autofree char *big = g_strnfill (100000, 'x');
  GString *text = g_string_new (NULL);
  g_setenv ("T_BIG", big, TRUE);
  for (unsigned i = 0; i < 200; i++)
    g_string_append (text, "${env.T_BIG}");
  g_autofree char *all = g_string_free (text, FALSE);
  check (all, FALSE, NULL, NULL, "*expand to more than*");
}

static void
test_whole_document (void)
{
  OciJson root;
  g_autoptr (GError) error = NULL;
  json_t *value = json_loads (
      "{\"$schema\":\"${x}\",\"${y}\":[\"${env.T_SET}\",{\"a\":\"${env.T_SET}\",\"n\":null}],"
      "\"push\":{\"tags\":[\"${lock.short}\"]},\"config\":{\"labels\":{\"l\":\"${lock.short}\"}}}",
      0, NULL);
  g_autoptr (OciJsonDocument) document = oci_json_document_new ("p", value, OCI_ERROR_USAGE, &root);
  g_autoptr (TerraneExpander) expander = terrane_expander_new (NULL, "here");
  g_autoptr (OciJsonValue) want = json_loads (
      "{\"$schema\":\"${x}\",\"${y}\":[\"value\",{\"a\":\"value\",\"n\":null}],"
      "\"push\":{\"tags\":[\"${lock.short}\"]},\"config\":{\"labels\":{\"l\":\"${lock.short}\"}}}",
      0, NULL);
  terrane_expander_expand_all (expander, &root, NULL);
  g_assert_true (oci_json_document_finish (document, &error));
  g_assert_true (json_equal (root.value, want));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_setenv ("T_SET", "value", TRUE);
  g_setenv ("T_EMPTY", "", TRUE);
  g_setenv ("T_DOLLAR", "${git.sha}", TRUE);
  g_setenv ("T_LOCK", "${lock.short}", TRUE);
  g_setenv ("T_SHORT", "short}", TRUE);
  g_setenv ("T_LATIN1", "\xe9", TRUE);
  g_unsetenv ("T_UNSET");
  g_test_add_func ("/variables/values", test_values);
  g_test_add_func ("/variables/problems", test_problems);
  g_test_add_func ("/variables/git", test_git_is_asked_once_and_only_when_used);
  g_test_add_func ("/variables/lock", test_lock);
  g_test_add_func ("/variables/platform", test_platform);
  g_test_add_func ("/variables/shipped-profiles", test_shipped_profiles);
  g_test_add_func ("/variables/growth", test_growth_is_limited);
  g_test_add_func ("/variables/document", test_whole_document);
  return g_test_run ();
}
