#include "builder/validation/certificate.h"

#include "oci/base/error.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum
{
  DAY = 24 * 60 * 60,
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

static gboolean
add_extension (X509 *certificate, int nid, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, nid, value);
  gboolean ok = extension != NULL && X509_add_ext (certificate, extension, -1) == 1;
  X509_EXTENSION_free (extension);
  return ok;
}

static gboolean
fill (X509 *certificate, EVP_PKEY *key)
{
  X509_NAME *name = X509_get_subject_name (certificate);
  return X509_set_version (certificate, X509_VERSION_3) == 1
         && ASN1_INTEGER_set (X509_get_serialNumber (certificate), 1) == 1
         && X509_gmtime_adj (X509_getm_notBefore (certificate), -DAY) != NULL
         && X509_gmtime_adj (X509_getm_notAfter (certificate), DAY) != NULL
         && X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC,
                                        (const unsigned char *) "localhost", -1, -1, 0)
                == 1
         && X509_set_issuer_name (certificate, name) == 1 && X509_set_pubkey (certificate, key) == 1
         && add_extension (certificate, NID_basic_constraints, "critical,CA:TRUE")
         && add_extension (certificate, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost")
         && X509_sign (certificate, key, EVP_sha256 ()) > 0;
}

static GBytes *
to_pem (EVP_PKEY *key, X509 *certificate)
{
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  char *data = NULL;
  if (bio == NULL
      || (key != NULL && PEM_write_bio_PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL) != 1)
      || PEM_write_bio_X509 (bio, certificate) != 1)
    return NULL;
  long len = BIO_get_mem_data (bio, &data);
  return len > 0 ? g_bytes_new (data, (gsize) len) : NULL;
}

gboolean
terrane_certificate_new (GBytes **out_certificate, GBytes **out_key_and_certificate, GError **error)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("P-256");
  g_autoptr (X509) certificate = X509_new ();
  if (key == NULL || certificate == NULL || !fill (certificate, key))
    return oci_throw (error, OCI_ERROR_IO, "a certificate for the test server could not be made");
  *out_certificate = to_pem (NULL, certificate);
  *out_key_and_certificate = to_pem (key, certificate);
  return (*out_certificate != NULL && *out_key_and_certificate != NULL)
         || oci_throw (error, OCI_ERROR_IO,
                       "a certificate for the test server could not be written");
}
