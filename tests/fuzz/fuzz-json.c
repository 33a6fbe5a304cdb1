/* Any document: walked with every getter, dumped, parsed again. */
#include "fuzz.h"

#include "oci/base/json-scan.h"
#include "oci/base/json.h"
#include "oci/base/text.h"

#include <string.h>

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

/* jansson decides, and the scanner finds the reason: never for valid JSON, and always for invalid
 * JSON except for the faults that it does not look for. */
static void
check_fault (GBytes *bytes, const GError *error)
{
  static const char *const beyond[] = { "this key is there twice", "this number is too large" };
  g_auto (OciJsonFault) fault = { .offset = 0 };
  size_t size = 0;
  const char *text = g_bytes_get_data (bytes, &size);
  oci_json_scan (size > 0 ? text : "", size, TRUE, &fault);
  g_assert_cmpuint (fault.offset, <=, size);
  if (error == NULL)
    {
      g_assert_null (fault.message);
      return;
    }
  if (fault.message == NULL)
    g_assert_true (strstr (error->message, beyond[0]) != NULL
                   || strstr (error->message, beyond[1]) != NULL);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 2000);
  for (const char *p = error->message; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || !oci_unichar_misleads (g_utf8_get_char (p)));
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
  check_fault (bytes, error);
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
