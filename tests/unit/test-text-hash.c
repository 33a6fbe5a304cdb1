#include "oci/base/text-hash.h"

#include "testing.h"

/* Python hashes bytes by SipHash-1-3, with a key of zeros when PYTHONHASHSEED is 0:
 * PYTHONHASHSEED=0 python3.11 -c 'print(hex(hash(b"abc") & (1 << 64) - 1))' */
static void
test_siphash (void)
{
  static const guint64 zeros[2] = { 0, 0 };
  g_autofree char *hundred = g_strnfill (100, 'x');
  const struct
  {
    const char *text;
    guint64 hash;
  } rows[] = {
    { "a", G_GUINT64_CONSTANT (0x407448d2b89b1813) },
    { "abc", G_GUINT64_CONSTANT (0xc03bc3a0042630f2) },
    { "abcdefg", G_GUINT64_CONSTANT (0x6db12aae9070f506) },
    { "abcdefgh", G_GUINT64_CONSTANT (0x3f7b849c0b8e35ea) },
    { "abcdefghijklmnopq", G_GUINT64_CONSTANT (0x61c47e6da27eaccc) },
    { hundred, G_GUINT64_CONSTANT (0x12de6d6e12e5750c) },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmphex (oci_siphash (zeros, rows[i].text, strlen (rows[i].text)), ==, rows[i].hash);
  const guint64 other[2] = { 1, 0 }, another[2] = { 0, 1 };
  g_assert_cmphex (oci_siphash (other, "abc", 3), !=, oci_siphash (zeros, "abc", 3));
  g_assert_cmphex (oci_siphash (another, "abc", 3), !=, oci_siphash (zeros, "abc", 3));
}

/* djb2, which g_str_hash() is, gives "Aa" and "B@" the same hash, and so all 2^12 texts of twelve
 * of them: 33 * 'A' + 'a' = 33 * 'B' + '@'. Keyed, few of them share one. */
static void
test_collisions (void)
{
  enum
  {
    PARTS = 12
  };
  g_autoptr (GHashTable) plain = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) keyed = g_hash_table_new (NULL, NULL);
  for (guint bits = 0; bits < 1U << PARTS; bits++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      for (guint i = 0; i < PARTS; i++)
        g_string_append (text, (bits & 1U << i) != 0 ? "Aa" : "B@");
      g_hash_table_add (plain, GUINT_TO_POINTER (g_str_hash (text->str)));
      g_hash_table_add (keyed, GUINT_TO_POINTER (oci_text_hash (text->str)));
      g_assert_cmpuint (oci_text_hash (text->str), ==, oci_text_hash (text->str));
    }
  g_assert_cmpuint (g_hash_table_size (plain), ==, 1);
  g_assert_cmpuint (g_hash_table_size (keyed), >, (1U << PARTS) - 10);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/text-hash/siphash", test_siphash);
  g_test_add_func ("/text-hash/collisions", test_collisions);
  return g_test_run ();
}
