/* The answers that validate.invoke accepts. */
#include "builder/validation/json-subset.h"

#include "oci/base/json.h"

#include "testing.h"

static void
test_rows (void)
{
  static const struct
  {
    const char *expect, *value, *difference; /* a pattern; NULL: it has it */
  } rows[] = {
    { "{}", "{\"a\": 1}", NULL },
    { "{\"a\": 1}", "{\"a\": 1, \"b\": 2}", NULL },
    { "{\"a\": 1}", "{\"a\": 1.0}", NULL },
    { "{\"a\": {\"b\": null}}", "{\"a\": {\"b\": null, \"c\": 1}}", NULL },
    { "[{\"a\": 1}]", "[{\"a\": 1, \"b\": 2}]", NULL },
    { "\"x\"", "\"x\"", NULL },
    { "null", "null", NULL },
    { "{\"a\": 1}", "{\"a\": 2}", "‘a’ is ‘2’, expected ‘1’" },
    { "{\"a\": 0.1}", "{\"a\": 0.30000000000000004}",
      "‘a’ is ‘0.30000000000000004’, expected ‘0.1’" },
    { "{\"a\": null}", "{}", "‘a’ is missing, expected ‘null’" },
    { "{\"a\": {\"b\": [0, {\"c\": true}]}}", "{\"a\": {\"b\": [0, {\"c\": false}]}}",
      "‘a.b[1].c’ is ‘false’, expected ‘true’" },
    { "[1]", "[1, 2]", "the answer is ‘[1, 2]’, expected ‘[1]’" },
    { "{}", "[]", "the answer is ‘[]’, expected ‘{}’" },
    { "1", "\"1\"", "the answer is ‘\"1\"’, expected ‘1’" },
    { "9007199254740993", "9007199254740992",
      "the answer is ‘9007199254740992’, expected ‘9007199254740993’" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (OciJsonValue) expect = json_loads (rows[i].expect, JSON_DECODE_ANY, NULL);
      g_autoptr (OciJsonValue) value = json_loads (rows[i].value, JSON_DECODE_ANY, NULL);
      g_autofree char *difference = terrane_json_subset (expect, value);
      g_assert_cmpstr (difference, ==, rows[i].difference);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-subset/rows", test_rows);
  return g_test_run ();
}
