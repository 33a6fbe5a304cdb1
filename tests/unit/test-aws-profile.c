/* The dialect of the AWS shared config and credentials files. */
#include "oci/aws/aws-profile.h"

#include "testing.h"

static GHashTable *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes (text);
  GHashTable *sections = NULL;
  g_assert_true (oci_aws_ini_parse ("f", data, &sections, &error));
  g_assert_no_error (error);
  return sections;
}

static const char *
get (GHashTable *sections, const char *section, const char *key)
{
  GHashTable *keys = g_hash_table_lookup (sections, section);
  return keys != NULL ? g_hash_table_lookup (keys, key) : NULL;
}

static void
test_values (void)
{
  static const struct
  {
    const char *text, *section, *key, *value; /* NULL: none */
  } rows[] = {
    { "", "default", "a", NULL },
    { "[default]\na = b\n", "default", "a", "b" },
    { "[default]\na=b", "default", "a", "b" },
    { "[default]\na  =  b c  \n", "default", "a", "b c" },
    { "[default]\nAws_Key = B\n", "default", "aws_key", "B" },
    { "[default]\na = b=c==\n", "default", "a", "b=c==" },
    { "[default]\na =\n", "default", "a", "" },
    { "[default]\na = 1\na = 2\n", "default", "a", "2" },
    { "[default]\r\na = b\r\n", "default", "a", "b" },
    { "\xef\xbb\xbf[default]\na = b\n", "default", "a", "b" },
    /* comments */
    { "# x\n; y\n[default]\n#a = 1\n;a = 2\na = b\n", "default", "a", "b" },
    { "[default] # x\na = b\n", "default", "a", "b" },
    { "[default]\na = b # c\n", "default", "a", "b" },
    { "[default]\na = b\t; c\n", "default", "a", "b" },
    { "[default]\na = b#c;d\n", "default", "a", "b#c;d" },
    { "[default]\na = #b\n", "default", "a", "" },
    { "[default]\na =#b\n", "default", "a", "#b" },
    { "[default]\n  # x\na = b\n", "default", "a", "b" },
    /* names of sections */
    { "[profile x]\na = b\n", "profile x", "a", "b" },
    { "[ profile\t  x ]\na = b\n", "profile x", "a", "b" },
    { "[profile \"x\"]\na = b\n", "profile x", "a", "b" },
    { "[profile 'x y']\na = b\n", "profile x y", "a", "b" },
    { "[sso-session corp]\na = b\n", "sso-session corp", "a", "b" },
    { "[x]\na = b\n[y]\na = c\n", "x", "a", "b" },
    { "[x]\na = b\n[y]\n[x]\nc = d\n", "x", "a", "b" },
    { "[x]\na = b\n[y]\n[x]\na = d\n", "x", "a", "d" },
    { "a = b\n[x]\n", "x", "a", NULL },
    /* nested blocks */
    { "[x]\ns3 =\n  a = 1\n  c = 2\nb = 3\n", "x", "a", NULL },
    { "[x]\ns3 =\n  a = 1\n  c = 2\nb = 3\n", "x", "b", "3" },
    { "[x]\ns3 =\n\n  a = 1\n", "x", "a", NULL },
    { "[x]\ns3 =\n  anything\n\tat all\nb = 3\n", "x", "b", "3" },
    { "[x]\ns3 =\n  a = 1\n[y]\nb = 3\n", "y", "b", "3" },
    { "[services x]\nsts =\n  endpoint_url = http://h # c\necr = \n\tEndpoint_URL=i\n",
      "services x", "sts.endpoint_url", "http://h" },
    { "[services x]\nsts =\n  endpoint_url = http://h\necr = \n\tEndpoint_URL=i\n", "services x",
      "ecr.endpoint_url", "i" },
    { "[services x]\nsts =\n  endpoint_url = 1\n[services y]\n  endpoint_url = 2\n", "services x",
      "sts.endpoint_url", "1" },
    { "[x]\na = 1\n  b = 2\n", "x", "a.b", NULL },
    /* everything indented, as botocore lets it be */
    { "[x]\n  a = 1\n  b = 2\n", "x", "b", "2" },
    { "[x]\n\ta = 1\n\t\tc = 3\n\tb = 2\n", "x", "b", "2" },
    { "[x]\n\ta = 1\n\t\tc = 3\n\tb = 2\n", "x", "c", NULL },
    { "[x]\na = 1\n[y]\n  b = 2\n", "y", "b", "2" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("row %zu: %s", i, rows[i].text);
      g_autoptr (GHashTable) sections = parse (rows[i].text);
      g_assert_cmpstr (get (sections, rows[i].section, rows[i].key), ==, rows[i].value);
    }
}

static void
test_errors (void)
{
  static const struct
  {
    const char *text, *message;
    size_t len; /* 0: strlen */
  } rows[] = {
    { "[default\na = b\n", "f:1: the section has no ‘]’", 0 },
    { "\n# x\n[\n", "f:3: the section has no ‘]’", 0 },
    { "[default]\nS3CRET\n", "f:2: expected ‘key = value’", 0 },
    { "[default]\r\n\r\nS3CRET\r\n", "f:3: expected ‘key = value’", 0 },
    { "[default]\n= S3CRET\n", "f:2: expected ‘key = value’", 0 },
    { "[default]\n  = S3CRET\n", "f:2: expected ‘key = value’", 0 },
    { "S3CRET", "f:1: expected ‘key = value’", 0 },
    { "[d]\na = S3CRET\0x\n", "f: has a NUL byte in it", 15 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      GHashTable *sections = NULL;
      g_autoptr (GBytes) data =
          g_bytes_new (rows[i].text, rows[i].len > 0 ? rows[i].len : strlen (rows[i].text));
      g_assert_false (oci_aws_ini_parse ("f", data, &sections, &error));
      g_assert_null (sections);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].message);
      g_assert_null (strstr (error->message, "S3CRET"));
    }
}

static void
test_files (void)
{
  static const char config[] = "[default]\nregion = one\n[profile default]\nregion = two\n"
                               "[profile x]\na = config\nb = config\nempty =\n"
                               "[y]\na = no\n[sso-session s]\nsso_region = r\n";
  static const char credentials[] = "[x]\na = credentials\nempty =\n[profile z]\na = no\n";
  g_autoptr (GError) error = NULL;
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *config_path = test_dir_write (&dir, "c", config, strlen (config));
  g_autofree char *credentials_path =
      test_dir_write (&dir, ".aws/credentials", credentials, strlen (credentials));
  g_assert_true (g_setenv ("HOME", dir.path, TRUE));
  g_assert_true (g_setenv ("AWS_CONFIG_FILE", "~/c", TRUE));
  g_unsetenv ("AWS_SHARED_CREDENTIALS_FILE");
  g_autoptr (OciAwsConfig) self = oci_aws_config_load (&error);
  g_assert_no_error (error);
  g_assert_cmpstr (oci_aws_config_get (self, "default", "region"), ==, "two");
  g_assert_cmpstr (oci_aws_config_get (self, "x", "a"), ==, "credentials");
  g_assert_cmpstr (oci_aws_config_get (self, "x", "b"), ==, "config");
  g_assert_null (oci_aws_config_get (self, "x", "empty"));
  g_assert_null (oci_aws_config_get (self, "y", "a"));
  g_assert_null (oci_aws_config_get (self, "z", "a"));
  g_assert_cmpstr (oci_aws_config_get_session (self, "s", "sso_region"), ==, "r");
  g_assert_null (oci_aws_config_get_session (self, "x", "a"));
  g_assert_cmpstr (oci_aws_config_file_of (self, "x", "a"), ==, credentials_path);
  g_assert_cmpstr (oci_aws_config_file_of (self, "x", "b"), ==, config_path);
  g_assert_true (oci_aws_config_has_profile (self, "x"));
  g_assert_false (oci_aws_config_has_profile (self, "y"));
  g_assert_false (oci_aws_config_has_profile (self, "s"));
}

static void
test_no_files (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (g_setenv ("AWS_CONFIG_FILE", "/nonexistent/c", TRUE));
  g_assert_true (g_setenv ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d", TRUE));
  g_autoptr (OciAwsConfig) self = oci_aws_config_load (&error);
  g_assert_no_error (error);
  g_assert_null (oci_aws_config_get (self, "default", "region"));
  g_assert_false (oci_aws_config_has_profile (self, "default"));
}

static void
test_profile_name (void)
{
  g_unsetenv ("AWS_PROFILE");
  g_unsetenv ("AWS_DEFAULT_PROFILE");
  g_assert_cmpstr (oci_aws_profile_name (), ==, "default");
  g_assert_true (g_setenv ("AWS_DEFAULT_PROFILE", "d", TRUE));
  g_assert_true (g_setenv ("AWS_PROFILE", "", TRUE));
  g_assert_cmpstr (oci_aws_profile_name (), ==, "d");
  g_assert_true (g_setenv ("AWS_PROFILE", "p", TRUE));
  g_assert_cmpstr (oci_aws_profile_name (), ==, "p");
  g_unsetenv ("AWS_PROFILE");
  g_unsetenv ("AWS_DEFAULT_PROFILE");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/aws-profile/values", test_values);
  g_test_add_func ("/aws-profile/errors", test_errors);
  g_test_add_func ("/aws-profile/files", test_files);
  g_test_add_func ("/aws-profile/no-files", test_no_files);
  g_test_add_func ("/aws-profile/profile-name", test_profile_name);
  return g_test_run ();
}
