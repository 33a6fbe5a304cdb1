/* docker-credential-NAME: the protocol, with scripts in place of real helpers. */
#include "oci/http/helper-process.h"
#include "oci/registry/credential-helper.h"

#include <glib/gstdio.h>

#include "testing.h"

/* A helper "test" in a new directory that is $PATH's first. */
static void
install_helper (const TestDir *dir, const char *script)
{
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", script, "\n", NULL);
  g_autofree char *path = test_dir_write (dir, "docker-credential-test", text, strlen (text));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  g_autofree char *search = g_strconcat (dir->path, ":/usr/bin:/bin", NULL);
  g_assert_true (g_setenv ("PATH", search, TRUE));
  g_assert_true (g_setenv ("HELPER_DIR", dir->path, TRUE));
}

static OciCredentialHelper
helper (void)
{
  return (OciCredentialHelper){ .name = "test", .server = "h.io", .origin = "/f.json" };
}

static char *
read_seen (const TestDir *dir)
{
  char *text = NULL;
  g_autofree char *path = test_dir_file (dir, "seen");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
test_get (void)
{
  static const struct
  {
    const char *script, *user, *password;
    gboolean token;
  } rows[] = {
    { "cat >$HELPER_DIR/seen; echo '{\"ServerURL\":\"h.io\",\"Username\":\"a\",\"Secret\":\"s\"}'",
      "a", "s", FALSE },
    { "cat >$HELPER_DIR/seen; echo '{\"Username\":\"<token>\",\"Secret\":\"t\"}'; echo warning >&2",
      "<token>", "t", TRUE },
    { "cat >$HELPER_DIR/seen; echo '{\"Username\":\"\",\"Secret\":\"\"}'", "", "", FALSE },
    { "cat >$HELPER_DIR/seen; echo credentials not found in native keychain; exit 1", NULL, NULL,
      FALSE },
    /* a descendant that holds the pipe is not waited for */
    { "cat >$HELPER_DIR/seen; sleep 30 & echo '{\"Username\":\"a\",\"Secret\":\"s\"}'", "a", "s",
      FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (TestDir) dir = test_dir_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (OciCredentials) credentials = NULL;
      const OciCredentialHelper self = helper ();
      install_helper (&dir, rows[i].script);
      g_assert_true (oci_credential_helper_get (&self, NULL, &credentials, &error));
      g_assert_no_error (error);
      g_autofree char *seen = read_seen (&dir);
      g_assert_cmpstr (seen, ==, "h.io");
      g_assert_cmpint (credentials != NULL, ==, rows[i].user != NULL);
      if (credentials == NULL)
        continue;
      g_assert_cmpstr (credentials->user, ==, rows[i].user);
      g_assert_cmpstr (credentials->password, ==, rows[i].password);
      g_assert_cmpint (credentials->identity_token, ==, rows[i].token);
      g_assert_cmpstr (credentials->source, ==, "docker-credential-test, by /f.json");
    }
}

static void
test_failures (void)
{
  static const struct
  {
    const char *script;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "echo store is locked; exit 1", OCI_ERROR_DENIED,
      "docker-credential-test get ‘h.io’, as /f.json says: ‘store is locked’ (exit code 1)" },
    { "echo '\033[31mred'; exit 2", OCI_ERROR_DENIED, "*‘\\x1b?31mred’ (exit code 2)" },
    { "echo no agent >&2; exit 3", OCI_ERROR_DENIED, "*‘no agent’ (exit code 3)" },
    { "exit 4", OCI_ERROR_DENIED, "*: failed (exit code 4)" },
    { "kill -9 $$", OCI_ERROR_DENIED, "*killed by a signal*" },
    { "echo credentials not found in native keychain", OCI_ERROR_FORMAT, "*its answer:1:*" },
    { "echo '{\"Username\":\"a\",\"Secret\":\"s3cret\"}'; exit 1", OCI_ERROR_DENIED,
      "*: failed (exit code 1)" },
    { "echo '{\"Username\":\"a\",\"Secret\":s3cret}'", OCI_ERROR_FORMAT, "*its answer:1:*" },
    { "echo '{\"Username\":\"a\",\"Secret\":\"s3cret'", OCI_ERROR_FORMAT, "*its answer:*" },
    { "echo '{\"Username\":\"a\",\"Secret\":\"s3cret\"} s3cret'", OCI_ERROR_FORMAT, "*answer:1:*" },
    { "echo '{\"Username\":\"a\"}'", OCI_ERROR_FORMAT, "*Secret*" },
    { "echo '{\"Secret\":\"s3cret\"}'", OCI_ERROR_FORMAT, "*Username*" },
    { "echo '{\"Username\":\"a\",\"Secret\":[\"s3cret\"]}'", OCI_ERROR_FORMAT,
      "*Secret: expected a string*" },
    { "echo '[\"s3cret\"]'", OCI_ERROR_FORMAT, "*expected an object*" },
    { "true", OCI_ERROR_FORMAT, "*its answer:1:*" },
    { "exec yes s3cret", OCI_ERROR_LIMIT, "*printed more than 1048576 bytes" },
    { "exec sleep 60", OCI_ERROR_LIMIT, "*did not answer within 0.5 s" },
    { "exec >&- 2>&-; exec sleep 60", OCI_ERROR_LIMIT, "*did not answer within 0.5 s" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (TestDir) dir = test_dir_new ();
      g_autoptr (GError) error = NULL;
      OciCredentials *credentials = NULL;
      OciCredentialHelper self = helper ();
      self.timeout_ms = rows[i].code == OCI_ERROR_LIMIT && strstr (rows[i].script, "sleep") != NULL
                            ? 500
                            : 30 * 1000;
      install_helper (&dir, rows[i].script);
      g_assert_false (oci_credential_helper_get (&self, NULL, &credentials, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_assert_null (credentials);
      g_assert_null (strstr (error->message, "s3cret"));
    }
}

static void
test_missing (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  OciCredentials *credentials = NULL;
  OciCredentialHelper self = helper ();
  install_helper (&dir, "true");
  self.name = "none";
  g_assert_false (oci_credential_helper_get (&self, NULL, &credentials, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "*/f.json*: there is no docker-credential-none in $PATH");

  static const char *const names[] = { "", "../x", "a/b", "a b", "ü", "$x", "a\n" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_clear_error (&error);
      self.name = names[i];
      g_assert_false (oci_credential_helper_is_name (names[i]));
      g_assert_false (oci_credential_helper_get (&self, NULL, &credentials, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*is not the name of a credential helper");
    }
  g_assert_true (oci_credential_helper_is_name ("ecr-login"));
  g_assert_true (oci_credential_helper_is_name ("A.b_9"));
}

static void
test_not_a_program (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  OciCredentials *credentials = NULL;
  const OciCredentialHelper self = helper ();
  install_helper (&dir, "true");
  g_autofree char *path = test_dir_write (&dir, "docker-credential-test", "#!/no/such", 10);
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  g_assert_false (oci_credential_helper_get (&self, NULL, &credentials, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "*docker-credential-test cannot be started: *");
}

static void
test_store (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  const OciCredentialHelper self = helper ();
  OciCredentials credentials = { .user = (char *) "a", .password = (char *) "s3\"cret" };
  install_helper (&dir, "[ \"$*\" = store ] && cat >$HELPER_DIR/seen");
  g_assert_true (oci_credential_helper_store (&self, &credentials, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *seen = read_seen (&dir);
  g_assert_cmpstr (seen, ==,
                   "{\"ServerURL\":\"h.io\",\"Username\":\"a\",\"Secret\":\"s3\\\"cret\"}");

  g_autofree char *token = NULL;
  credentials.identity_token = TRUE;
  g_assert_true (oci_credential_helper_store (&self, &credentials, NULL, &error));
  g_clear_pointer (&seen, g_free);
  seen = read_seen (&dir);
  g_assert_nonnull (strstr (seen, "\"Username\":\"<token>\""));

  /* more than a pipe holds, to one that reads it late, and to one that does not */
  credentials.password = token = g_strnfill (300 * 1000, 'x');
  install_helper (&dir, "sleep 0.2; cat >$HELPER_DIR/seen");
  g_assert_true (oci_credential_helper_store (&self, &credentials, NULL, &error));
  g_clear_pointer (&seen, g_free);
  seen = read_seen (&dir);
  g_assert_cmpuint (strlen (seen), >, 300 * 1000);
  install_helper (&dir, "exit 0");
  g_assert_true (oci_credential_helper_store (&self, &credentials, NULL, &error));
}

static void
test_store_fails (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  const OciCredentialHelper self = helper ();
  OciCredentials credentials = { .user = (char *) "a", .password = (char *) "s3cret" };
  install_helper (&dir, "cat; exit 1");
  g_assert_false (oci_credential_helper_store (&self, &credentials, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_DENIED,
                "docker-credential-test store ‘h.io’*: failed*");
  g_clear_error (&error);
  install_helper (&dir, "echo cannot keep s3cret; exit 1");
  g_assert_false (oci_credential_helper_store (&self, &credentials, NULL, &error));
  g_assert_null (strstr (error->message, "s3cret"));
  g_clear_error (&error);
  install_helper (&dir, "echo not implemented; exit 1");
  g_assert_false (oci_credential_helper_store (&self, &credentials, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_DENIED, "*‘not implemented’ (exit code 1)");
  g_clear_error (&error);
  credentials.password = (char *) "\xff";
  g_assert_false (oci_credential_helper_store (&self, &credentials, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*UTF-8*");
}

static void
test_erase (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  const OciCredentialHelper self = helper ();
  gboolean found = FALSE;
  install_helper (&dir, "[ \"$*\" = erase ] && cat >$HELPER_DIR/seen");
  g_assert_true (oci_credential_helper_erase (&self, NULL, &found, &error));
  g_assert_true (found);
  g_autofree char *seen = read_seen (&dir);
  g_assert_cmpstr (seen, ==, "h.io");
  install_helper (&dir, "echo credentials not found in native keychain; exit 1");
  g_assert_true (oci_credential_helper_erase (&self, NULL, &found, &error));
  g_assert_false (found);
  install_helper (&dir, "echo not implemented; exit 1");
  g_assert_false (oci_credential_helper_erase (&self, NULL, &found, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_DENIED, "*erase ‘h.io’*‘not implemented’*");
}

static gpointer
cancel_later (gpointer data)
{
  g_usleep (200 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  OciCredentials *credentials = NULL;
  const OciCredentialHelper self = helper ();
  install_helper (&dir, "exec sleep 60");
  g_autoptr (GThread) thread = g_thread_new ("cancel", cancel_later, cancellable);
  gint64 started = g_get_monotonic_time ();
  g_assert_false (oci_credential_helper_get (&self, cancellable, &credentials, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "*interrupted");
  g_assert_cmpint (g_get_monotonic_time () - started, <, 20 * G_USEC_PER_SEC);
  (void) g_thread_join (g_steal_pointer (&thread));
  g_clear_error (&error);
  g_assert_false (oci_credential_helper_get (&self, cancellable, &credentials, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "*interrupted");
}

/* A program in the working directory is not run, whatever $PATH contains. */
static void
test_working_directory (void)
{
  static const char *const paths[] = { "", ":", ".", "::/nonexistent", "bin:", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *before = g_strdup (g_getenv ("PATH"));
  g_autofree char *old = g_get_current_dir ();
  g_autofree char *program = test_dir_write (&dir, "tool", "#!/bin/sh\n", 10);
  g_autofree char *directory = g_path_get_dirname (program);
  g_autofree char *below = g_build_filename (directory, "bin", NULL);
  g_autofree char *other = g_build_filename (below, "tool", NULL);
  g_assert_cmpint (g_chmod (program, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (below, 0755), ==, 0);
  g_assert_true (g_file_set_contents (other, "#!/bin/sh\n", -1, NULL));
  g_assert_cmpint (g_chmod (other, 0755), ==, 0);
  g_assert_cmpint (g_chdir (directory), ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      if (paths[i] != NULL)
        g_assert_true (g_setenv ("PATH", paths[i], TRUE));
      else
        g_unsetenv ("PATH");
      g_autofree char *found = oci_helper_process_find ("tool");
      g_assert_null (found);
      g_autofree char *shell = oci_helper_process_find ("sh");
      g_assert_cmpint (shell != NULL, ==, paths[i] == NULL); /* the default has the system's */
    }
  g_autofree char *search = g_strconcat (".:", below, NULL);
  g_assert_true (g_setenv ("PATH", search, TRUE));
  g_autofree char *right = oci_helper_process_find ("tool");
  g_assert_cmpstr (right, ==, other);
  g_autofree char *named = oci_helper_process_find ("./tool");
  g_assert_cmpstr (named, ==, "./tool");
  g_assert_true (g_setenv ("PATH", before, TRUE));
  g_assert_cmpint (g_chdir (old), ==, 0);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/credential-helper/get", test_get);
  g_test_add_func ("/credential-helper/failures", test_failures);
  g_test_add_func ("/credential-helper/missing", test_missing);
  g_test_add_func ("/credential-helper/not-a-program", test_not_a_program);
  g_test_add_func ("/credential-helper/working-directory", test_working_directory);
  g_test_add_func ("/credential-helper/store", test_store);
  g_test_add_func ("/credential-helper/store-fails", test_store_fails);
  g_test_add_func ("/credential-helper/erase", test_erase);
  g_test_add_func ("/credential-helper/cancel", test_cancel);
  return g_test_run ();
}
