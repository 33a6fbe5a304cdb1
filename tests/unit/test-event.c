#include "builder/lambda/event.h"

#include "testing.h"

#include "oci/base/error.h"

static const char *const good[] = {
  "{}",
  " [ ] \n",
  "null",
  "true",
  "false",
  "0",
  "-0.0e-0",
  "1e999",
  "12345678901234567890123456789012345678901234567890",
  "\"\"",
  "\"\\ud800 \\u0000 \\\"\\\\\\/\\b\\f\\n\\r\\t é\"",
  "{\"a\": [1, {\"b\": []}, \"c\"], \"\": {}}",
  "\xef\xbb\xbf{}",
  "\t[[[[]]],[]]\r\n",
};

/* With the byte that is at fault. */
static const struct
{
  const char *text;
  const char *where;
} bad[] = {
  { " ", "it ends at byte 1" },
  { "x", "unexpected character at byte 0" },
  { "{", "it ends at byte 1" },
  { "[1", "it ends at byte 2" },
  { "[1 2]", "unexpected character at byte 3" },
  { "[1,]", "unexpected character at byte 3" },
  { "{\"a\"}", "unexpected character at byte 4" },
  { "{\"a\":1,}", "unexpected character at byte 7" },
  { "{a: 1}", "unexpected character at byte 1" },
  { "[1}", "unexpected character at byte 2" },
  { "{\"a\":1]", "unexpected character at byte 6" },
  { "{} {}", "unexpected character at byte 3" },
  { "01", "unexpected character at byte 1" },
  { "-", "it ends at byte 1" },
  { "1.", "it ends at byte 2" },
  { "1e+", "it ends at byte 3" },
  { "+1", "unexpected character at byte 0" },
  { "nul", "it ends at byte 3" },
  { "NaN", "unexpected character at byte 0" },
  { "'a'", "unexpected character at byte 0" },
  { "\"a", "it ends at byte 2" },
  { "\"\\x\"", "unexpected character at byte 2" },
  { "\"\\u12g4\"", "unexpected character at byte 5" },
  { "\"a\nb\"", "unexpected character at byte 2" },
  { "\"\xff\"", "not UTF-8 at byte 1" },
  { "key=value", "unexpected character at byte 0" },
};

static void
test_good (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) payload = g_bytes_new (good[i], strlen (good[i]));
      g_autoptr (GBytes) event = terrane_event_take (payload, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (event, payload));
    }
}

static void
test_bad (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) payload = g_bytes_new (bad[i].text, strlen (bad[i].text));
      g_assert_null (terrane_event_take (payload, &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);
      g_assert_true (g_str_has_suffix (error->message, bad[i].where));
    }
}

static void
test_odd (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0), nul = g_bytes_new_static ("[\0]", 3);
  g_autoptr (GBytes) event = terrane_event_take (nothing, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) empty = g_bytes_new_static ("{}", 2);
  g_assert_true (g_bytes_equal (event, empty));
  g_assert_null (terrane_event_take (nul, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);

  /* Nothing is recursive. */
  g_autoptr (GString) deep = g_string_new (NULL);
  for (int i = 0; i < 1000000; i++)
    g_string_append_c (deep, '[');
  for (int i = 0; i < 1000000; i++)
    g_string_append_c (deep, ']');
  g_autoptr (GBytes) payload = g_bytes_new (deep->str, deep->len);
  g_autoptr (GError) none = NULL;
  g_autoptr (GBytes) taken = terrane_event_take (payload, &none);
  g_assert_no_error (none);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/event/good", test_good);
  g_test_add_func ("/event/bad", test_bad);
  g_test_add_func ("/event/odd", test_odd);
  return g_test_run ();
}
