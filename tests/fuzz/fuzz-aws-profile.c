/* The AWS configuration files: any bytes. */
#include "fuzz.h"

#include "oci/aws/aws-profile.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > FUZZ_MAX_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) sections = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  gboolean ok = oci_aws_ini_parse ("config", bytes, &sections, &error);
  FUZZ_CHECK (ok, error);
  g_assert_true (ok == (sections != NULL));
  if (!ok)
    {
      g_assert_true (g_str_has_prefix (error->message, "config:"));
      return 0;
    }
  GHashTableIter outer, inner;
  gpointer name, section, key, value;
  g_hash_table_iter_init (&outer, sections);
  while (g_hash_table_iter_next (&outer, &name, &section))
    {
      g_assert_true (strpbrk (name, " \t\"'\n]") == NULL || strchr (name, ' ') != NULL);
      g_hash_table_iter_init (&inner, section);
      while (g_hash_table_iter_next (&inner, &key, &value))
        g_assert_true (strpbrk (key, "=\n") == NULL && strchr (value, '\n') == NULL);
    }
  return 0;
}
