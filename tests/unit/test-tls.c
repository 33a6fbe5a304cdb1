/* Which certificates count for a registry: containers-certs.d(5). */
#include "testing.h"

#include "oci/http/tls.h"

typedef struct
{
  TestDir dir;
  char *certs; /* of h.io:5000 */
} Fixture;

static void
write_file (const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  self->dir = test_dir_new ();
  self->certs = g_build_filename (self->dir.path, "containers", "certs.d", "h.io:5000", NULL);
  g_assert_cmpint (g_mkdir_with_parents (self->certs, 0755), ==, 0);
  g_assert_true (g_setenv ("XDG_CONFIG_HOME", self->dir.path, TRUE));
  write_file (self->dir.path, "system.pem", "SYSTEM");
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  test_dir_clear (&self->dir);
  g_free (self->certs);
}

static OciTlsConfig *
load (Fixture *self, const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *system = g_build_filename (self->dir.path, "system.pem", NULL);
  OciTlsConfig *config = oci_tls_config_load (host, system, &error);
  g_assert_no_error (error);
  return config;
}

static void
assert_trusts (const OciTlsConfig *config, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_file_get_contents (config->ca_file, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_nothing (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (OciTlsConfig) other = load (self, "other.io");
  g_assert_null (other->ca_file);
  g_assert_null (other->directory);
  g_autoptr (OciTlsConfig) empty = load (self, "h.io:5000");
  g_assert_null (empty->ca_file);
  g_assert_cmpstr (empty->directory, ==, self->certs);
}

static void
test_authorities (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  write_file (self->certs, "b.crt", "B");
  write_file (self->certs, "a.crt", "A");
  write_file (self->certs, "readme", "no");
  g_autoptr (OciTlsConfig) config = load (self, "h.io:5000");
  assert_trusts (config, "SYSTEM\nA\nB\n");
  g_assert_null (config->certificate);
}

static void
test_client_certificate (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  write_file (self->certs, "me.cert", "C");
  g_assert_null (oci_tls_config_load ("h.io:5000", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*me.cert has no key */me.key beside it");
  write_file (self->certs, "me.key", "K");
  g_autoptr (OciTlsConfig) config = load (self, "h.io:5000");
  g_assert_true (g_str_has_suffix (config->certificate, "/me.cert"));
  g_assert_true (g_str_has_suffix (config->key, "/me.key"));
}

static void
test_names_are_no_paths (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  static const char *const hosts[] = { "..", "../certs.d/h.io:5000", "." };
  for (size_t i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (OciTlsConfig) config = load (self, hosts[i]);
      g_assert_null (config->directory);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/tls/nothing", test_nothing);
  ADD ("/tls/authorities", test_authorities);
  ADD ("/tls/client-certificate", test_client_certificate);
  ADD ("/tls/names-are-no-paths", test_names_are_no_paths);
  return g_test_run ();
}
