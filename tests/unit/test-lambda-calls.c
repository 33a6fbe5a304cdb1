/* Calls of AWS Lambda's API: botocore's model lambda/2015-03-31, and AWS's documented answers. */
#include "testing.h"

#include "oci/aws/lambda-api.h"

#include <string.h>

/* Frees @call. */
static void
assert_call (OciLambdaCall *call, const char *method, const char *path, const char *query,
             const char *body)
{
  g_autoptr (OciLambdaCall) owned = call;
  g_autoptr (GBytes) bytes = oci_lambda_call_body (owned);
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autofree char *text = data != NULL ? g_strndup (data, size) : NULL;
  g_assert_cmpstr (owned->method, ==, method);
  g_assert_cmpstr (owned->path, ==, path);
  g_assert_cmpstr (owned->query, ==, query);
  g_assert_cmpstr (text, ==, body);
}

static void
test_functions (void)
{
  assert_call (oci_lambda_get_function ("tiles", NULL), "GET", "/2015-03-31/functions/tiles", NULL,
               NULL);
  assert_call (oci_lambda_get_configuration ("tiles", "7"), "GET",
               "/2015-03-31/functions/tiles/configuration", "Qualifier=7", NULL);
  assert_call (
      oci_lambda_get_alias ("arn:aws:lambda:eu-west-1:123456789012:function:tiles", "live"), "GET",
      "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3A"
      "tiles/aliases/live",
      NULL, NULL);
  assert_call (oci_lambda_update_code ("tiles", "h/r@sha256:00", "arm64", "r-1", TRUE), "PUT",
               "/2015-03-31/functions/tiles/code", NULL,
               "{\"Architectures\":[\"arm64\"],\"DryRun\":true,\"ImageUri\":\"h/r@sha256:00\","
               "\"Publish\":false,\"RevisionId\":\"r-1\"}");
  assert_call (oci_lambda_publish_version ("tiles", "c0de", NULL, "of h/r"), "POST",
               "/2015-03-31/functions/tiles/versions", NULL,
               "{\"CodeSha256\":\"c0de\",\"Description\":\"of h/r\"}");
}

static void
test_aliases (void)
{
  const char *path = "/2015-03-31/functions/tiles/aliases/live";
  assert_call (oci_lambda_update_alias ("tiles", "live", "1", "2", 1000, "r-1"), "PUT", path, NULL,
               "{\"FunctionVersion\":\"1\",\"RevisionId\":\"r-1\",\"RoutingConfig\":"
               "{\"AdditionalVersionWeights\":{\"2\":0.1}}}");
  assert_call (oci_lambda_update_alias ("tiles", "live", "1", "2", 9999, NULL), "PUT", path, NULL,
               "{\"FunctionVersion\":\"1\",\"RoutingConfig\":"
               "{\"AdditionalVersionWeights\":{\"2\":0.9999}}}");
  /* "To remove the routing configuration, an empty map": the API reference of UpdateAlias. */
  assert_call (oci_lambda_update_alias ("tiles", "live", "2", NULL, 0, NULL), "PUT", path, NULL,
               "{\"FunctionVersion\":\"2\",\"RoutingConfig\":{\"AdditionalVersionWeights\":{}}}");
}

static void
test_invoke (void)
{
  g_autoptr (GBytes) event = g_bytes_new_static ("{}", 2);
  OciLambdaCall *call = oci_lambda_invoke ("tiles", "live", event);
  g_assert_true (call->once);
  g_assert_true (g_strv_contains ((const char *const *) call->headers, "X-Amz-Log-Type: Tail"));
  assert_call (call, "POST", "/2015-03-31/functions/tiles/invocations", "Qualifier=live", "{}");
}

static void
test_layers (void)
{
  static const char *const runtimes[] = { "python3.13", NULL };
  g_autoptr (GBytes) zip = g_bytes_new_static ("PK", 2);
  const OciLambdaLayerArguments arguments = {
    .name = "gdal", .zip = zip, .runtimes = runtimes, .description = "GDAL"
  };
  OciLambdaCall *call = oci_lambda_publish_layer (&arguments);
  g_assert_true (call->once); /* each call makes a version */
  assert_call (call, "POST", "/2018-10-31/layers/gdal/versions", NULL,
               "{\"CompatibleRuntimes\":[\"python3.13\"],\"Content\":{\"ZipFile\":\"UEs=\"},"
               "\"Description\":\"GDAL\"}");
  assert_call (oci_lambda_list_layer_versions ("gdal"), "GET", "/2018-10-31/layers/gdal/versions",
               NULL, NULL);
  assert_call (oci_lambda_get_layer_version ("gdal", 12), "GET",
               "/2018-10-31/layers/gdal/versions/12", NULL, NULL);
}

/* Both forms have the same members, GetFunction's below "Configuration". */
static void
test_reading (void)
{
  g_autoptr (OciJsonValue) whole = json_loads (
      "{\"Configuration\":{\"FunctionArn\":\"arn:1\",\"PackageType\":\"Image\",\"Timeout\":"
      "30,\"State\":\"Active\",\"LastUpdateStatus\":\"InProgress\",\"Architectures\":"
      "[\"arm64\"],\"RevisionId\":\"r\"},\"Code\":{\"ImageUri\":\"h/r:v1\","
      "\"ResolvedImageUri\":\"h/r@sha256:00\"}}",
      0, NULL);
  g_autoptr (OciLambdaFunction) function = oci_lambda_function_read (whole);
  g_assert_cmpstr (function->arn, ==, "arn:1");
  g_assert_cmpstr (function->architecture, ==, "arm64");
  g_assert_cmpstr (function->resolved_image, ==, "h/r@sha256:00");
  g_autoptr (OciLambdaFunction) flat =
      oci_lambda_function_read (json_object_get (whole, "Configuration"));
  g_assert_cmpstr (flat->update_status, ==, "InProgress");
  g_assert_null (flat->image);
  g_autoptr (OciJsonValue) document =
      json_loads ("{\"FunctionVersion\":\"1\",\"RoutingConfig\":{\"AdditionalVersionWeights\":"
                  "{\"2\":0.25}}}",
                  0, NULL);
  g_autoptr (OciLambdaAlias) alias = oci_lambda_alias_read (document);
  g_assert_cmpstr (alias->version, ==, "1");
  g_assert_cmpstr (alias->other, ==, "2");
  g_assert_cmpfloat (alias->weight, ==, 0.25);
}

/* Whatever AWS sends instead of what it should is an absence. */
static void
test_odd_answers (void)
{
  static const char *const texts[] = {
    "{}",
    "{\"Configuration\":7,\"Code\":[]}",
    "{\"Configuration\":null}",
    "{\"Architectures\":\"arm64\",\"Timeout\":\"x\"}",
    "{\"RoutingConfig\":[],\"FunctionVersion\":1}",
    "{\"RoutingConfig\":{\"AdditionalVersionWeights\":[1]}}",
    "{\"RoutingConfig\":{\"AdditionalVersionWeights\":{\"2\":0}}}",
    "{\"RoutingConfig\":{\"AdditionalVersionWeights\":{\"2\":\"x\"}}}"
  };
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (OciJsonValue) document = json_loads (texts[i], 0, NULL);
      g_autoptr (OciLambdaFunction) function = oci_lambda_function_read (document);
      g_autoptr (OciLambdaAlias) alias = oci_lambda_alias_read (document);
      g_assert_null (function->architecture);
      g_assert_null (alias->version);
      g_assert_null (alias->other);
    }
}

/* botocore's endpoint rules for lambda. */
static void
test_hosts (void)
{
  static const struct
  {
    const char *region;
    gboolean fips, dual_stack;
    const char *host;
  } cases[] = {
    { "eu-west-1", FALSE, FALSE, "lambda.eu-west-1.amazonaws.com" },
    { "us-east-1", TRUE, FALSE, "lambda-fips.us-east-1.amazonaws.com" },
    { "us-east-1", FALSE, TRUE, "lambda.us-east-1.api.aws" },
    { "us-gov-west-1", FALSE, FALSE, "lambda.us-gov-west-1.amazonaws.com" },
    { "cn-north-1", FALSE, FALSE, "lambda.cn-north-1.amazonaws.com.cn" },
    { "cn-north-1", FALSE, TRUE, "lambda.cn-north-1.api.amazonwebservices.com.cn" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host =
          oci_lambda_api_host (cases[i].region, cases[i].fips, cases[i].dual_stack);
      g_assert_cmpstr (host, ==, cases[i].host);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lambda-calls/functions", test_functions);
  g_test_add_func ("/lambda-calls/aliases", test_aliases);
  g_test_add_func ("/lambda-calls/invoke", test_invoke);
  g_test_add_func ("/lambda-calls/layers", test_layers);
  g_test_add_func ("/lambda-calls/reading", test_reading);
  g_test_add_func ("/lambda-calls/odd-answers", test_odd_answers);
  g_test_add_func ("/lambda-calls/hosts", test_hosts);
  return g_test_run ();
}
