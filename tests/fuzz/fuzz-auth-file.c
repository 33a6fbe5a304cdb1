/* Auth files: any bytes, looked up for one host, and changed. */
#include "oci/registry/auth-file.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum
{
  MAX_INPUT_BYTES = 64 * 1024,
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Entries that were set are found, those that were removed are not. */
static void
change (GBytes *before)
{
  const OciCredentials credentials = { .user = (char *) "u", .password = (char *) "p" };
  guint removed = 0;
  g_autoptr (OciSecret) set = oci_auth_file_set ("f", before, "h.io/team", &credentials, NULL);
  if (set == NULL)
    return;
  g_autoptr (GBytes) after = g_bytes_new_static (set, strlen (set));
  g_auto (GStrv) keys = oci_auth_file_keys ("f", after, NULL);
  g_assert_true (keys == NULL || g_strv_contains ((const char *const *) keys, "h.io/team"));
  g_autoptr (OciSecret) without = oci_auth_file_remove ("f", after, "h.io/team", &removed, NULL);
  g_assert_true (without != NULL && removed == 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > MAX_INPUT_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_auto (OciAuthEntry) entry = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  gboolean ok = oci_auth_file_parse ("auth.json", bytes, "h.io", "team/app", &entry, &error);
  g_assert_true (ok == (error == NULL));
  const OciCredentials *credentials = entry.credentials;
  g_assert_true (ok || (credentials == NULL && entry.helper == NULL));
  g_assert_true (credentials == NULL || entry.helper == NULL);
  if (credentials != NULL)
    g_assert_true (credentials->user != NULL && credentials->password != NULL
                   && credentials->source != NULL);
  if (entry.helper != NULL)
    g_assert_true (strchr (entry.helper, '/') == NULL && entry.server != NULL);
  if (ok)
    change (bytes);
  return 0;
}
