/* Variables: what is expanded is UTF-8, and ${lock.short} stays only where it may. */
#include "fuzz.h"

#include "builder/profile/variables.h"

#include <string.h>

static char *
revision (const char *directory, gpointer data)
{
  (void) directory;
  (void) data;
  return g_strdup ("0123456789abcdef0123456789abcdef01234567");
}

static void
expand (const char *text, gboolean allow_lock)
{
  const TerraneProfileVariables variables = { .git_revision = revision };
  OciJson root;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new ("p", json_string (text), OCI_ERROR_USAGE, &root);
  g_autoptr (TerraneExpander) expander = terrane_expander_new (&variables, "here");
  if (allow_lock)
    terrane_expander_set_platform (expander, "linux/arm64");
  g_autofree char *expanded = terrane_expander_expand (expander, &root, allow_lock);
  gboolean ok = oci_json_document_finish (document, &error);
  FUZZ_CHECK (ok, error);
  g_assert_true ((expanded == NULL) == (error != NULL));
  if (expanded == NULL)
    return;
  g_assert_true (g_utf8_validate (expanded, -1, NULL));
  g_autofree char *final = terrane_profile_expand_lock (expanded, "0123456789ab");
  if (allow_lock)
    g_assert_false (terrane_profile_wants_lock (final));
  if (strstr (text, "${") == NULL)
    g_assert_cmpstr (expanded, ==, text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *raw = g_strndup ((const char *) data, MIN (size, FUZZ_MAX_BYTES));
  g_autofree char *text = g_utf8_make_valid (raw, -1);
  expand (text, FALSE);
  expand (text, TRUE);
  return 0;
}
