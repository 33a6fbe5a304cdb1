#include "oci/http/trust.h"

#include "oci/base/text-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END "-----END CERTIFICATE-----"

enum
{
  BUNDLE_MAX_BYTES = 8 * 1024 * 1024,
  DIRECTORY_MAX_FILES = 4096,
  HASH_DIGITS = 8, /* in the names made by c_rehash(1) */
};

/* Debian and Ubuntu; Fedora and Amazon Linux; openSUSE; Alpine and the BSDs. */
static const char *const system_bundles[] = {
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
  NULL,
};
static const char *const system_directories[] = { "/etc/ssl/certs", "/etc/pki/tls/certs", NULL };

/* Certificates of several files, each once. */
typedef struct
{
  GByteArray *pem;
  GHashTable *seen; /* base64 without white space */
  guint files;      /* number of files that added something */
} Bundle;

static void
bundle_clear (Bundle *self)
{
  g_byte_array_unref (self->pem);
  g_hash_table_unref (self->seen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bundle, bundle_clear)

static char *
without_white_space (const char *text, size_t len)
{
  GString *out = g_string_sized_new (len);
  for (size_t i = 0; i < len; i++)
    if (!g_ascii_isspace (text[i]))
      g_string_append_c (out, text[i]);
  return g_string_free (out, FALSE);
}

/* Adds the certificates of @data, ignoring text between them. Returns: number of certificates in
 * it */
static guint
bundle_add (Bundle *self, GBytes *data)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  guint count = 0;
  guint len = self->pem->len;
  for (const char *end = text + size; text < end;)
    {
      const char *begin = memmem (text, (size_t) (end - text), PEM_BEGIN, strlen (PEM_BEGIN));
      const char *stop =
          begin != NULL ? memmem (begin, (size_t) (end - begin), PEM_END, strlen (PEM_END)) : NULL;
      if (stop == NULL)
        break;
      text = stop + strlen (PEM_END);
      count++;
      const char *base64 = begin + strlen (PEM_BEGIN);
      if (!g_hash_table_add (self->seen, without_white_space (base64, (size_t) (stop - base64))))
        continue;
      g_byte_array_append (self->pem, (const guint8 *) begin, (guint) (text - begin));
      g_byte_array_append (self->pem, (const guint8 *) "\n", 1);
    }
  if (self->pem->len > len)
    self->files++;
  return count;
}

static gboolean
is_hash_name (const char *name)
{
  size_t digits = strspn (name, "0123456789abcdef");
  return digits == HASH_DIGITS && name[digits] == '.' && name[digits + 1] != '\0'
         && strspn (name + digits + 1, "0123456789") == strlen (name + digits + 1);
}

/* A dangling link, or a file that this user may not read, is not an authority: OpenSSL and GnuTLS
 * skip it, too. */
static gboolean
bundle_add_directory (Bundle *self, const char *directory, gboolean hashes_only, guint *out_count,
                      GError **error)
{
  guint files = 0;
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (AT_FDCWD, directory, TRUE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len && files < DIRECTORY_MAX_FILES; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autoptr (GBytes) data = NULL;
      if (name[0] == '.' || (hashes_only && !is_hash_name (name)))
        continue;
      files++;
      if (oci_read_file (AT_FDCWD, path, BUNDLE_MAX_BYTES, &data, NULL))
        *out_count += bundle_add (self, data);
    }
  return TRUE;
}

static gboolean
publish (OciTrust *self, const Bundle *bundle, GError **error)
{
  self->fd = memfd_create ("terrane-authorities", MFD_CLOEXEC);
  if (self->fd < 0)
    return oci_throw_errno (error, "memfd_create");
  self->file = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  return oci_write_all (self->fd, bundle->pem->data, bundle->pem->len, error);
}

/* Returns the value of the variable @name; NULL if it is empty. */
static const char *
variable (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

static gboolean
add_named_file (Bundle *bundle, const char *name, const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  OCI_PREFIX (error, "$%s", name);
  if (!oci_read_file (AT_FDCWD, path, BUNDLE_MAX_BYTES, &data, error))
    return FALSE;
  g_autofree char *quoted = oci_quote (path);
  return bundle_add (bundle, data) > 0
         || oci_throw (error, OCI_ERROR_FORMAT,
                       "%s has no certificate in it (a block that begins with %s)", quoted,
                       PEM_BEGIN);
}

static gboolean
add_named_directories (Bundle *bundle, const char *list, GError **error)
{
  OCI_PREFIX (error, "$SSL_CERT_DIR");
  g_auto (GStrv) directories = g_strsplit (list, ":", -1);
  guint count = 0;
  for (char **directory = directories; *directory != NULL; directory++)
    if ((*directory)[0] != '\0' && !bundle_add_directory (bundle, *directory, FALSE, &count, error))
      return FALSE;
  g_autofree char *quoted = oci_quote (list);
  return count > 0
         || oci_throw (error, OCI_ERROR_NOT_FOUND, "no file in %s holds a certificate", quoted);
}

/* Uses @path itself if nothing had to be added to it. */
static gboolean
take (OciTrust *self, const Bundle *bundle, const char *path, GError **error)
{
  if (path == NULL || bundle->files != 1)
    return publish (self, bundle, error);
  self->file = g_strdup (path);
  return TRUE;
}

static gboolean
load_named (OciTrust *self, Bundle *bundle, GError **error)
{
  const char *curl = variable ("CURL_CA_BUNDLE");
  const char *file = curl != NULL ? curl : variable ("SSL_CERT_FILE");
  const char *directories = curl != NULL ? NULL : variable ("SSL_CERT_DIR");
  self->name = curl != NULL ? "$CURL_CA_BUNDLE" : file != NULL ? "$SSL_CERT_FILE" : "$SSL_CERT_DIR";
  if (file != NULL && !add_named_file (bundle, self->name + 1, file, error))
    return FALSE;
  if (directories != NULL && !add_named_directories (bundle, directories, error))
    return FALSE;
  return take (self, bundle, file, error);
}

static gboolean
load_system (OciTrust *self, const OciTrustPlaces *places, Bundle *bundle, GError **error)
{
  const char *file = NULL;
  guint count = 0;
  self->name = "the system";
  for (const char *const *path = places->bundles; count == 0 && *path != NULL; path++)
    {
      g_autoptr (GBytes) data = NULL;
      g_autoptr (GError) local = NULL;
      if (oci_read_file (AT_FDCWD, *path, BUNDLE_MAX_BYTES, &data, &local))
        count = bundle_add (bundle, data);
      else if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (count > 0)
        file = *path;
    }
  for (const char *const *directory = places->directories; *directory != NULL; directory++)
    {
      g_autoptr (GError) local = NULL;
      if (!bundle_add_directory (bundle, *directory, TRUE, &count, &local)
          && !g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  if (count == 0)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "this machine has no certificate authorities (%s and other places were "
                      "looked at); install the package ca-certificates, or name a file in "
                      "SSL_CERT_FILE",
                      places->bundles[0]);
  return take (self, bundle, file, error);
}

OciTrust *
oci_trust_load (const OciTrustPlaces *places, GError **error)
{
  static const OciTrustPlaces usual = { system_bundles, system_directories };
  g_autoptr (OciTrust) self = g_new0 (OciTrust, 1);
  g_auto (Bundle)
      bundle = { .pem = g_byte_array_new (),
                 .seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL) };
  self->fd = -1;
  gboolean named = variable ("CURL_CA_BUNDLE") != NULL || variable ("SSL_CERT_FILE") != NULL
                   || variable ("SSL_CERT_DIR") != NULL;
  OCI_PREFIX (error, "certificate authorities");
  gboolean ok = named ? load_named (self, &bundle, error)
                      : load_system (self, places != NULL ? places : &usual, &bundle, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
oci_trust_free (OciTrust *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  oci_fd_close (self->fd);
  g_free (self);
}
