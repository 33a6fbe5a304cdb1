/* Programs that try to have more memory, files or time than they are given: test_sandbox_limits.py.
 * The first argument says how. Each step is written out before the next. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  STEP_MIB = 16,
  LAST_MIB = 640, /* five times the limit of the tests */
  STEP_USECS = 15 * 1000,
  MIB = 1 << 20,
};

static char block[MIB];

static void
said (int mib)
{
  (void) printf ("taken %d\n", mib);
  (void) usleep (STEP_USECS);
}

static int
make_file (void)
{
  int fd = memfd_create ("memory", 0);
  for (int i = 0; fd >= 0 && i < STEP_MIB; i++)
    if (write (fd, block, sizeof block) < 0)
      break;
  return fd;
}

/* Memory that is visible to all processes. */
static void
take_plainly (void)
{
  for (int mib = STEP_MIB; mib <= LAST_MIB; mib += STEP_MIB)
    {
      char *piece = malloc (STEP_MIB * MIB);
      if (piece != NULL)
        memset (piece, mib, STEP_MIB * MIB);
      said (mib);
    }
}

/* Pages that are in no table of pages. */
static void
take_unmapped (void)
{
  for (int mib = STEP_MIB; mib <= LAST_MIB; mib += STEP_MIB)
    {
      char *piece =
          mmap (NULL, STEP_MIB * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      if (piece != MAP_FAILED)
        {
          memset (piece, mib, STEP_MIB * MIB);
          (void) madvise (piece, STEP_MIB * MIB, MADV_DONTNEED);
        }
      said (mib);
    }
}

static void
take_files (void)
{
  for (int mib = STEP_MIB; mib <= LAST_MIB; mib += STEP_MIB)
    {
      (void) make_file ();
      said (mib);
    }
}

/* One page of a file keeps all of it. */
static void
take_closed_files (void)
{
  for (int mib = STEP_MIB; mib <= LAST_MIB; mib += STEP_MIB)
    {
      int fd = make_file ();
      (void) !mmap (NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
      (void) close (fd);
      said (mib);
    }
}

static void
send_file (int channel, int fd)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  char byte = 0;
  struct iovec part = { .iov_base = &byte, .iov_len = 1 };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  struct cmsghdr *header = CMSG_FIRSTHDR (&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (header), &fd, sizeof fd);
  (void) sendmsg (channel, &message, 0);
}

/* Descriptors on their way are in no process's table. */
static void
take_files_on_their_way (void)
{
  int channel[2] = { -1, -1 };
  for (int mib = STEP_MIB; mib <= LAST_MIB; mib += STEP_MIB)
    {
      if (channel[0] < 0 || mib % (STEP_MIB * 8) == 0)
        (void) socketpair (AF_UNIX, SOCK_DGRAM, 0, channel);
      int fd = make_file ();
      send_file (channel[0], fd);
      (void) close (fd);
      said (mib);
    }
}

/* So many descriptors that looking at all of them takes too long. */
static void
take_while_descriptors_are_many (void)
{
  int answer[2];
  char byte = 0;
  if (pipe (answer) < 0)
    return;
  for (int i = 0; i < 100; i++)
    if (fork () == 0)
      {
        while (memfd_create ("none", 0) >= 0)
          ;
        (void) !write (answer[1], &byte, 1);
        (void) pause ();
      }
  for (int i = 0; i < 100; i++)
    (void) !read (answer[0], &byte, 1);
  take_plainly ();
}

static void *
in_thread (void *data)
{
  void (*take) (void) = data;
  /* A table of descriptors of its own. */
  (void) syscall (SYS_unshare, CLONE_FILES);
  take ();
  (void) puts ("all");
  (void) pause ();
  return NULL;
}

/* The first thread shows no memory once it has ended. */
static void
take_in_thread (void (*take) (void), int first_ends)
{
  pthread_t thread;
  (void) pthread_create (&thread, NULL, in_thread, take);
  if (first_ends)
    (void) syscall (SYS_exit, 0);
  (void) pause ();
}

static int
make_files (const char *directory)
{
  (void) chdir (directory);
  for (int i = 0;; i++)
    {
      char name[16];
      (void) snprintf (name, sizeof name, "%d", i);
      int fd = open (name, O_CREAT | O_WRONLY, 0600);
      if (fd < 0)
        {
          (void) printf ("%d %s\n", i, strerror (errno));
          return 0;
        }
      (void) close (fd);
    }
}

int
main (int argc, char **argv)
{
  const char *how = argc > 1 ? argv[1] : "";
  (void) setvbuf (stdout, NULL, _IOLBF, 0);
  memset (block, 1, sizeof block);
  if (strcmp (how, "make-files") == 0 && argc > 2)
    return make_files (argv[2]);
  if (strcmp (how, "first-thread-ended") == 0)
    take_in_thread (take_plainly, 1);
  if (strcmp (how, "files-of-a-thread") == 0)
    take_in_thread (take_files, 0);
  if (strcmp (how, "unreadable") == 0 && prctl (PR_SET_DUMPABLE, 0) == 0)
    take_files ();
  if (strcmp (how, "unmapped") == 0)
    take_unmapped ();
  if (strcmp (how, "closed-files") == 0)
    take_closed_files ();
  if (strcmp (how, "files-on-their-way") == 0)
    take_files_on_their_way ();
  if (strcmp (how, "many-descriptors") == 0)
    take_while_descriptors_are_many ();
  (void) puts ("all");
  (void) pause ();
  return 0;
}
