/* Directories: their names in order, and their removal. */
#include "testing.h"

#include "oci/base/error.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
make_file (int dfd, const char *name)
{
  g_auto (OciFd) fd = openat (dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  g_assert_cmpint (fd, >=, 0);
}

/* By bytes: capitals before small letters, and what is not ASCII, or not UTF-8, at the end. */
static void
test_order (void)
{
  static const char *const sorted[] = {
    "...", ".hidden", "B", "a", "a.b", "ab", "\xc3\xa4", "\xff"
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) fd = open_directory (dir.path);
  for (gsize i = G_N_ELEMENTS (sorted); i > 0; i--)
    make_file (fd, sorted[i - 1]);
  for (int again = 0; again < 2; again++) /* the descriptor's offset stays where it is */
    {
      GError *error = NULL;
      g_autoptr (GPtrArray) names = NULL;
      g_assert_true (oci_list_names (fd, ".", FALSE, &names, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (names->len, ==, G_N_ELEMENTS (sorted));
      for (guint i = 0; i < names->len; i++)
        g_assert_cmpstr (names->pdata[i], ==, sorted[i]);
    }
}

/* More than one getdents64() gives. */
static void
test_many (void)
{
  enum
  {
    MANY = 3000,
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) fd = open_directory (dir.path);
  g_autoptr (GPtrArray) names = NULL;
  for (int i = MANY; i > 0; i--)
    {
      g_autofree char *name = g_strdup_printf ("%08d-with-a-name-that-is-not-short", i);
      make_file (fd, name);
    }
  g_assert_true (oci_list_names (AT_FDCWD, dir.path, FALSE, &names, NULL));
  g_assert_cmpuint (names->len, ==, MANY);
  for (guint i = 0; i < names->len; i++)
    g_assert_cmpint (g_ascii_strtoll (names->pdata[i], NULL, 10), ==, i + 1);
  g_assert_true (oci_remove_tree (AT_FDCWD, dir.path, NULL));
  g_assert_cmpint (access (dir.path, F_OK), <, 0);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *name;
    gboolean follow;
    OciError code;
    const char *pattern; /* NULL: it is listed */
  } rows[] = {
    { "missing", FALSE, OCI_ERROR_NOT_FOUND, "listing the directory ‘missing’: *" },
    { "file", FALSE, OCI_ERROR_IO, "listing the directory ‘file’: *" },
    { "link", FALSE, OCI_ERROR_IO, "listing the directory ‘link’: *" },
    { "link", TRUE, 0, NULL },
    { "dangling", TRUE, OCI_ERROR_NOT_FOUND, "listing the directory ‘dangling’: *" },
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) fd = open_directory (dir.path);
  make_file (fd, "file");
  g_assert_cmpint (mkdirat (fd, "directory", 0755), ==, 0);
  g_assert_cmpint (symlinkat ("directory", fd, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("nowhere", fd, "dangling"), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) names = NULL;
      gboolean ok = oci_list_names (fd, rows[i].name, rows[i].follow, &names, &error);
      g_assert_cmpint (ok, ==, rows[i].pattern == NULL);
      g_assert_cmpint (names != NULL, ==, ok);
      if (!ok)
        assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
    }
}

/* The threads of a process that has ended cannot be listed, which is not the same as none. */
static void
test_failure (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) names = NULL;
  pid_t child = fork ();
  if (child == 0)
    for (;;)
      (void) pause ();
  g_assert_cmpint (child, >, 0);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) child);
  g_auto (OciFd) fd = open_directory (path);
  g_assert_true (oci_list_names (fd, ".", FALSE, &names, NULL));
  g_assert_cmpuint (names->len, ==, 1);
  g_clear_pointer (&names, g_ptr_array_unref);
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_false (oci_list_names (fd, ".", FALSE, &names, &error));
  g_assert_null (names);
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "listing the directory *");
}

/* Deeper than the process may have descriptors, without permissions, and with a file at the end. */
static void
test_deep (void)
{
  enum
  {
    DEEP = 700,
    DESCRIPTORS = 200,
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  struct rlimit old, low;
  OciFd fd = open_directory (dir.path);
  for (int i = 0; i < DEEP; i++)
    {
      g_assert_cmpint (mkdirat (fd, "d", 0755), ==, 0);
      OciFd next = openat (fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_cmpint (next, >=, 0);
      oci_fd_close (fd);
      fd = next;
    }
  make_file (fd, "file");
  g_assert_cmpint (fchmod (fd, 0), ==, 0);
  oci_fd_close (fd);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &old), ==, 0);
  low = old;
  low.rlim_cur = DESCRIPTORS;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  gboolean ok = oci_remove_tree (AT_FDCWD, dir.path, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &old), ==, 0);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_false (g_file_test (dir.path, G_FILE_TEST_EXISTS));
}

static mode_t
mode_of (int dfd, const char *name)
{
  struct stat st;
  g_assert_cmpint (fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
  return st.st_mode & 07777;
}

/* Only missing permissions are added, and none through a link. */
static void
test_grant (void)
{
  static const struct
  {
    mode_t had, bits, has;
  } cases[] = {
    { 0, 0500, 0500 }, { 0644, 0400, 0644 }, { 02055, 0700, 02755 }, { 0333, 0, 0333 }
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_auto (OciFd) fd = open_directory (dir.path);
  make_file (fd, "file");
  g_assert_cmpint (symlinkat ("file", fd, "link"), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GError *error = NULL;
      g_assert_cmpint (fchmodat (fd, "file", cases[i].had, 0), ==, 0);
      g_assert_true (oci_grant_mode (fd, "link", 0777, &error));
      g_assert_no_error (error);
      g_assert_cmpint (mode_of (fd, "file"), ==, cases[i].had);
      g_assert_true (oci_grant_mode (fd, "file", cases[i].bits, &error));
      g_assert_no_error (error);
      g_assert_cmpint (mode_of (fd, "file"), ==, cases[i].has);
    }
  g_autoptr (GError) error = NULL;
  g_assert_false (oci_grant_mode (fd, "missing", 0400, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fd/list/order", test_order);
  g_test_add_func ("/fd/list/many", test_many);
  g_test_add_func ("/fd/list/refused", test_refused);
  g_test_add_func ("/fd/list/failure", test_failure);
  g_test_add_func ("/fd/remove/deep", test_deep);
  g_test_add_func ("/fd/grant", test_grant);
  return g_test_run ();
}
