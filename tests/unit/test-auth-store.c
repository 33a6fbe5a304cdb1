/* Logins that are written: files, modes, links, helpers, several at once. */
#include "oci/registry/auth-store.h"

#include "oci/registry/auth-file.h"

#include "testing.h"

#include <sys/file.h>
#include <sys/stat.h>

static OciCredentials alice = { .user = (char *) "alice", .password = (char *) "s3cret" };
#define ALICE "YWxpY2U6czNjcmV0" /* alice:s3cret */

static void
store (const char *path, const char *key, const char *want_helper)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *helper = NULL;
  gboolean ok = oci_auth_file_store (path, key, &alice, NULL, &helper, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpstr (helper, ==, want_helper);
}

static void
assert_content (const char *path, const char *compact)
{
  json_error_t error;
  g_autoptr (OciJsonValue) root = json_load_file (path, 0, &error);
  g_assert_nonnull (root);
  g_autofree char *text = json_dumps (root, JSON_COMPACT);
  g_assert_cmpstr (text, ==, compact);
}

static unsigned
mode_of (const char *path)
{
  struct stat st;
  g_assert_cmpint (lstat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

static void
test_new_file (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_file (&dir, "a/b/auth.json");
  g_autofree char *parent = test_dir_file (&dir, "a/b");
  g_autofree char *grandparent = test_dir_file (&dir, "a");
  mode_t before = umask (0);
  store (path, "h.io/team", NULL);
  (void) umask (before);
  assert_content (path, "{\"auths\":{\"h.io/team\":{\"auth\":\"" ALICE "\"}}}");
  g_assert_cmpuint (mode_of (path), ==, 0600);
  g_assert_cmpuint (mode_of (parent), ==, 0700);
  g_assert_cmpuint (mode_of (grandparent), ==, 0700);

  store (path, "docker.io", NULL);
  assert_content (path, "{\"auths\":{\"h.io/team\":{\"auth\":\"" ALICE
                        "\"},\"docker.io\":{\"auth\":\"" ALICE "\"}}}");
}

static void
test_replaces (void)
{
  static const char before[] =
      "{\"x\":{\"y\":[1]},\"auths\":{\"b\":{},\"h.io\":{\"auth\":\"eDp5\"}},"
      "\"HttpHeaders\":{\"A\":\"b\"}}";
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "auth.json", before, strlen (before));
  g_assert_cmpint (chmod (path, 0644), ==, 0);
  store (path, "h.io", NULL);
  assert_content (path, "{\"x\":{\"y\":[1]},\"auths\":{\"b\":{},\"h.io\":{\"auth\":\"" ALICE
                        "\"}},\"HttpHeaders\":{\"A\":\"b\"}}");
  g_assert_cmpuint (mode_of (path), ==, 0600);
}

static void
test_links (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *target = test_dir_write (&dir, "real/auth.json", "{}", 2);
  g_autofree char *link = test_dir_file (&dir, "link.json");
  g_autofree char *second = test_dir_file (&dir, "second.json");
  g_autofree char *dangling = test_dir_file (&dir, "dangling.json");
  g_autofree char *loop = test_dir_file (&dir, "loop.json");
  g_autofree char *made = test_dir_file (&dir, "real/new.json");
  g_assert_cmpint (symlink ("real/auth.json", link), ==, 0);
  g_assert_cmpint (symlink (link, second), ==, 0);
  g_assert_cmpint (symlink ("real/new.json", dangling), ==, 0);
  g_assert_cmpint (symlink ("loop.json", loop), ==, 0);
  store (second, "h.io", NULL);
  store (dangling, "h.io", NULL);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_test (second, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_test (dangling, G_FILE_TEST_IS_SYMLINK));
  assert_content (target, "{\"auths\":{\"h.io\":{\"auth\":\"" ALICE "\"}}}");
  assert_content (made, "{\"auths\":{\"h.io\":{\"auth\":\"" ALICE "\"}}}");

  g_autoptr (GError) error = NULL;
  char *helper = NULL;
  g_assert_false (oci_auth_file_store (loop, "h.io", &alice, NULL, &helper, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_IO);
}

/* Nothing is written over a file that is not understood. */
static void
test_refused (void)
{
  static const struct
  {
    const char *before, *key;
    OciError code;
  } rows[] = {
    { "{\"auths\":", "h.io", OCI_ERROR_FORMAT },
    { "[]", "h.io", OCI_ERROR_FORMAT },
    { "{\"auths\":[]}", "h.io", OCI_ERROR_FORMAT },
    { "{\"credHelpers\":{\"h.io\":\"../x\"}}", "h.io", OCI_ERROR_FORMAT },
    { "{\"credsStore\":1}", "h.io", OCI_ERROR_FORMAT },
    { "{}", "https://h.io", OCI_ERROR_USAGE },
    { "{}", "h.io/a:tag", OCI_ERROR_USAGE },
    { "{\"credsStore\":\"x\"}", "h.io/team", OCI_ERROR_UNSUPPORTED },
    { "{\"credsStore\":\"no-such-helper\"}", "h.io", OCI_ERROR_NOT_FOUND },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (TestDir) dir = test_dir_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *after = NULL;
      g_autofree char *path =
          test_dir_write (&dir, "auth.json", rows[i].before, strlen (rows[i].before));
      char *helper = NULL;
      g_assert_false (oci_auth_file_store (path, rows[i].key, &alice, NULL, &helper, &error));
      assert_error (error, OCI_ERROR, rows[i].code, "*");
      g_assert_null (strstr (error->message, "s3cret"));
      g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
      g_assert_cmpstr (after, ==, rows[i].before);
    }
}

static void
test_erase (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *helper = NULL;
  g_autofree char *path = test_dir_file (&dir, "a/auth.json");
  g_autofree char *parent = test_dir_file (&dir, "a");
  g_assert_false (oci_auth_file_erase (path, "h.io", NULL, &helper, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "no credentials of h.io in */a/auth.json");
  g_assert_false (g_file_test (parent, G_FILE_TEST_EXISTS));
  g_clear_error (&error);

  store (path, "h.io", NULL);
  store (path, "g.io", NULL);
  g_assert_true (oci_auth_file_erase (path, "h.io", NULL, &helper, &error));
  g_assert_no_error (error);
  g_assert_null (helper);
  assert_content (path, "{\"auths\":{\"g.io\":{\"auth\":\"" ALICE "\"}}}");
  g_assert_false (oci_auth_file_erase (path, "h.io", NULL, &helper, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
  g_clear_error (&error);

  gboolean any = FALSE;
  g_assert_true (oci_auth_file_erase_all (path, NULL, &any, &error));
  g_assert_true (any);
  assert_content (path, "{\"auths\":{}}");
  g_assert_true (oci_auth_file_erase_all (path, NULL, &any, &error));
  g_assert_false (any);
}

/* A helper that keeps one file for each server, and notes what it is asked. */
static void
install_helper (const TestDir *dir)
{
  static const char script[] = "#!/bin/sh\n"
                               "echo $1 >>$HELPER_DIR/log\n"
                               "case $1 in\n"
                               "store) cat >$HELPER_DIR/kept;;\n"
                               "erase) [ -e $HELPER_DIR/kept ] && rm $HELPER_DIR/kept && exit 0\n"
                               "  echo credentials not found in native keychain; exit 1;;\n"
                               "esac\n";
  g_autofree char *path = test_dir_write (dir, "docker-credential-keep", script, strlen (script));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
  g_autofree char *search = g_strconcat (dir->path, ":/usr/bin:/bin", NULL);
  g_assert_true (g_setenv ("PATH", search, TRUE));
  g_assert_true (g_setenv ("HELPER_DIR", dir->path, TRUE));
}

static void
test_helpers (void)
{
  static const struct
  {
    const char *before, *after, *erased;
  } rows[] = {
    { "{\"credHelpers\":{\"h.io\":\"keep\"}}", "{\"credHelpers\":{\"h.io\":\"keep\"}}",
      "{\"credHelpers\":{\"h.io\":\"keep\"}}" },
    /* the older password goes; the entry says what the store has */
    { "{\"credsStore\":\"keep\",\"auths\":{\"h.io\":{\"auth\":\"eDp5\"}}}",
      "{\"credsStore\":\"keep\",\"auths\":{\"h.io\":{}}}",
      "{\"credsStore\":\"keep\",\"auths\":{}}" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows) * 2; i++)
    {
      g_auto (TestDir) dir = test_dir_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *helper = NULL, *log = NULL;
      const char *before = rows[i / 2].before;
      g_autofree char *path = test_dir_write (&dir, "auth.json", before, strlen (before));
      g_autofree char *kept = test_dir_file (&dir, "kept"), *log_path = test_dir_file (&dir, "log");
      install_helper (&dir);
      store (path, "h.io", "keep");
      assert_content (path, rows[i / 2].after);
      assert_content (kept,
                      "{\"ServerURL\":\"h.io\",\"Username\":\"alice\",\"Secret\":\"s3cret\"}");
      gboolean all = i % 2 == 1, any = FALSE;
      g_assert_true (all ? oci_auth_file_erase_all (path, NULL, &any, &error)
                         : oci_auth_file_erase (path, "h.io", NULL, &helper, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (helper, ==, all ? NULL : "keep");
      g_assert_cmpint (any, ==, all);
      assert_content (path, rows[i / 2].erased);
      g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
      g_assert_true (g_file_get_contents (log_path, &log, NULL, NULL));
      g_assert_cmpstr (log, ==, "store\nerase\n");
      g_assert_false (oci_auth_file_erase (path, "h.io", NULL, &helper, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*auth.json (docker-credential-keep)");
    }
}

/* A failing helper does not prevent the removal of the others. */
static void
test_all_with_failure (void)
{
  static const char before[] = "{\"credHelpers\":{\"g.io\":\"none\",\"h.io\":\"keep\"},"
                               "\"auths\":{\"i.io\":{\"auth\":\"eDp5\"},\"odd key\":{}}}";
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  gboolean any = FALSE;
  g_autofree char *path = test_dir_write (&dir, "auth.json", before, strlen (before));
  g_autofree char *kept = test_dir_write (&dir, "kept", "", 0);
  install_helper (&dir);
  g_assert_false (oci_auth_file_erase_all (path, NULL, &any, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*no docker-credential-none in $PATH");
  g_assert_false (g_file_test (kept, G_FILE_TEST_EXISTS));
  assert_content (path, "{\"credHelpers\":{\"g.io\":\"none\",\"h.io\":\"keep\"},\"auths\":{}}");
}

enum
{
  THREADS = 8,
  KEYS = 10,
};

typedef struct
{
  const char *path;
  int number;
} Writer;

static gpointer
write_keys (gpointer data)
{
  const Writer *self = data;
  for (int i = 0; i < KEYS; i++)
    {
      g_autofree char *key = g_strdup_printf ("h%d.io:%d", self->number, i + 1);
      store (self->path, key, NULL);
    }
  return NULL;
}

static void
test_several_at_once (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_file (&dir, "auth.json");
  GThread *threads[THREADS];
  Writer writers[THREADS];
  for (int i = 0; i < THREADS; i++)
    {
      writers[i] = (Writer){ .path = path, .number = i };
      threads[i] = g_thread_new ("writer", write_keys, &writers[i]);
    }
  for (int i = 0; i < THREADS; i++)
    (void) g_thread_join (threads[i]);
  g_autoptr (OciJsonValue) root = json_load_file (path, 0, NULL);
  g_assert_cmpuint (json_object_size (json_object_get (root, "auths")), ==, THREADS * KEYS);
}

static void
test_lock_is_cancellable (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *path = test_dir_file (&dir, "auth.json");
  char *helper = NULL;
  g_auto (OciFd) fd = open (dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (oci_auth_file_store (path, "h.io", &alice, cancellable, &helper, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "*interrupted");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/auth-store/new-file", test_new_file);
  g_test_add_func ("/auth-store/replaces", test_replaces);
  g_test_add_func ("/auth-store/links", test_links);
  g_test_add_func ("/auth-store/refused", test_refused);
  g_test_add_func ("/auth-store/erase", test_erase);
  g_test_add_func ("/auth-store/helpers", test_helpers);
  g_test_add_func ("/auth-store/all-with-failure", test_all_with_failure);
  g_test_add_func ("/auth-store/several-at-once", test_several_at_once);
  g_test_add_func ("/auth-store/lock-is-cancellable", test_lock_is_cancellable);
  return g_test_run ();
}
