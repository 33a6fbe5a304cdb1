#include "builder/python/record.h"

#include "testing.h"

/* Digests of "hello": base64.urlsafe_b64encode(hashlib.new(NAME,
 * b"hello").digest()).rstrip(b"=") */
#define SHA256 "sha256=LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
#define SHA384 "sha384=WeF0h3dEjGnea4ANejO7-5_xtGPkQ1TDVTvNucZm-pASWjx5-QOXvfX2oT3oKGhP"
#define SHA512                                                                                     \
  "sha512=m3HSJL1i83hdltRq0-o9czGb-8KJDKra4t_3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw"

static GHashTable *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = test_bytes (text);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  return terrane_record_parse (bytes, problems, error);
}

static void
test_digests (void)
{
  static const struct
  {
    const char *text;
    GChecksumType type;
    TerraneRecordAlgorithm algorithm;
  } rows[] = {
    { SHA256, G_CHECKSUM_SHA256, TERRANE_RECORD_SHA256 },
    { SHA384, G_CHECKSUM_SHA384, TERRANE_RECORD_SHA384 },
    { SHA512, G_CHECKSUM_SHA512, TERRANE_RECORD_SHA512 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = g_strdup_printf ("a/b.py,%s,5\n", rows[i].text);
      g_autoptr (GHashTable) record = parse (line, &error);
      g_assert_no_error (error);
      const TerraneRecordRow *row = g_hash_table_lookup (record, "a/b.py");
      guint8 digest[TERRANE_RECORD_DIGEST_MAX];
      gsize len = sizeof digest;
      g_autoptr (GChecksum) checksum = g_checksum_new (rows[i].type);
      g_checksum_update (checksum, (const guchar *) "hello", 5);
      g_checksum_get_digest (checksum, digest, &len);
      g_assert_cmpint (row->algorithm, ==, rows[i].algorithm);
      assert_bytes (row->digest, terrane_record_digest_size (row->algorithm), digest, len);
      g_assert_true (row->has_size);
      g_assert_cmpuint (row->size, ==, 5);
      g_autofree char *text = terrane_record_digest_text (row->algorithm, row->digest);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

/* Expected values: csv.reader of Python. */
static void
test_csv (void)
{
  static const struct
  {
    const char *text;
    const char *paths; /* joined by "|" in any order: one path a row here */
  } rows[] = {
    { "", NULL },
    { "\n\r\n", NULL },
    { "plain,,", "plain" },
    { "plain,,\r\n", "plain" },
    { "\n\nplain,,\n\n", "plain" },
    { "\"a,b\",,\n", "a,b" },
    { "\"a\"\"b\",\"\",\"\"\n", "a\"b" },
    { "a\"b,,\n", "a\"b" },
    { "\"a\nb\",,\n", "a\nb" },
    { "a b,,\n", "a b" },
    { "./a//b,,\n", "a/b" },
    { "dir/,,\n", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GHashTable) record = parse (rows[i].text, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_hash_table_size (record), ==, rows[i].paths != NULL);
      if (rows[i].paths == NULL)
        continue;
      const TerraneRecordRow *row = g_hash_table_lookup (record, rows[i].paths);
      g_assert_nonnull (row);
      g_assert_cmpint (row->algorithm, ==, TERRANE_RECORD_NONE);
      g_assert_false (row->has_size);
    }
}

/* The result of csv.writer (lineterminator="\n") for the same rows. */
static void
test_write (void)
{
  static const char *const paths[] = { "a b", "a,b", "a\"b", "a\nb", "plain" };
  g_autoptr (GPtrArray) rows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_record_row_free);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_ptr_array_add (rows, terrane_record_row_new (paths[i]));
  TerraneRecordRow *last = rows->pdata[rows->len - 1];
  last->has_size = TRUE;
  last->size = 7;
  g_autoptr (GBytes) bytes = terrane_record_write (rows);
  assert_text (bytes, "a b,,\n\"a,b\",,\n\"a\"\"b\",,\n\"a\nb\",,\nplain,,7\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) record = terrane_record_parse (bytes, problems, &error);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (record), ==, G_N_ELEMENTS (paths));
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *pattern;
  } rows[] = {
    { "a\n", "RECORD: a row has not 3 columns" },
    { "a,\n", "RECORD: a row has not 3 columns" },
    { "a,,,\n", "RECORD: a row has not 3 columns" },
    { ",,\n", "RECORD: ‘’: no path of a file" },
    { ".,,\n", "RECORD: ‘.’: no path of a file" },
    { "\"a,,\n", "RECORD: a quoted field has no end" },
    { "\"a\"b,,\n", "RECORD: text after a quoted field" },
    { "../a,,\n", "RECORD: the path ‘../a’ contains ‘..’" },
    { "../a/,,\n", "RECORD: the path ‘../a/’ contains ‘..’" },
    { "/../a,,\n", "RECORD: the path ‘../a’ contains ‘..’" },
    { "\xff,,\n", "RECORD: not UTF-8 text" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].text);
      g_assert_null (parse (rows[i].text, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

/* Faults that installers tolerate: "PATH PROBLEM…" and the number of rows with a digest and a
 * size. */
static void
test_inexact (void)
{
  static const struct
  {
    const char *text, *problem;
    gboolean has_digest, has_size;
  } rows[] = {
    { "a," SHA256 ",5\na,,\n", "‘a’ is there twice", TRUE, TRUE },
    { "a," SHA256 ",5\n./a," SHA256 ",5\n", "‘./a’ is there twice", TRUE, TRUE },
    { "//a," SHA256 ",5\n", "‘//a’ has a slash in front", TRUE, TRUE },
    { "a," SHA256 ",x\n", "‘x’ of ‘a’ is not a size", TRUE, FALSE },
    { "a," SHA256 ",-1\n", "‘-1’ of ‘a’ is not a size", TRUE, FALSE },
    { "a,md5=XUFAKrxLKna5cZ2REBfFkg,\n", NULL, FALSE, FALSE },
    { "a,sha1=qvTGHdzF6KLavt4PO0gs2a6pQ00,\n", NULL, FALSE, FALSE },
    { "a,sha2567,5\n", NULL, FALSE, TRUE },
    { "a,sha256=,\n", NULL, FALSE, FALSE },
    { "a," SHA256 "A,\n", NULL, FALSE, FALSE },
    { "a," SHA256 "=A,\n", NULL, FALSE, FALSE },
    { "a,sha256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ,\n", NULL, FALSE, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = test_bytes (rows[i].text);
      g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
      g_test_message ("%s", rows[i].text);
      g_autoptr (GHashTable) record = terrane_record_parse (bytes, problems, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_hash_table_size (record), ==, 1);
      const TerraneRecordRow *row = g_hash_table_lookup (record, "a");
      g_assert_cmpint (row->algorithm != TERRANE_RECORD_NONE, ==, rows[i].has_digest);
      g_assert_cmpint (row->has_size, ==, rows[i].has_size);
      g_assert_cmpuint (problems->len, ==, rows[i].problem != NULL ? 1 : 0);
      if (rows[i].problem != NULL)
        g_assert_cmpstr (problems->pdata[0], ==, rows[i].problem);
    }
}

static void
test_too_many (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (int i = 0; i <= 200000; i++)
    g_string_append_printf (text, "%d,,\n", i);
  g_assert_null (parse (text->str, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "RECORD: over 200000 rows");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/record/digests", test_digests);
  g_test_add_func ("/record/csv", test_csv);
  g_test_add_func ("/record/write", test_write);
  g_test_add_func ("/record/bad", test_bad);
  g_test_add_func ("/record/inexact", test_inexact);
  g_test_add_func ("/record/too-many", test_too_many);
  return g_test_run ();
}
