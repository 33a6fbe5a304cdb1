#include "builder/sandbox/children.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

enum
{
  MAX_TEXT = 1024 * 1024,         /* enough for more than a hundred thousand children */
  MAX_TEXT_OF_THREAD = 16 * 1024, /* enough for more than a thousand */
  MAX_STAT = 1024,
};

/* Fourth field of stat; the second is a name in brackets, which may have brackets of its own. */
static pid_t
parent_of (uint64_t pid)
{
  char path[64], text[MAX_STAT];
  int parent = 0;
  size_t got = 0;
  (void) snprintf (path, sizeof path, "/proc/%" G_GUINT64_FORMAT "/stat", pid);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return 0;
  text[got] = '\0';
  const char *name_end = strrchr (text, ')');
  uint64_t number = 0;
  if (name_end == NULL || strlen (name_end) < strlen (") S 1"))
    return 0;
  g_auto (GStrv) words = g_strsplit (name_end + strlen (") S "), " ", 2);
  if (oci_parse_u64 (words[0], G_MAXINT, &number, NULL))
    parent = (int) number;
  return parent;
}

/* The descriptor is opened first: even if the number is reused later, it stays the process that was
 * asked about, or one that has ended. */
static gboolean
kill_child (uint64_t pid, pid_t parent)
{
  g_auto (OciFd) fd = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  return fd >= 0 && parent_of (pid) == parent
         && syscall (SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

/* Returns: (transfer full) (nullable): their numbers */
static GArray *
read_numbers (const char *path, size_t max)
{
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autofree char *text = g_malloc (max + 1);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, max, &got, NULL))
    return NULL;
  text[got] = '\0';
  /* Each number has a space after it; a last one without a space may be the start of a longer
   * one. */
  char *end = strrchr (text, ' ');
  text[end != NULL ? (size_t) (end - text) : 0] = '\0';
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GArray *numbers = g_array_new (FALSE, FALSE, sizeof (pid_t));
  for (char **word = words; *word != NULL; word++)
    {
      uint64_t pid = 0;
      if (!oci_parse_u64 (*word, G_MAXINT, &pid, NULL) || pid <= 1)
        continue;
      pid_t number = (pid_t) pid;
      g_array_append_val (numbers, number);
    }
  return numbers;
}

unsigned
terrane_children_kill (pid_t parent)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int) parent, (int) parent);
  g_autoptr (GArray) numbers = read_numbers (path, MAX_TEXT);
  unsigned killed = 0;
  for (guint i = 0; numbers != NULL && i < numbers->len; i++)
    killed += kill_child ((uint64_t) g_array_index (numbers, pid_t, i), parent) ? 1 : 0;
  return killed;
}

/* A process is listed with the thread that created it. */
static void
add_children (GArray *all, pid_t parent, guint max)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) parent);
  g_autoptr (GDir) threads = g_dir_open (path, 0, NULL);
  const char *name = threads != NULL ? g_dir_read_name (threads) : NULL;
  for (; name != NULL && all->len < max; name = g_dir_read_name (threads))
    {
      g_autofree char *children = g_strconcat (path, "/", name, "/children", NULL);
      g_autoptr (GArray) numbers = read_numbers (children, MAX_TEXT_OF_THREAD);
      if (numbers != NULL)
        g_array_append_vals (all, numbers->data, numbers->len);
    }
}

GArray *
terrane_children_find_all (pid_t ancestor, guint max)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (pid_t));
  add_children (all, ancestor, max);
  for (guint i = 0; i < all->len && all->len < max; i++)
    add_children (all, g_array_index (all, pid_t, i), max);
  return all;
}
