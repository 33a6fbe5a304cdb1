#include "oci/base/raw-name.h"

#include "testing.h"

/* OPTU-8 of MirBSD: a byte B from 0x80 is U+EF80 + (B - 0x80), in UTF-8 ee be 80 … ef bf bf's lower
 * half: U+EF80 is 1110.1110 10.111110 10.000000. */
static const struct
{
  const char *bytes, *text, *shown;
} rows[] = {
  { "", "", "" },
  { "usr/lib", "usr/lib", "usr/lib" },
  { "b\xc3\xbc", "b\xc3\xbc", "b\xc3\xbc" },
  { "\x80", "\xee\xbe\x80", "\\x80" },
  { "n\xe4", "n\xee\xbf\xa4", "n\\xe4" },    /* U+EF80 + 0x64 = U+EFE4 */
  { "\xff.", "\xee\xbf\xbf.", "\\xff." },    /* U+EFFF */
  { "\xc3/x", "\xee\xbf\x83/x", "\\xc3/x" }, /* only the start of a character */
  { "\xed\xa0\x80", "\xee\xbf\xad\xee\xbe\xa0\xee\xbe\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
  { "\xee\xbe\x80", "\xee\xbf\xae\xee\xbe\xbe\xee\xbe\x80",
    "\xee\xbe\x80" }, /* one of the codes itself */
  { "a\tb", "a\tb",
    "a\\x09"
    "b" },
};

static void
test_pairs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = oci_raw_name_to_text (rows[i].bytes);
      g_autofree char *bytes = oci_raw_name_from_text (text);
      g_autofree char *shown = oci_raw_name_show (rows[i].bytes);
      g_test_message ("%s", rows[i].shown);
      g_assert_cmpstr (text, ==, rows[i].text);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_cmpstr (bytes, ==, rows[i].bytes);
      g_assert_cmpstr (shown, ==, rows[i].shown);
      g_assert_cmpint (oci_raw_name_is_encoded (text), ==, !g_str_equal (text, rows[i].bytes));
    }
}

/* Every sequence of three bytes of a set that has all kinds comes back, and no two meet. */
static void
test_round_trip (void)
{
  static const unsigned char kinds[] = { '/',  'a',  0x80, 0xbe, 0xbf, 0xc3,
                                         0xed, 0xee, 0xef, 0xf4, 0xff };
  const gsize n = G_N_ELEMENTS (kinds);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < n * n * n; i++)
    {
      const char name[] = { (char) kinds[i % n], (char) kinds[i / n % n], (char) kinds[i / n / n],
                            '\0' };
      char *text = oci_raw_name_to_text (name);
      g_autofree char *bytes = oci_raw_name_from_text (text);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_cmpstr (bytes, ==, name);
      g_assert_true (g_hash_table_add (seen, text));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/raw-name/pairs", test_pairs);
  g_test_add_func ("/raw-name/round-trip", test_round_trip);
  return g_test_run ();
}
