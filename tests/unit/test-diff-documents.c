#include "builder/diff/documents.h"
#include "builder/diff/symbols.h"

#include "testing.h"

static json_t *
diff (const char *a, const char *b)
{
  g_autoptr (OciJsonValue) left = json_loads (a, JSON_DECODE_ANY, NULL);
  g_autoptr (OciJsonValue) right = json_loads (b, JSON_DECODE_ANY, NULL);
  g_assert_nonnull (left);
  g_assert_nonnull (right);
  return terrane_diff_documents (left, right);
}

static void
test_keys (void)
{
  static const char *const rows[][3] = {
    { "{\"a\":1}", "{\"a\":1}", "[]" },
    { "{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[1,3,4]}}",
      "[{\"key\":\"a.b[1]\",\"a\":2,\"b\":3},{\"key\":\"a.b[2]\",\"b\":4}]" },
    { "{\"a\":1}", "{\"b\":null}", "[{\"key\":\"a\",\"a\":1},{\"key\":\"b\",\"b\":null}]" },
    { "{\"a\":[]}", "{\"a\":{}}", "[{\"key\":\"a\",\"a\":[],\"b\":{}}]" },
    /* Variables by name, unless they are not variables, or there twice. */
    { "{\"c\":{\"Env\":[\"A=1\",\"B=2\"]}}", "{\"c\":{\"Env\":[\"B=2\",\"A=3\"]}}",
      "[{\"key\":\"c.Env.A\",\"a\":\"1\",\"b\":\"3\"}]" },
    { "{\"c\":{\"Env\":[\"A=1\",\"B=2\"]}}", "{\"c\":{\"Env\":[\"B=2\",\"A=1\"]}}",
      "[{\"key\":\"c.Env\",\"a\":[\"A=1\",\"B=2\"],\"b\":[\"B=2\",\"A=1\"]}]" },
    { "{\"c\":{\"Env\":[\"A=1\",\"A=2\"]}}", "{\"c\":{\"Env\":[\"A=1\",\"A=3\"]}}",
      "[{\"key\":\"c.Env[1]\",\"a\":\"A=2\",\"b\":\"A=3\"}]" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (OciJsonValue) found = diff (rows[i][0], rows[i][1]);
      g_autoptr (OciJsonValue) expected = json_loads (rows[i][2], 0, NULL);
      g_autofree char *text = json_dumps (found, JSON_COMPACT);
      g_test_message ("%s", text);
      g_assert_true (json_equal (found, expected));
    }
}

/* An object with a long name that has many members: what they differ in is not larger. */
static char *
make_long (unsigned first)
{
  GString *text = g_string_new ("{\"");
  for (unsigned i = 0; i < 100000; i++)
    g_string_append_c (text, 'x');
  g_string_append (text, "\":{");
  for (unsigned i = 0; i < 3000; i++)
    g_string_append_printf (text, "%s\"k%u\":%u", i > 0 ? "," : "", i, first + i);
  g_string_append (text, "}}");
  return g_string_free (text, FALSE);
}

static void
test_limits (void)
{
  size_t i;
  json_t *row;
  g_autofree char *a = make_long (0), *b = make_long (1);
  g_autoptr (OciJsonValue) none = diff (a, a), all = diff (a, b);
  g_assert_cmpuint (json_array_size (none), ==, 0);
  g_assert_cmpuint (json_array_size (all), ==, 1000);
  json_array_foreach (all, i, row)
      g_assert_cmpuint (json_string_length (json_object_get (row, "key")), <=, 4000);
}

static void
test_stems (void)
{
  static const char *const rows[][2] = {
    { "libz.so.1", "libz" },
    { "libz.so", "libz" },
    { "libgdal-1a2b3c4d.so.36.3.12", "libgdal" },
    { "libgdal-1a2b3c4.so", "libgdal-1a2b3c4" },
    { "libwebp-7-1a2b3c4d.so.7", "libwebp-7" },
    { "libsomething-abcdefgh.so.1", "libsomething-abcdefgh" },
    { "plain", "plain" },
    { "", "" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *stem = terrane_diff_library_stem (rows[i][0]);
      g_assert_cmpstr (stem, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/diff-documents/keys", test_keys);
  g_test_add_func ("/diff-documents/limits", test_limits);
  g_test_add_func ("/diff-documents/stems", test_stems);
  return g_test_run ();
}
