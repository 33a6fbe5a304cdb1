/* RECORD of a wheel: what is read can be written, and read again as the same. */
#include "fuzz.h"

#include "builder/python/record.h"

#include "oci/base/path.h"

#include <string.h>

static void
check_same (gpointer path, gpointer value, gpointer data)
{
  const TerraneRecordRow *row = value, *again = g_hash_table_lookup (data, path);
  g_autofree char *normal = NULL;
  g_assert_true (oci_path_normalise (path, &normal, NULL));
  g_assert_cmpstr (normal, ==, path);
  g_assert_nonnull (again);
  g_assert_cmpint (row->algorithm, ==, again->algorithm);
  g_assert_true (memcmp (row->digest, again->digest, sizeof row->digest) == 0);
  g_assert_true (row->has_size == again->has_size && row->size == again->size);
}

static void
collect (G_GNUC_UNUSED gpointer path, gpointer value, gpointer data)
{
  g_ptr_array_add (data, value);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) record = terrane_record_parse (bytes, problems, &error);
  FUZZ_CHECK (record != NULL, error);
  if (record == NULL)
    return 0;
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();
  g_hash_table_foreach (record, collect, rows);
  g_autoptr (GBytes) written = terrane_record_write (rows);
  g_ptr_array_set_size (problems, 0);
  g_autoptr (GHashTable) again = terrane_record_parse (written, problems, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_cmpuint (g_hash_table_size (record), ==, g_hash_table_size (again));
  g_hash_table_foreach (record, check_same, again);
  return 0;
}
