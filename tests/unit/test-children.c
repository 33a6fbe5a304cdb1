#include "builder/sandbox/children.h"
#include "builder/sandbox/memory-watch.h"

#include "testing.h"

#include <signal.h>
#include <sys/wait.h>

enum
{
  /* Their numbers, of at least three digits, do not fit into a few hundred bytes. */
  CHILDREN = 120,
};

typedef struct
{
  int written;
  int ended; /* by SIGKILL */
} Counts;

/* Has children that wait for ever, says so, and then counts how they end. */
_Noreturn static void
be_parent (int out)
{
  Counts counts = { 0 };
  for (int i = 0; i < CHILDREN; i++)
    {
      pid_t child = fork ();
      if (child == 0)
        for (;;)
          (void) pause ();
      counts.written += child > 0 ? 1 : 0;
    }
  (void) !write (out, &counts, sizeof counts);
  for (int i = 0; i < counts.written; i++)
    {
      int status = 0;
      if (wait (&status) > 0 && WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL)
        counts.ended++;
    }
  (void) !write (out, &counts, sizeof counts);
  for (;;)
    (void) pause ();
}

static pid_t
start_parent (int *out_fd)
{
  int fds[2];
  g_assert_cmpint (pipe (fds), ==, 0);
  pid_t parent = fork ();
  g_assert_cmpint (parent, >=, 0);
  if (parent == 0)
    be_parent (fds[1]);
  (void) close (fds[1]);
  *out_fd = fds[0];
  return parent;
}

static void
end (pid_t process)
{
  int status = 0;
  g_assert_cmpint (waitpid (process, &status, WNOHANG), ==, 0); /* it was not hit */
  g_assert_cmpint (kill (process, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (process, &status, 0), ==, process);
}

static void
test_all_and_no_other (void)
{
  Counts counts = { 0 };
  int fd = -1;
  pid_t bystander = fork ();
  if (bystander == 0)
    for (;;)
      (void) pause ();
  pid_t parent = start_parent (&fd);
  g_assert_cmpint (read (fd, &counts, sizeof counts), ==, sizeof counts);
  g_assert_cmpint (counts.written, ==, CHILDREN);
  g_assert_cmpuint (terrane_children_kill (parent), ==, CHILDREN);
  g_assert_cmpint (read (fd, &counts, sizeof counts), ==, sizeof counts);
  g_assert_cmpint (counts.ended, ==, CHILDREN);
  g_assert_cmpuint (terrane_children_kill (parent), ==, 0);
  end (parent);
  end (bystander);
  (void) close (fd);
}

static void
test_nobody (void)
{
  pid_t gone = fork ();
  if (gone == 0)
    _exit (0);
  g_assert_cmpint (waitpid (gone, NULL, 0), ==, gone);
  g_assert_cmpuint (terrane_children_kill (gone), ==, 0);
}

/* Returns when the next look is due, with a limit this far above the usage. */
static gint64
pause_of (pid_t process, gboolean limit_only, uint64_t limit, gboolean *out_exceeded)
{
  TerraneMemoryWatch watch;
  TerraneMemoryLook look;
  terrane_memory_watch_init (&watch, process, limit, limit_only);
  watch.tree = TRUE;
  gint64 started = g_get_monotonic_time ();
  terrane_memory_watch_look (&watch, FALSE, &look);
  *out_exceeded = watch.over > 0;
  g_assert_false (look.unwatched);
  return watch.next - started;
}

/* If only the limit matters, looks are rare while it is far, but frequent enough for the fastest
 * use of memory: 8 GB in a second. */
static void
test_watch (void)
{
  const uint64_t gigabyte = UINT64_C (1000) * 1000 * 1000;
  int fd = -1;
  gboolean exceeded = FALSE;
  pid_t process = start_parent (&fd);
  Counts counts;
  g_assert_cmpint (read (fd, &counts, sizeof counts), ==, sizeof counts);
  g_assert_cmpint (pause_of (process, TRUE, 100 * gigabyte, &exceeded), >=, 200 * 1000);
  g_assert_false (exceeded);
  TerraneUsage usage;
  const TerraneUsageQuery query = {
    .init = process, .tree = TRUE, .limit = G_MAXUINT64, .max_threads = 10 * CHILDREN
  };
  g_assert_cmpint (terrane_usage_read (&query, &usage), ==, TERRANE_USAGE_READ);
  g_assert_cmpuint (usage.processes, >=, CHILDREN);
  g_assert_cmpint (pause_of (process, TRUE, usage.bytes + gigabyte, &exceeded), >=, 100 * 1000);
  g_assert_false (exceeded);
  g_assert_cmpint (pause_of (process, TRUE, 1000, &exceeded), <, 200 * 1000);
  g_assert_true (exceeded);
  g_assert_cmpint (pause_of (process, FALSE, 100 * gigabyte, &exceeded), >=, 10 * 1000);
  g_assert_cmpuint (terrane_children_kill (process), ==, CHILDREN);
  (void) close (fd);
  end (process);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/children/all-and-no-other", test_all_and_no_other);
  g_test_add_func ("/children/nobody", test_nobody);
  g_test_add_func ("/children/watch", test_watch);
  return g_test_run ();
}
