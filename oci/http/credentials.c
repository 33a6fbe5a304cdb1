#include "oci/http/credentials.h"

#include <string.h>

void
oci_secret_free (char *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

void
oci_secret_wipe_json (json_t *value)
{
  const char *key;
  json_t *member;
  size_t i;
  if (json_is_string (value))
    explicit_bzero ((char *) json_string_value (value), json_string_length (value));
  json_array_foreach (value, i, member) oci_secret_wipe_json (member);
  json_object_foreach (value, key, member)
  {
    (void) key;
    oci_secret_wipe_json (member);
  }
}

OciJsonDocument *
oci_secret_json_parse (const char *name, GBytes *data, OciJson *out_root, GError **error)
{
  /* Messages about documents that the user did not write do not quote them: they may contain
   * passwords. */
  return oci_json_parse (name, data, OCI_ERROR_FORMAT, out_root, error);
}

void
oci_credentials_free (OciCredentials *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  oci_secret_free (self->password);
  g_free (self->source);
  g_free (self);
}

OciCredentials *
oci_credentials_copy (const OciCredentials *self)
{
  OciCredentials *copy = g_new0 (OciCredentials, 1);
  copy->user = g_strdup (self->user);
  copy->password = g_strdup (self->password);
  copy->source = g_strdup (self->source);
  copy->identity_token = self->identity_token;
  return copy;
}

char *
oci_credentials_basic_header (const OciCredentials *self)
{
  g_autoptr (OciSecret) pair = g_strconcat (self->user, ":", self->password, NULL);
  g_autoptr (OciSecret) encoded = g_base64_encode ((const guchar *) pair, strlen (pair));
  return g_strconcat ("Basic ", encoded, NULL);
}
