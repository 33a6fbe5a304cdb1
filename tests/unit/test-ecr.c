/* Host names of Amazon ECR, and what decides where AWS is asked. */
#include "oci/aws/ecr.h"

#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"

#include "testing.h"

#define ACCOUNT "123456789012"

static void
test_hosts (void)
{
  static const struct
  {
    const char *host, *region, *api; /* after the account */
  } rows[] = {
    { ".dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "api.ecr.eu-west-1.amazonaws.com" },
    { ".dkr.ecr.eu-west-1.amazonaws.com:443", "eu-west-1", "api.ecr.eu-west-1.amazonaws.com" },
    { ".dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1",
      "api.ecr.us-gov-west-1.amazonaws.com" },
    { ".dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn" },
    { ".dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1",
      "api.ecr.eusc-de-east-1.amazonaws.eu" },
    { ".dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "api.ecr.us-iso-east-1.c2s.ic.gov" },
    { ".dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1",
      "api.ecr.us-isob-east-1.sc2s.sgov.gov" },
    { ".dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1",
      "api.ecr.eu-isoe-west-1.cloud.adc-e.uk" },
    { ".dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1",
      "api.ecr.us-isof-south-1.csp.hci.ic.gov" },
    { ".dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1",
      "api.ecr-fips.us-east-1.amazonaws.com" },
    { ".dkr-ecr.eu-west-1.on.aws", "eu-west-1", "ecr.eu-west-1.api.aws" },
    { ".dkr-ecr-fips.us-east-1.on.aws", "us-east-1", "ecr-fips.us-east-1.api.aws" },
    { ".dkr-ecr.us-gov-east-1.on.aws", "us-gov-east-1", "ecr.us-gov-east-1.api.aws" },
    { ".dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1",
      "ecr.cn-north-1.api.amazonwebservices.com.cn" },
    { ".dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu", "eusc-de-east-1",
      "ecr.eusc-de-east-1.api.amazonwebservices.eu" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciEcrHost) host = { 0 };
      g_autofree char *name = g_strconcat (ACCOUNT, rows[i].host, NULL);
      g_test_message ("%s", name);
      g_assert_true (oci_ecr_host_parse (name, &host));
      g_assert_cmpstr (host.account, ==, ACCOUNT);
      g_assert_cmpstr (host.region, ==, rows[i].region);
      g_assert_true (host.fips == (strstr (name, "fips") != NULL));
      g_assert_true (host.dual_stack == (strstr (name, ".on.") != NULL));
      g_autofree char *api = oci_ecr_api_host (&host, FALSE);
      g_assert_cmpstr (api, ==, rows[i].api);
    }
}

static void
test_other_hosts (void)
{
  static const char *const rows[] = {
    "",
    "docker.io",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
    "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
    "12345678901a.dkr.ecr.eu-west-1.amazonaws.com",
    "\331\241\331\242\331\243\331\244\331\245\331\246\331\247\331\250\331\251\331\240\331\241\331"
    "\242"
    ".dkr.ecr.eu-west-1.amazonaws.com", /* digits, but Arabic ones */
    "x" ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    "x." ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    " " ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    "evil.org/" ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    "evil.org\n" ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com\n",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com\nevil.org",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com:443\n",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com:444",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com:4430",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com:80",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com/",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com.",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com.evil.org",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com.cn.evil.org",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.comm",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws-com",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonawsXcom",
    ACCOUNT ".dkr.ecr.eu-west-1.evilamazonaws.org",
    ACCOUNT ".dkr.ecr.eu-west-1.evil.amazonaws.com",
    ACCOUNT ".dkr.ecr.eu.west.1.amazonaws.com",
    ACCOUNT ".dkr.ecr..amazonaws.com",
    ACCOUNT ".dkr.ecr.-eu.amazonaws.com",
    ACCOUNT ".dkr.ecr.eu_west_1.amazonaws.com",
    ACCOUNT ".dkr.ecr.\303\274.amazonaws.com",
    ACCOUNT ".dkr.ecr.amazonaws.com",
    ACCOUNT ".dkr.ecr.aaaaaaaaaabbbbbbbbbbccccccccccddd.amazonaws.com",
    ACCOUNT ".dkr_ecr.eu-west-1.amazonaws.com",
    ACCOUNT ".dkrecr.eu-west-1.amazonaws.com",
    ACCOUNT ".ecr.eu-west-1.amazonaws.com",
    ACCOUNT ".dkr.ecr-fip.eu-west-1.amazonaws.com",
    ACCOUNT ".dkr-ecr.eu-west-1.aws",
    ACCOUNT ".dkr-ecr.eu-west-1.on.aws.evil.org",
    ACCOUNT ".dkr-ecr.eu-west-1.on.amazonwebservices.com",
    "api.ecr.eu-west-1.amazonaws.com",
    "\377" ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com",
    ACCOUNT ".dkr.ecr.eu-west-1.amazonaws.com\377",
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciEcrHost) host = { 0 };
      g_test_message ("row %zu", i);
      g_assert_false (oci_ecr_host_parse (rows[i], &host));
      g_assert_null (host.account);
      g_assert_null (host.region);
    }
}

static void
test_container_hosts (void)
{
  static const char *const right[] = { "127.0.0.1",     "127.8.8.8",      "localhost",     "[::1]",
                                       "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
  static const char *const wrong[] = { "",
                                       "192.0.2.1",
                                       "169.254.169.254",
                                       "169.254.170.24",
                                       "169.254.170.2.evil.org",
                                       "[fe80::1]",
                                       "[fd00:ec2::2]",
                                       "127.0.0.1.nip.io",
                                       "localhost.evil.org",
                                       "128.0.0.1",
                                       "example.com" };
  for (size_t i = 0; i < G_N_ELEMENTS (right); i++)
    {
      g_test_message ("%s", right[i]);
      g_assert_true (oci_aws_is_container_host (right[i]));
    }
  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_test_message ("%s", wrong[i]);
      g_assert_false (oci_aws_is_container_host (wrong[i]));
    }
}

static void
check_endpoint (const OciAwsConfig *config, const char *want)
{
  g_autofree char *endpoint = oci_aws_endpoint (config, "ECR", "h", NULL);
  g_assert_cmpstr (endpoint, ==, want);
}

static void
set (const char *name, const char *value)
{
  g_assert_true (g_setenv (name, value, TRUE));
}

static void
test_endpoint (void)
{
  static const char text[] = "[default]\nendpoint_url = http://profile/\n";
  g_autoptr (GError) error = NULL;
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "config", text, strlen (text));
  set ("AWS_CONFIG_FILE", path);
  set ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (&error);
  g_assert_no_error (error);
  check_endpoint (NULL, "https://h");
  check_endpoint (config, "http://profile");
  set ("AWS_ENDPOINT_URL", "http://all");
  set ("AWS_ENDPOINT_URL_STS", "http://sts");
  check_endpoint (config, "http://all");
  set ("AWS_ENDPOINT_URL_ECR", "http://ecr/");
  check_endpoint (config, "http://ecr");
  set ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "False");
  check_endpoint (NULL, "http://ecr");
  set ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
  check_endpoint (config, "https://h");
  g_unsetenv ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  set ("AWS_ENDPOINT_URL_ECR", "");
  check_endpoint (config, "http://all");
  g_unsetenv ("AWS_ENDPOINT_URL_ECR");
  g_unsetenv ("AWS_ENDPOINT_URL_STS");
  g_unsetenv ("AWS_ENDPOINT_URL");
}

static void
test_services (void)
{
  static const char text[] = "[default]\nservices = here\nendpoint_url = http://profile\n"
                             "[services here]\nsts =\n  endpoint_url = http://sts\n"
                             "ecr =\n  endpoint_url = http://ecr/\n"
                             "[profile lost]\nservices = nowhere\n";
  g_autoptr (GError) error = NULL;
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "config", text, strlen (text));
  set ("AWS_CONFIG_FILE", path);
  set ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (&error);
  g_assert_no_error (error);
  check_endpoint (config, "http://ecr");
  g_autofree char *sts = oci_aws_endpoint (config, "STS", "h", NULL);
  g_assert_cmpstr (sts, ==, "http://sts");
  g_autofree char *sso = oci_aws_endpoint (config, "SSO_OIDC", "h", NULL);
  g_assert_cmpstr (sso, ==, "http://profile");
  set ("AWS_ENDPOINT_URL", "http://all"); /* any variable is before the file */
  check_endpoint (config, "http://all");
  g_unsetenv ("AWS_ENDPOINT_URL");
  set ("AWS_PROFILE", "lost");
  g_assert_null (oci_aws_endpoint (config, "ECR", "h", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*‘lost’ names the services ‘nowhere’*");
  g_unsetenv ("AWS_PROFILE");
}

static OciHttpResponse *
make_answer (unsigned status, const char *body)
{
  OciHttpResponse *response = g_new0 (OciHttpResponse, 1);
  response->status = status;
  response->body = test_bytes (body);
  response->headers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return response;
}

/* botocore's lists, retries/standard.py and data/_retry.json. */
static void
test_busy (void)
{
#define STS(code, message)                                                                         \
  "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"  \
  "<Code>" code "</Code><Message>" message "</Message></Error></ErrorResponse>"
  static const struct
  {
    unsigned status;
    const char *body;
    gboolean busy;
  } rows[] = {
    { 200, "{\"__type\":\"ThrottlingException\"}", FALSE },
    { 400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", TRUE },
    { 400, "{\"__type\":\"com.amazonaws.ecr#ThrottlingException\"}", TRUE },
    { 400, "{\"__type\":\"ThrottlingException:http://internal/\"}", TRUE },
    { 400, "{\"__type\":\"ServerException\"}", FALSE },
    { 400, "{\"code\":\"TooManyRequestsException\"}", TRUE },
    { 400, STS ("Throttling", "Rate exceeded"), TRUE },
    { 400, STS ("RequestLimitExceeded", ""), TRUE },
    { 400, STS ("IDPCommunicationError", "x"), TRUE },
    { 400, STS ("InvalidIdentityToken", "Couldn't retrieve verification key from your identity"),
      TRUE },
    { 400, STS ("InvalidIdentityToken", "The token is for another audience"), FALSE },
    { 403, STS ("AccessDenied", "Throttling"), FALSE },
    { 509, "", TRUE },
    { 400, "", FALSE },
    { 400, "<Code>", FALSE },
    { 400, "<Code>Throttling", FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].body);
      g_autoptr (OciHttpResponse) response = make_answer (rows[i].status, rows[i].body);
      g_assert_cmpint (oci_aws_is_busy (response), ==, rows[i].busy);
    }
  g_autoptr (OciHttpResponse) named = make_answer (400, "{}");
  g_hash_table_insert (named->headers, g_strdup ("x-amzn-errortype"), g_strdup ("SlowDown:"));
  g_assert_true (oci_aws_is_busy (named));
}

static void
test_time (void)
{
  static const struct
  {
    const char *text;
    gint64 time;
  } rows[] = {
    { "1970-01-01T00:00:10Z", 10 },
    { "2026-11-21T10:00:00Z", 1795255200 },
    { "2026-11-21T10:00:00.5Z", 1795255200 },
    { "2026-11-21T10:00:00.123456Z", 1795255200 },
    { "2026-11-21T12:00:00+02:00", 1795255200 },
    { "2026-11-21T10:00:00", 1795255200 },
    /* as dateutil, which botocore reads them with */
    { "2026-11-21T10:00:00UTC", 1795255200 },
    { "2026-11-21 10:00:00", 1795255200 },
    { "2026-11-21 10:00:00 UTC", 1795255200 },
    { "2026-11-21T10:00:00 +0000", 1795255200 },
    { "2026-11-21T05:00:00-0500", 1795255200 },
    { "20261121T100000Z", 1795255200 },
    { "2026-11-21T10:00Z", 1795255200 },
    { "2026-11-21T10:00", 1795255200 },
    { "2026-11-21T10:00:00,5Z", 1795255200 },
    { "2026-11-21T10:00:00.1234567Z", 1795255200 },
    { "2026-11-21", 1795219200 },
    { "Sat, 21 Nov 2026 10:00:00 GMT", 1795255200 },
    { "Sat Nov 21 10:00:00 2026", 1795255200 },
    { " 2026-11-21T10:00:00Z\n", 1795255200 },
    /* as botocore.utils.parse_timestamp() */
    { "1795255200", 1795255200 },
    { "1795255200.25", 1795255200 },
    { "", -1 },
    { "2026-13-21T10:00:00Z", -1 },
    { "2026-11-21T10:00:00Zx", -1 },
    { "tomorrow", -1 },
    { "17952552", -1 },
    { "1795255200x", -1 },
    { "1795255200.", 1795255200 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].text);
      g_assert_cmpint (oci_aws_parse_time (rows[i].text), ==, rows[i].time);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/ecr/hosts", test_hosts);
  g_test_add_func ("/ecr/other-hosts", test_other_hosts);
  g_test_add_func ("/ecr/container-hosts", test_container_hosts);
  g_test_add_func ("/ecr/endpoint", test_endpoint);
  g_test_add_func ("/ecr/services", test_services);
  g_test_add_func ("/ecr/busy", test_busy);
  g_test_add_func ("/ecr/time", test_time);
  return g_test_run ();
}
