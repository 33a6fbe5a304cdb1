/* Descriptions of two JSON values that are not equal. */
#include "testing.h"

#include "builder/explain/difference.h"

#include "oci/base/json.h"

static void
assert_lines (const char *before, const char *after, const char *expected)
{
  g_autoptr (OciJsonValue) old = json_loads (before, JSON_DECODE_ANY, NULL);
  g_autoptr (OciJsonValue) now = json_loads (after, JSON_DECODE_ANY, NULL);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  terrane_describe_difference ("k", old, now, lines);
  g_ptr_array_add (lines, NULL);
  g_autofree char *text = g_strjoinv ("|", (char **) lines->pdata);
  g_assert_cmpstr (text, ==, expected);
}

#define A64 "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""
#define B64 "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\""

static void
test_values (void)
{
  assert_lines ("1", "1", "");
  assert_lines ("", "", "");
  assert_lines ("1", "2", "k 1 → 2");
  assert_lines ("\"a\"", "\"b\"", "k a → b");
  assert_lines ("\"\"", "\"b\"", "k ‘’ → b");
  assert_lines ("", "\"b\"", "k set to b");
  assert_lines ("\"a\"", "", "k removed");
  assert_lines ("false", "true", "k switched on");
  assert_lines ("true", "", "k switched off");
  assert_lines (A64, B64, "k changed"); /* where digests differ is of no interest */
  assert_lines ("1", "[1]", "k 1 → [1]");
}

static void
test_lists (void)
{
  assert_lines ("[\"a\",\"b\"]", "[\"b\",\"c\"]", "k +c −a");
  assert_lines ("[\"a\",\"b\"]", "[\"b\",\"a\"]", "k: its order changed");
  assert_lines ("", "[\"a\"]", "k +a");
  assert_lines ("", "[]", "k set to []"); /* an empty command replaces that of the base */
  assert_lines ("[]", "", "k removed");
  assert_lines ("[\"a\"]", "[\"a\",\"a\"]", "k: an element is repeated another number of times");
  assert_lines ("[]", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\"]",
                "k +1 +2 +3 +4 +5 +6 and 2 more");
  assert_lines ("[[\"a\"],[\"b\"]]", "[[\"a\"],[\"c\"]]", "k 2 changed");
  assert_lines ("[1,2]", "[1,3]", "k 2 2 → 3");
}

static void
test_objects (void)
{
  assert_lines ("{\"a\":1,\"b\":{\"c\":\"x\"}}", "{\"b\":{\"c\":\"y\"},\"d\":true}",
                "k.a removed|k.b.c x → y|k.d switched on");
  assert_lines ("", "{\"a\":1}", "k.a set to 1");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/difference/values", test_values);
  g_test_add_func ("/difference/lists", test_lists);
  g_test_add_func ("/difference/objects", test_objects);
  return g_test_run ();
}
