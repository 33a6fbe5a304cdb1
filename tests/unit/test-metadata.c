#include "builder/python/metadata.h"

#include "testing.h"

static gboolean
append_field (gpointer data, const char *name, const char *value, G_GNUC_UNUSED GError **error)
{
  g_string_append_printf (data, "<%s|%s>", name, value);
  return TRUE;
}

/* Expected values: email.parser.HeaderParser of Python 3.11, which unfolds nothing. */
static void
test_headers (void)
{
  static const struct
  {
    const char *text, *want;
  } rows[] = {
    { "", "" },
    { "A: b\nC:d", "<A|b><C|d>" },
    { "A: b\r\nC:  d \r\n\r\nE: body\n", "<A|b><C|d>" },
    { "A: b\n c\n\td\nE: f\n", "<A|b\n c\n\td><E|f>" },
    { "A:\nB: x:y\n", "<A|><B|x:y>" },
    { "A: b\nno field\nC: d\n", "<A|b>" },
    { " A: b\n", "" },
    { "A: \xc3\xbc\n", "<A|\xc3\xbc>" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) got = g_string_new (NULL);
      g_autoptr (GBytes) bytes = test_bytes (rows[i].text);
      g_assert_true (terrane_headers_parse (bytes, append_field, got, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (got->str, ==, rows[i].want);
    }
}

static void
test_metadata (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = test_bytes ("Metadata-Version: 2.1\nname: Foo.Bar\nVersion: 1.0\n"
                                         "Requires-Dist: click >=4.0\nrequires-dist: numpy; "
                                         "extra == 'x'\nRequires-Python: >=3.9\n\nName: body\n");
  g_autoptr (TerraneMetadata) metadata = terrane_metadata_parse (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (metadata->name, ==, "Foo.Bar");
  g_assert_cmpstr (metadata->version, ==, "1.0");
  g_assert_cmpstr (metadata->requires_python, ==, ">=3.9");
  g_assert_cmpuint (metadata->requires_dist->len, ==, 2);
  g_assert_cmpstr (metadata->requires_dist->pdata[0], ==, "click >=4.0");
  g_assert_cmpstr (metadata->requires_dist->pdata[1], ==, "numpy; extra == 'x'");
}

static void
test_bad_metadata (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "", "METADATA: there is no Name" },
    { "Name: x\n", "METADATA: there is no Version" },
    { "Name: x\nVersion: \n", "METADATA: there is no Version" },
    { "Name: x\nName: y\nVersion: 1\n", "METADATA: Name is there twice" },
    { "Name: x\nVersion: 1\nVERSION: 1\n", "METADATA: Version is there twice" },
    { "Name: ../x\nVersion: 1\n", "METADATA: invalid Name ‘../x’*" },
    { "Name: x\n y\nVersion: 1\n", "METADATA: invalid Name *" },
    { "Name: x\nVersion: 1\nAuthor: J\xfcrgen\n", "METADATA: not UTF-8 text" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = test_bytes (rows[i].text);
      g_autoptr (TerraneMetadata) metadata = terrane_metadata_parse (bytes, &error);
      g_assert_null (metadata);
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

static void
test_too_many (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new ("Name: x\nVersion: 1\n");
  for (int i = 0; i < 10001; i++)
    g_string_append (text, "Requires-Dist: y\n");
  g_autoptr (GBytes) bytes = test_bytes (text->str);
  g_autoptr (TerraneMetadata) metadata = terrane_metadata_parse (bytes, &error);
  g_assert_null (metadata);
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "METADATA: over 10000 requirements");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/metadata/headers", test_headers);
  g_test_add_func ("/metadata/fields", test_metadata);
  g_test_add_func ("/metadata/bad", test_bad_metadata);
  g_test_add_func ("/metadata/too-many", test_too_many);
  return g_test_run ();
}
