/* Where credentials are looked for, and in which order. */
#include "oci/registry/auth-lookup.h"

#include "testing.h"

/* "u1:p" and so on in base64. */
#define U1 "{\"auths\":{\"h.io\":{\"auth\":\"dTE6cA==\"}}}"
#define U2 "{\"auths\":{\"h.io\":{\"auth\":\"dTI6cA==\"}}}"
#define U3 "{\"auths\":{\"h.io\":{\"auth\":\"dTM6cA==\"}}}"

/* No files of the user that runs the tests. */
static TestDir
new_home (void)
{
  TestDir dir = test_dir_new ();
  g_autofree char *runtime = test_dir_file (&dir, "run");
  g_unsetenv ("REGISTRY_AUTH_FILE");
  g_unsetenv ("XDG_CONFIG_HOME");
  g_unsetenv ("DOCKER_CONFIG");
  g_assert_true (g_setenv ("HOME", dir.path, TRUE));
  g_assert_true (g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE));
  g_assert_true (g_setenv ("PATH", dir.path, TRUE));
  return dir;
}

static void
write_text (const TestDir *dir, const char *name, const char *text)
{
  g_autofree char *path = test_dir_write (dir, name, text, strlen (text));
}

/* docker-credential-NAME, which answers as user NAME, or has nothing. */
static void
write_helper (const TestDir *dir, const char *name, gboolean has)
{
  g_autofree char *file = g_strconcat ("docker-credential-", name, NULL);
  g_autofree char *answer =
      has ? g_strdup_printf ("echo '{\"Username\":\"%s\",\"Secret\":\"p\"}'", name)
          : g_strdup ("echo credentials not found in native keychain; exit 1");
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\nread server\n%s\n", answer);
  write_text (dir, file, text);
  g_autofree char *path = test_dir_file (dir, file);
  g_assert_cmpint (chmod (path, 0755), ==, 0);
}

static void
assert_found (const char *user, guint searched)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciAuthLookup) lookup = oci_auth_lookup ("h.io", "a", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lookup->credentials != NULL ? lookup->credentials->user : NULL, ==, user);
  g_assert_cmpuint (g_strv_length (lookup->searched), ==, searched);
}

/* Podman's order; a missing file is skipped. */
static void
test_files (void)
{
  g_auto (TestDir) dir = new_home ();
  g_autofree char *chosen = test_dir_file (&dir, "chosen.json");
  assert_found (NULL, 3);
  write_text (&dir, ".docker/config.json", U3);
  assert_found ("u3", 3);
  write_text (&dir, ".config/containers/auth.json", U2);
  assert_found ("u2", 2);
  write_text (&dir, "run/containers/auth.json", U1);
  assert_found ("u1", 1);

  g_assert_true (g_setenv ("REGISTRY_AUTH_FILE", chosen, TRUE));
  g_autoptr (GError) error = NULL;
  g_assert_null (oci_auth_lookup ("h.io", "a", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*$REGISTRY_AUTH_FILE: *chosen.json*");
  write_text (&dir, "chosen.json", "{\"auths\":{\"h.io\":{}}}");
  assert_found (NULL, 1);
}

static void
test_variables (void)
{
  g_auto (TestDir) dir = new_home ();
  g_autofree char *config = test_dir_file (&dir, "config");
  g_autofree char *docker = test_dir_file (&dir, "docker");
  g_assert_true (g_setenv ("XDG_CONFIG_HOME", config, TRUE));
  g_assert_true (g_setenv ("DOCKER_CONFIG", docker, TRUE));
  write_text (&dir, "docker/config.json", U3);
  assert_found ("u3", 3);
  write_text (&dir, "config/containers/auth.json", U2);
  assert_found ("u2", 2);

  g_autofree char *first = oci_auth_lookup_login_path ();
  g_autofree char *expected = test_dir_file (&dir, "run/containers/auth.json");
  g_assert_cmpstr (first, ==, expected);
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_autofree char *without = oci_auth_lookup_login_path ();
  g_autofree char *numbered = g_strdup_printf ("/run/containers/%u/auth.json", getuid ());
  g_assert_cmpstr (without, ==, numbered);
  g_assert_true (g_setenv ("REGISTRY_AUTH_FILE", "/x/y", TRUE));
  g_autofree char *chosen = oci_auth_lookup_login_path ();
  g_assert_cmpstr (chosen, ==, "/x/y");
}

/* In one file: credHelpers, auths, credsStore. A helper without an answer leads to the next
 * file. */
static void
test_helpers (void)
{
  g_auto (TestDir) dir = new_home ();
  g_autofree char *first = test_dir_file (&dir, "run/containers/auth.json");
  write_helper (&dir, "has", TRUE);
  write_helper (&dir, "hasnot", FALSE);
  write_text (&dir, ".config/containers/auth.json", U2);
  write_text (&dir, "run/containers/auth.json", "{\"credHelpers\":{\"h.io\":\"has\"}}");
  assert_found ("has", 1);
  write_text (&dir, "run/containers/auth.json",
              "{\"credHelpers\":{\"h.io\":\"hasnot\"},\"auths\":{\"h.io\":{\"auth\":\"dTE6cA==\"}},"
              "\"credsStore\":\"has\"}");
  assert_found ("u2", 2);
  write_text (&dir, "run/containers/auth.json",
              "{\"auths\":{\"h.io\":{\"auth\":\"dTE6cA==\"}},\"credsStore\":\"has\"}");
  assert_found ("u1", 1);
  write_text (&dir, "run/containers/auth.json", "{\"auths\":{\"h.io\":{}},\"credsStore\":\"has\"}");
  assert_found ("has", 1);

  g_autoptr (GError) error = NULL;
  g_autofree char *source = g_strdup_printf ("docker-credential-has, by %s", first);
  g_autoptr (OciAuthLookup) lookup = oci_auth_lookup ("h.io", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lookup->credentials->source, ==, source);
  g_autofree char *place = g_strdup_printf ("%s (docker-credential-has)", first);
  g_assert_cmpstr (lookup->searched[0], ==, place);
}

static void
test_failures (void)
{
  g_auto (TestDir) dir = new_home ();
  g_autoptr (GError) error = NULL;
  write_text (&dir, ".config/containers/auth.json", U2);
  write_text (&dir, "run/containers/auth.json", "{\"credsStore\":\"none\"}");
  g_assert_null (oci_auth_lookup ("h.io", "a", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "registry credentials: *run/containers/auth.json*there is no "
                "docker-credential-none in $PATH");
  g_clear_error (&error);
  write_text (&dir, "run/containers/auth.json", "{\"auths\":{\"h.io\":{\"auth\":\"c2Vjc*\"}}}");
  g_assert_null (oci_auth_lookup ("h.io", "a", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "registry credentials: *auth: is not base64");
  g_assert_null (strstr (error->message, "c2Vjc"));

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_clear_error (&error);
  write_helper (&dir, "has", TRUE);
  write_text (&dir, "run/containers/auth.json", "{\"credsStore\":\"has\"}");
  g_assert_null (oci_auth_lookup ("h.io", "a", cancellable, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "*interrupted");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/auth-lookup/files", test_files);
  g_test_add_func ("/auth-lookup/variables", test_variables);
  g_test_add_func ("/auth-lookup/helpers", test_helpers);
  g_test_add_func ("/auth-lookup/failures", test_failures);
  return g_test_run ();
}
