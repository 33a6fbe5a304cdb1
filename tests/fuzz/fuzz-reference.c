/* References and transports: accepted text comes back as text that means the same. */
#include "oci/transport.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum
{
  MAX_INPUT_BYTES = 2048,
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
try_reference (const char *text)
{
  g_autoptr (GError) error = NULL, error_again = NULL;
  g_autoptr (OciReference) reference = oci_reference_parse (text, &error);
  g_assert_true ((reference != NULL) == (error == NULL));
  if (reference == NULL)
    return;
  g_assert_cmpuint (strlen (reference->repository), <=, OCI_REPOSITORY_MAX_BYTES);
  g_autofree char *written = oci_reference_text (reference);
  g_autoptr (OciReference) again = oci_reference_parse (written, &error_again);
  g_assert_no_error (error_again);
  g_assert_cmpstr (again->host, ==, reference->host);
  g_assert_cmpstr (again->repository, ==, reference->repository);
  g_assert_cmpstr (again->tag, ==, reference->tag);
  g_assert_cmpint (again->has_digest, ==, reference->has_digest);
}

static void
try_transport (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciTransport) transport = oci_transport_parse (text, &error);
  g_assert_true ((transport != NULL) == (error == NULL));
  if (transport != NULL)
    g_assert_true ((transport->kind == OCI_TRANSPORT_REGISTRY) == (transport->reference != NULL));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > MAX_INPUT_BYTES)
    return 0;
  g_autofree char *text = g_strndup ((const char *) data, size);
  try_reference (text);
  try_transport (text);
  return 0;
}
