#include "oci/digest.h"

#include "oci/base/fd.h"

#include <openssl/evp.h>
#include <string.h>

static const char PREFIX[] = "sha256:";

static int
hex_value (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

gboolean
oci_digest_parse_hex (const char *hex, OciDigest *out_digest, GError **error)
{
  OciDigest digest;
  gboolean ok = strlen (hex) == OCI_DIGEST_HEX;
  for (size_t i = 0; ok && i < OCI_DIGEST_BYTES; i++)
    {
      int high = hex_value (hex[2 * i]), low = hex_value (hex[2 * i + 1]);
      ok = high >= 0 && low >= 0;
      digest.bytes[i] = (uint8_t) (((unsigned) high << 4) | (unsigned) low);
    }
  if (!ok)
    {
      g_autofree char *quoted = oci_quote (hex);
      return oci_throw (error, OCI_ERROR_FORMAT, "expected 64 lower-case hex digits, got %s",
                        quoted);
    }
  *out_digest = digest;
  return TRUE;
}

gboolean
oci_digest_parse (const char *text, OciDigest *out_digest, GError **error)
{
  if (g_str_has_prefix (text, PREFIX))
    return oci_digest_parse_hex (text + strlen (PREFIX), out_digest, error);
  g_autofree char *quoted = oci_quote (text);
  if (g_str_has_prefix (text, "sha512:") || g_str_has_prefix (text, "blake3:"))
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "the digest %s is not sha256", quoted);
  return oci_throw (error, OCI_ERROR_FORMAT, "expected a digest ‘sha256:…’, got %s", quoted);
}

const char *
oci_digest_hex (const OciDigest *self, OciDigestHex hex)
{
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < OCI_DIGEST_BYTES; i++)
    {
      hex[2 * i] = digits[self->bytes[i] >> 4];
      hex[2 * i + 1] = digits[self->bytes[i] & 15];
    }
  hex[OCI_DIGEST_HEX] = '\0';
  return hex;
}

const char *
oci_digest_text (const OciDigest *self, OciDigestText text)
{
  OciDigestHex hex;
  g_snprintf (text, sizeof (OciDigestText), "%s%s", PREFIX, oci_digest_hex (self, hex));
  return text;
}

gboolean
oci_digest_equal (const OciDigest *a, const OciDigest *b)
{
  return memcmp (a->bytes, b->bytes, OCI_DIGEST_BYTES) == 0;
}

struct _OciDigester
{
  EVP_MD_CTX *context;
};

/* OpenSSL's SHA-256 only fails without memory or without the algorithm: both end the process. */
static void
must (int ok)
{
  if (ok != 1)
    g_error ("OpenSSL cannot compute SHA-256");
}

OciDigester *
oci_digester_new (void)
{
  OciDigester *self = g_new0 (OciDigester, 1);
  self->context = EVP_MD_CTX_new ();
  must (self->context != NULL);
  must (EVP_DigestInit_ex (self->context, EVP_sha256 (), NULL));
  return self;
}

void
oci_digester_free (OciDigester *self)
{
  if (self == NULL)
    return;
  EVP_MD_CTX_free (self->context);
  g_free (self);
}

void
oci_digester_update (OciDigester *self, const void *data, size_t len)
{
  must (EVP_DigestUpdate (self->context, data, len));
}

OciDigest
oci_digester_finish (OciDigester *self)
{
  OciDigest digest;
  must (EVP_DigestFinal_ex (self->context, digest.bytes, NULL));
  must (EVP_DigestInit_ex (self->context, EVP_sha256 (), NULL));
  return digest;
}

OciDigest
oci_digest_of (const void *data, size_t len)
{
  OciDigest digest;
  must (EVP_Digest (data, len, digest.bytes, NULL, EVP_sha256 (), NULL));
  return digest;
}

OciDigest
oci_digest_of_bytes (GBytes *bytes)
{
  size_t size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  return oci_digest_of (size > 0 ? data : "", size);
}

gboolean
oci_digest_of_fd (int fd, OciDigest *out_digest, uint64_t *out_size, GError **error)
{
  enum
  {
    BUFFER = 256 * 1024
  };
  g_autoptr (OciDigester) digester = oci_digester_new ();
  g_autofree char *buffer = g_malloc (BUFFER);
  uint64_t total = 0;
  for (size_t got = BUFFER; got == BUFFER; total += got)
    {
      if (!oci_read_full (fd, buffer, BUFFER, &got, error))
        return FALSE;
      oci_digester_update (digester, buffer, got);
    }
  *out_digest = oci_digester_finish (digester);
  if (out_size != NULL)
    *out_size = total;
  return TRUE;
}
