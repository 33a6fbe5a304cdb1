/* Any document: walked with every getter, dumped, parsed again. */
#include "fuzz.h"

#include "oci/base/json.h"

static const char *const known[] = { "name", "trees", "config", "value", NULL };

static void walk (const OciJson *at);

static void
walk_children (const OciJson *at)
{
  const char *key;
  json_t *value;
  size_t length = 0;
  OciJson child;
  if (json_is_object (at->value))
    json_object_foreach ((json_t *) at->value, key, value)
    {
      if (oci_json_member (at, key, &child))
        walk (&child);
    }
  else if (json_is_array (at->value) && oci_json_array (at, 1000, &length))
    for (size_t i = 0; i < length; i++)
      {
        oci_json_element (at, i, &child);
        walk (&child);
      }
}

static void
walk (const OciJson *at)
{
  const char *text;
  gboolean flag;
  int64_t number;
  unsigned word;
  g_auto (GStrv) strings = NULL;
  g_autofree char *path = oci_json_path (at);
  g_assert_nonnull (path);
  (void) oci_json_object (at, known);
  (void) oci_json_string (at, &text);
  (void) oci_json_bool (at, &flag);
  (void) oci_json_int (at, -5, 5, &number);
  (void) oci_json_word (at, known, &word);
  (void) oci_json_strv (at, 10, &strings);
  walk_children (at);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  OciJson root, again_root;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("input", bytes, OCI_ERROR_USAGE, &root, &error);
  FUZZ_CHECK (document != NULL, error);
  if (document == NULL)
    return 0;
  g_autoptr (GBytes) dumped = oci_json_dump (root.value);
  g_autoptr (OciJsonDocument) again G_GNUC_UNUSED =
      oci_json_parse ("dump", dumped, OCI_ERROR_USAGE, &again_root, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) dumped_again = oci_json_dump (again_root.value);
  g_assert_true (g_bytes_equal (dumped, dumped_again));
  walk (&root);
  gboolean ok = oci_json_document_finish (document, &error);
  FUZZ_CHECK (ok, error);
  return 0;
}
