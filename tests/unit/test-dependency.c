#include "builder/python/dependency.h"

#include "testing.h"

/* Forms of PEP 508, and of older metadata (PEP 345) with parentheses. */
static void
test_forms (void)
{
  static const struct
  {
    const char *text, *normalised, *specifiers, *marker;
  } cases[] = {
    { "name", "name", "", NULL },
    { " A.B-_C ", "a-b-c", "", NULL },
    { "name<=1", "name", "<=1", NULL },
    { "click (>=4.0)", "click", ">=4.0", NULL },
    { "name ( >=3 , <2 ) ; python_version < '2.7'", "name", ">=3 , <2", "python_version < '2.7'" },
    { "name[a,b] >=2 ; os_name=='a;b'", "name", ">=2", "os_name=='a;b'" },
    { "name [x];extra == \"y\"", "name", "", "extra == \"y\"" },
    { "name @ https://h/a;b.whl ; extra == 'x'", "name", "", "extra == 'x'" },
    { "name~=1.0,!=1.1", "name", "~=1.0,!=1.1", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneDependency) dependency = terrane_dependency_parse (cases[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (dependency->normalised, ==, cases[i].normalised);
      g_assert_cmpstr (dependency->specifiers, ==, cases[i].specifiers);
      g_assert_cmpstr (dependency->marker, ==, cases[i].marker);
    }
}

static void
test_refused (void)
{
  static const char *const cases[] = { "", " ", ";", "-a", "a-", "a b", "a [b", "\xc3\xa4", "a &" };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (terrane_dependency_parse (cases[i], &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT);
    }
}

static void
test_eggs (void)
{
  static const char *const expected[] = { "a", "b>=1", "c ; python_version > '3'" };
  g_autoptr (GPtrArray) requires = terrane_egg_requires_parse (
      "a\n b>=1 \r\n\n[x]\nno\n[:python_version > '3']\nc\n[y:os_name == 'z']\nno\n");
  g_assert_cmpuint (requires->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < requires->len; i++)
    g_assert_cmpstr (requires->pdata[i], ==, expected[i]);
}

/* A marker of 100 KB for each of 100000 requirements would be 10 GB. */
static void
test_egg_requires_are_bounded (void)
{
  g_autoptr (GString) text = g_string_new ("[:");
  gsize total = 0;
  for (int i = 0; i < 100000; i++)
    g_string_append_c (text, 'm');
  g_string_append (text, "]\n");
  for (int i = 0; i < 100000; i++)
    g_string_append (text, "a\n");
  g_autoptr (GPtrArray) requires = terrane_egg_requires_parse (text->str);
  for (guint i = 0; i < requires->len; i++)
    total += strlen (requires->pdata[i]);
  g_assert_cmpuint (requires->len, >, 0);
  g_assert_cmpuint (total, <=, text->len * TERRANE_EGG_REQUIRES_GROWTH + 3 * requires->len);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/dependency/forms", test_forms);
  g_test_add_func ("/dependency/refused", test_refused);
  g_test_add_func ("/dependency/eggs", test_eggs);
  g_test_add_func ("/dependency/egg-requires-are-bounded", test_egg_requires_are_bounded);
  return g_test_run ();
}
