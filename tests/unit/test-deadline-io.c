#include "builder/transform/deadline-io.h"

#include "testing.h"

#include <sys/socket.h>

enum
{
  SHORT_USECS = 50 * 1000,
  TRICKLE_USECS = 5 * 1000,
  LONG_SECONDS = 600,
};

typedef struct
{
  int fd;
  int bytes; /* to send, then the end */
} Peer;

/* A byte now and then, so that no single wait is long. */
static gpointer
trickle (gpointer data)
{
  const Peer *self = data;
  for (int i = 0; i < self->bytes && send (self->fd, "x", 1, MSG_NOSIGNAL) == 1; i++)
    g_usleep (TRICKLE_USECS);
  (void) shutdown (self->fd, SHUT_WR);
  return NULL;
}

static TerraneIoResult
receive_from (int bytes, gint64 deadline)
{
  int pair[2];
  char buffer[10000];
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_auto (OciFd) ours = pair[0], theirs = pair[1];
  Peer peer = { .fd = theirs, .bytes = bytes };
  GThread *thread = g_thread_new ("peer", trickle, &peer);
  TerraneIoResult result = terrane_deadline_receive (ours, buffer, sizeof buffer, deadline);
  oci_fd_close (oci_fd_steal (&ours)); /* ends the peer */
  g_thread_join (thread);
  return result;
}

/* 10000 bytes at that rate are at least 50 s: the deadline comes first, however busy the
 * machine. */
static void
test_receive (void)
{
  gint64 now = g_get_monotonic_time ();
  g_assert_cmpint (receive_from (G_MAXINT, now + SHORT_USECS), ==, TERRANE_IO_TOO_LATE);
  g_assert_cmpint (receive_from (G_MAXINT, now - 1), ==, TERRANE_IO_TOO_LATE);
  g_assert_cmpint (receive_from (3, now + LONG_SECONDS * G_USEC_PER_SEC), ==, TERRANE_IO_ENDED);
}

/* More than a socket holds, to a peer that reads nothing, and to one that reads everything. */
static void
test_send (void)
{
  int pair[2];
  enum
  {
    BYTES = 4 * 1024 * 1024
  };
  g_autofree char *data = g_malloc0 (BYTES);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_auto (OciFd) ours = pair[0], theirs = pair[1];
  gint64 now = g_get_monotonic_time ();
  g_assert_cmpint (terrane_deadline_send (ours, data, BYTES, now + SHORT_USECS), ==,
                   TERRANE_IO_TOO_LATE);
  g_assert_cmpint (terrane_deadline_send (ours, data, 0, now - 1), ==, TERRANE_IO_DONE);
  oci_fd_close (oci_fd_steal (&theirs));
  g_assert_cmpint (terrane_deadline_send (ours, data, BYTES, now + LONG_SECONDS * G_USEC_PER_SEC),
                   ==, TERRANE_IO_ENDED);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/deadline-io/receive", test_receive);
  g_test_add_func ("/deadline-io/send", test_send);
  return g_test_run ();
}
