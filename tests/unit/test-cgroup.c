/* Looking for a group. The tree is a fake: a real one needs a delegated cgroup v2. */
#include "builder/sandbox/cgroup.h"

#include "testing.h"

#define LIMIT (UINT64_C (256) * 1024 * 1024)

/* A group with these controllers for its children. */
static void
add_group (const TestDir *dir, const char *path, const char *controllers)
{
  g_autofree char *control = g_build_filename (path, "cgroup.subtree_control", NULL);
  g_autofree char *procs = g_build_filename (path, "cgroup.procs", NULL);
  g_autofree char *full = g_build_filename (dir->path, path, NULL);
  g_assert_cmpint (g_mkdir_with_parents (full, 0755), ==, 0);
  g_free (test_dir_write (dir, control, controllers, strlen (controllers)));
  g_free (test_dir_write (dir, procs, "", 0));
}

static guint
count_entries (const TestDir *dir, const char *path)
{
  g_autofree char *full = g_build_filename (dir->path, path, NULL);
  GDir *entries = g_dir_open (full, 0, NULL);
  guint n = 0;
  g_assert_nonnull (entries);
  while (g_dir_read_name (entries) != NULL)
    n++;
  g_dir_close (entries);
  return n;
}

static void
test_none (void)
{
  static const char *const memberships[] = { "",           "4:memory:/a\n", "0::/a/b\n",
                                             "0::/../a\n", "0::/no/such\n", "1:cpu:/x\n0::/\n" };
  g_auto (TestDir) dir = test_dir_new ();
  add_group (&dir, ".", "cpu pids\n");
  add_group (&dir, "a", "cpu memoryless\n");
  add_group (&dir, "a/b", "\n");
  for (size_t i = 0; i < G_N_ELEMENTS (memberships); i++)
    g_assert_null (terrane_cgroup_new (dir.path, memberships[i], LIMIT, 1024));
  g_assert_null (terrane_cgroup_new ("/nosuch", "0::/\n", LIMIT, 1024));
  g_assert_cmpuint (count_entries (&dir, "a"), ==, 3);
}

/* Here a new group has no memory.max, so it is of no use; what was made is removed again. */
static void
test_nothing_is_left (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  add_group (&dir, ".", "cpu memory pids\n");
  add_group (&dir, "a", "memory\n");
  /* For a process that cannot exist, and for one that does. */
  g_autofree char *dead = g_build_filename (dir.path, "a", "terrane-2147483646-0", NULL);
  g_autofree char *alive = g_strdup_printf ("%s/a/terrane-%d-0", dir.path, (int) getpid ());
  g_autofree char *foreign = g_build_filename (dir.path, "a", "terrane-x", NULL);
  g_assert_cmpint (g_mkdir_with_parents (dead, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (alive, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (foreign, 0755), ==, 0);
  g_assert_null (terrane_cgroup_new (dir.path, "0::/a\n", LIMIT, 1024));
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (alive, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  g_assert_cmpuint (count_entries (&dir, "a"), ==, 4);
  g_assert_cmpuint (count_entries (&dir, "."), ==, 3);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/cgroup/none", test_none);
  g_test_add_func ("/cgroup/nothing-is-left", test_nothing_is_left);
  return g_test_run ();
}
