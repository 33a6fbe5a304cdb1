/* The treatment of the bytes that a function answers. */
#include "builder/lambda/lambda-report.h"
#include "builder/validation/json-subset.h"

#include "oci/base/json.h"

#include "testing.h"

typedef struct
{
  const char *bytes;
  gsize len;
  const char *json; /* as text, in which a NUL of a string is \u0000 */
} Row;

#define ROW(bytes, json)                                                                           \
  {                                                                                                \
    bytes, sizeof (bytes) - 1, json                                                                \
  }

static void
test_bodies (void)
{
  static const Row rows[] = {
    ROW ("", "\"\""),
    ROW ("{\"a\": 1}", "{\"a\": 1}"),
    ROW ("7", "7"),
    ROW ("plain", "\"plain\""),
    ROW ("ok\0garbage", "\"ok\\ufffdgarbage\""),
    ROW ("\0", "\"\\ufffd\""),
    ROW ("end\0", "\"end\\ufffd\""),
    ROW ("a\0\0b", "\"a\\ufffd\\ufffdb\""),
    ROW ("\xff\xc3\xa9", "\"\\ufffd\\u00e9\""),
    ROW ("{\"a\": \"x\\u0000y\"}", "{\"a\": \"x\\u0000y\"}"),
    /* 2^64, which a double has exactly. */
    ROW ("{\"a\": 18446744073709551616, \"b\": 2}", "{\"a\": 18446744073709551616.0, \"b\": 2.0}"),
    ROW ("{\"a\": ", "\"{\\\"a\\\": \""),
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) body = g_bytes_new (rows[i].bytes, rows[i].len);
      g_autoptr (OciJsonValue) got = terrane_lambda_body_to_json (body);
      g_autoptr (OciJsonValue) expected =
          json_loads (rows[i].json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
      g_assert_nonnull (expected);
      g_assert_true (json_equal (got, expected));
    }
  g_autoptr (OciJsonValue) none = terrane_lambda_body_to_json (NULL);
  g_assert_cmpstr (json_string_value (none), ==, "");
}

/* One integer that is too large does not hide the rest from what was expected. */
static void
test_expect (void)
{
  static const char text[] = "{\"id\": 123456789012345678901234567890, \"ok\": true, \"n\": 3}";
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  g_autoptr (OciJsonValue) got = terrane_lambda_body_to_json (body);
  g_autoptr (OciJsonValue) same = json_loads ("{\"ok\": true, \"n\": 3}", 0, NULL);
  g_autoptr (OciJsonValue) other = json_loads ("{\"n\": 4}", 0, NULL);
  g_autofree char *none = terrane_json_subset (same, got);
  g_autofree char *found = terrane_json_subset (other, got);
  g_assert_null (none);
  g_assert_cmpstr (found, ==, "‘n’ is ‘3.0’, expected ‘4’");
}

static void
test_errors (void)
{
  static const Row rows[] = {
    ROW ("", "the function failed with ‘T’\n  without a message"),
    ROW ("{\"errorMessage\": \"\"}", "the function failed with ‘T’\n  without a message"),
    ROW ("{\"errorMessage\": \"a\\u0000b\\nc\", \"stackTrace\": [\"d\", 1]}",
         "the function failed with ‘T’\n  a\357\277\275b\n  c\n  d"),
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) message = g_string_new (NULL);
      g_auto (TerraneLambdaResult) result = { .error_type = g_strdup ("T"),
                                              .body = g_bytes_new (rows[i].bytes, rows[i].len) };
      terrane_lambda_describe_error (&result, message);
      g_assert_cmpstr (message->str, ==, rows[i].json);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/lambda-report/bodies", test_bodies);
  g_test_add_func ("/lambda-report/expect", test_expect);
  g_test_add_func ("/lambda-report/errors", test_errors);
  return g_test_run ();
}
