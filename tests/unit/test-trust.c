/* Which authorities count: $CURL_CA_BUNDLE, $SSL_CERT_FILE, $SSL_CERT_DIR, and the system's. */
#include "testing.h"

#include "oci/http/trust.h"

#include <sys/stat.h>
#include <unistd.h>

#define PEM(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----"

typedef struct
{
  TestDir dir;
  char *certs; /* the system's directory */
} Fixture;

static char *
write_file (const char *directory, const char *name, const char *text)
{
  char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static void
forget_variables (void)
{
  g_unsetenv ("CURL_CA_BUNDLE");
  g_unsetenv ("SSL_CERT_FILE");
  g_unsetenv ("SSL_CERT_DIR");
}

static void
set_up (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  self->dir = test_dir_new ();
  self->certs = g_build_filename (self->dir.path, "certs", NULL);
  g_assert_cmpint (g_mkdir_with_parents (self->certs, 0755), ==, 0);
  forget_variables ();
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  forget_variables ();
  test_dir_clear (&self->dir);
  g_free (self->certs);
}

static OciTrust *
load (const Fixture *self, GError **error)
{
  g_autofree char *first = g_build_filename (self->dir.path, "absent.pem", NULL);
  g_autofree char *second = g_build_filename (self->dir.path, "system.pem", NULL);
  g_autofree char *absent = g_build_filename (self->dir.path, "absent", NULL);
  const char *const bundles[] = { first, second, NULL };
  const char *const directories[] = { absent, self->certs, NULL };
  return oci_trust_load (&(OciTrustPlaces){ bundles, directories }, error);
}

static void
assert_trusts (const Fixture *self, const char *name, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciTrust) trust = load (self, &error);
  g_autofree char *text = NULL;
  g_assert_no_error (error);
  g_assert_cmpstr (trust->name, ==, name);
  g_file_get_contents (trust->file, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_refused (const Fixture *self, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (load (self, &error));
  g_assert_nonnull (error);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("unexpected message: %s", error->message);
}

static void
test_system_bundle (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *path = write_file (self->dir.path, "system.pem", "# one\n" PEM ("AA") "\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (OciTrust) trust = load (self, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (trust->file, ==, path); /* as it is: nothing had to be added */
}

/* Files with names by c_rehash are used if the bundle lacks them; other files are not. */
static void
test_system_directory (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *bundle = write_file (self->dir.path, "system.pem", PEM ("AA\nBB") "\n");
  g_autofree char *same = write_file (self->certs, "00000001.0", PEM ("AABB") "\r\n");
  g_autofree char *other = write_file (self->certs, "0123abcd.12", PEM ("CC") "\n");
  static const char *const not_hashes[] = { "0123abcd.r0", "0123abc.0",  "0123abcde.0",
                                            "0123abcd",    "0123abcd.",  "0123abcd.0x",
                                            "site.pem",    "0123ABCD.0", "ca-certificates.crt" };
  for (size_t i = 0; i < G_N_ELEMENTS (not_hashes); i++)
    g_free (write_file (self->certs, not_hashes[i], PEM ("DD") "\n"));
  g_autofree char *dangling = g_build_filename (self->certs, "00000002.0", NULL);
  g_assert_cmpint (symlink ("nowhere", dangling), ==, 0);
  assert_trusts (self, "the system", PEM ("AA\nBB") "\n" PEM ("CC") "\n");
}

static void
test_directory_alone (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *second = write_file (self->certs, "0123abcd.1", PEM ("BB"));
  g_autofree char *first = write_file (self->certs, "0123abcd.0", "text\n" PEM ("AA"));
  assert_trusts (self, "the system", PEM ("AA") "\n" PEM ("BB") "\n");
}

static void
test_none (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  assert_refused (self, "certificate authorities: this machine has no certificate authorities "
                        "(*/absent.pem and other places were looked at); install*");
}

static void
test_variables (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *system = write_file (self->dir.path, "system.pem", PEM ("SS"));
  g_autofree char *file = write_file (self->dir.path, "file.pem", PEM ("FF") "\n");
  g_autofree char *curl = write_file (self->dir.path, "curl.pem", PEM ("CC") "\n");
  g_autofree char *directory = g_build_filename (self->dir.path, "own", NULL);
  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  g_free (write_file (directory, "any name", PEM ("DD")));
  g_assert_true (g_setenv ("SSL_CERT_FILE", "", TRUE)); /* as if it were not set */
  assert_trusts (self, "the system", PEM ("SS"));
  g_autofree char *list = g_strconcat (":", directory, ":", directory, NULL);
  g_assert_true (g_setenv ("SSL_CERT_DIR", list, TRUE));
  assert_trusts (self, "$SSL_CERT_DIR", PEM ("DD") "\n");
  g_assert_true (g_setenv ("SSL_CERT_FILE", file, TRUE));
  assert_trusts (self, "$SSL_CERT_FILE", PEM ("FF") "\n" PEM ("DD") "\n");
  g_assert_true (g_setenv ("CURL_CA_BUNDLE", curl, TRUE));
  assert_trusts (self, "$CURL_CA_BUNDLE", PEM ("CC") "\n");
}

static void
test_unusable_variables (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autofree char *system = write_file (self->dir.path, "system.pem", PEM ("SS"));
  g_autofree char *empty = write_file (self->dir.path, "key.pem", "-----BEGIN PRIVATE KEY-----\n");
  g_autofree char *absent = g_build_filename (self->dir.path, "absent", NULL);
  g_assert_true (g_setenv ("SSL_CERT_FILE", absent, TRUE));
  assert_refused (self, "certificate authorities: $SSL_CERT_FILE: */absent*: No such file*");
  g_assert_true (g_setenv ("SSL_CERT_FILE", empty, TRUE));
  assert_refused (self, "*$SSL_CERT_FILE: ‘*/key.pem’ has no certificate in it*");
  g_assert_true (g_setenv ("SSL_CERT_FILE", "", TRUE));
  g_assert_true (g_setenv ("SSL_CERT_DIR", self->certs, TRUE));
  assert_refused (self, "*$SSL_CERT_DIR: no file in ‘*/certs’ holds a certificate");
  g_assert_true (g_setenv ("SSL_CERT_DIR", absent, TRUE));
  assert_refused (self, "*$SSL_CERT_DIR: */absent’: No such file*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/trust/system-bundle", test_system_bundle);
  ADD ("/trust/system-directory", test_system_directory);
  ADD ("/trust/directory-alone", test_directory_alone);
  ADD ("/trust/none", test_none);
  ADD ("/trust/variables", test_variables);
  ADD ("/trust/unusable-variables", test_unusable_variables);
  return g_test_run ();
}
