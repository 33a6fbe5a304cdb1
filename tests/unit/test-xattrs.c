/* Extended attributes for people: those that differ, with values that are safe to show. */
#include "testing.h"

#include "builder/store/xattrs.h"

#include "oci/base/json.h"

#include <string.h>

static void
add (GVariantBuilder *builder, const char *name, const void *value, size_t len)
{
  g_variant_builder_add (
      builder, "(@ay@ay)", g_variant_new_bytestring (name),
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, sizeof (guint8)));
}

static void
assert_only_in (GVariant *some, GVariant *other, const char *expected)
{
  g_autoptr (OciJsonValue) object = terrane_xattrs_only_in (some, other);
  g_autofree char *text = json_dumps (object, JSON_COMPACT | JSON_SORT_KEYS);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_differences (void)
{
  GVariantBuilder a, b;
  g_variant_builder_init (&a, G_VARIANT_TYPE ("a(ayay)"));
  g_variant_builder_init (&b, G_VARIANT_TYPE ("a(ayay)"));
  add (&a, "user.changed", "1", 1);
  add (&a, "user.gone", "x y", 3);
  add (&a, "user.same", "1", 1);
  add (&b, "user.changed", "2", 1);
  add (&b, "user.same", "1", 1);
  g_autoptr (GVariant) some = g_variant_ref_sink (g_variant_builder_end (&a));
  g_autoptr (GVariant) other = g_variant_ref_sink (g_variant_builder_end (&b));
  assert_only_in (some, other, "{\"user.changed\":\"1\",\"user.gone\":\"x y\"}");
  assert_only_in (other, some, "{\"user.changed\":\"2\"}");
  assert_only_in (some, some, "{}");
  assert_only_in (NULL, some, "{}");
  assert_only_in (other, NULL, "{\"user.changed\":\"2\",\"user.same\":\"1\"}");
}

static void
test_hostile_bytes (void)
{
  GVariantBuilder builder;
  char many[65];
  memset (many, 0x01, sizeof many);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  add (&builder, "a", "\x1b[31m", 5);
  add (&builder, "b", "x\0y", 3);
  add (&builder, "c", "\xff", 1);
  add (&builder, "d", "", 0);
  add (&builder, "e", "ü", 2);
  add (&builder, "f", many, sizeof many);
  add (&builder, "g\xff", "1", 1);
  g_autoptr (GVariant) some = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_autoptr (GString) cut = g_string_new (NULL);
  for (int i = 0; i < 64; i++)
    g_string_append (cut, "01");
  g_autofree char *expected =
      g_strdup_printf ("{\"a\":\"0x1b5b33316d\",\"b\":\"0x780079\",\"c\":\"0xff\",\"d\":\"\","
                       "\"e\":\"ü\",\"f\":\"0x%s…\",\"g\xef\xbf\xbd\":\"1\"}",
                       cut->str);
  assert_only_in (some, NULL, expected);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/xattrs/differences", test_differences);
  g_test_add_func ("/xattrs/hostile-bytes", test_hostile_bytes);
  return g_test_run ();
}
