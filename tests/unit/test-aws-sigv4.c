/* Signature Version 4 against AWS's published test suite (awslabs/aws-c-auth,
 * tests/aws-signing-test-suite/v4, the files header-signed-request.txt). */
#include "testing.h"

#include "oci/aws/aws-sigv4.h"

typedef struct
{
  const char *name;
  const char *path;
  const char *query;
  const char *headers[4]; /* besides Host */
  const char *token;
  const char *body;
  const char *method;
  const char *signed_headers;
  const char *signature;
} Vector;

#define HOST_AND_DATE "host;x-amz-date"
#define VANILLA "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

static const Vector vectors[] = {
  { .name = "get-slash-dot-slash-normalized",
    .path = "/./",
    .signed_headers = HOST_AND_DATE,
    .signature = VANILLA },
  { .name = "get-relative-relative-normalized",
    .path = "/example1/example2/../..",
    .signed_headers = HOST_AND_DATE,
    .signature = VANILLA },
  { .name = "get-vanilla-query-order-key-case",
    .path = "/",
    .query = "Param2=value2&Param1=value1",
    .signed_headers = HOST_AND_DATE,
    .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
  { .name = "get-header-value-trim",
    .path = "/",
    .headers = { "My-Header1: value1", "My-Header2: \"a   b   c\"" },
    .signed_headers = "host;my-header1;my-header2;x-amz-date",
    .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
  { .name = "get-header-key-duplicate",
    .path = "/",
    .headers = { "My-Header1:value2", "My-Header1:value2", "My-Header1:value1" },
    .signed_headers = "host;my-header1;x-amz-date",
    .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
  { .name = "get-unreserved",
    .path = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    .signed_headers = HOST_AND_DATE,
    .signature = "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
  { .name = "get-utf8",
    .path = "/\341\210\264",
    .signed_headers = HOST_AND_DATE,
    .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
  { .name = "get-vanilla-utf8-query",
    .path = "/",
    .query = "\341\210\264=bar",
    .signed_headers = HOST_AND_DATE,
    .signature = "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
  { .name = "get-vanilla-with-session-token",
    .path = "/",
    .token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
    .signed_headers = "host;x-amz-date;x-amz-security-token",
    .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8" },
  { .name = "post-x-www-form-urlencoded",
    .method = "POST",
    .path = "/",
    .body = "Param1=value1",
    .headers = { "Content-Type:application/x-www-form-urlencoded", "Content-Length:13",
                 "x-amz-content-sha256:"
                 "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e" },
    .signed_headers = "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
    .signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b" },
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  const char *headers[] = { "Host:example.amazonaws.com", vector->headers[0], vector->headers[1],
                            vector->headers[2], NULL };
  g_autoptr (GBytes) body =
      vector->body != NULL ? g_bytes_new_static (vector->body, strlen (vector->body)) : NULL;
  const OciAwsRequest request = { .method = vector->method != NULL ? vector->method : "GET",
                                  .path = vector->path,
                                  .query = vector->query,
                                  .headers = headers,
                                  .body = body };
  const OciAwsCredentials credentials = {
    .access_key = (char *) "AKIDEXAMPLE",
    .secret_key = (char *) "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    .session_token = (char *) vector->token,
  };
  const OciAwsScope scope = { .region = "us-east-1",
                              .service = "service",
                              .time = "20150830T123600Z" };
  g_autofree char *expected =
      g_strdup_printf ("AWS4-HMAC-SHA256 "
                       "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                       "SignedHeaders=%s, Signature=%s",
                       vector->signed_headers, vector->signature);
  g_autofree char *actual = oci_aws_sign (&request, &credentials, &scope);
  g_assert_cmpstr (actual, ==, expected);
}

static void
test_canonical_request (void)
{
  static const char *const headers[] = { "Host: example.amazonaws.com", NULL };
  const OciAwsRequest request = {
    .method = "GET", .path = "/a%20b//c/", .query = "b&a=1&", .headers = headers
  };
  const OciAwsCredentials credentials = { .secret_key = (char *) "s" };
  g_autofree char *names = NULL;
  g_autofree char *text =
      oci_aws_canonical_request (&request, &credentials, "20150830T123600Z", &names);
  g_assert_cmpstr (text, ==,
                   "GET\n/a%2520b/c/\na=1&b=\nhost:example.amazonaws.com\n"
                   "x-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/aws-sigv4/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/aws-sigv4/canonical-request", test_canonical_request);
  return g_test_run ();
}
