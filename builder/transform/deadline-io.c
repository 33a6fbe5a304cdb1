#include "builder/transform/deadline-io.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

enum
{
  USECS_PER_MS = 1000,
};

/* Returns: FALSE if the deadline came first */
static gboolean
wait_for (int fd, short events, gint64 deadline)
{
  for (;;)
    {
      struct pollfd wanted = { .fd = fd, .events = events };
      gint64 left = (deadline - g_get_monotonic_time () + USECS_PER_MS - 1) / USECS_PER_MS;
      if (left <= 0)
        return FALSE;
      int n = poll (&wanted, 1, (int) MIN (left, (gint64) INT_MAX));
      if (n > 0 || (n < 0 && errno != EINTR))
        return TRUE; /* the next call gives the error */
    }
}

TerraneIoResult
terrane_deadline_send (int fd, const void *data, size_t len, gint64 deadline)
{
  const char *at = data;
  while (len > 0)
    {
      if (!wait_for (fd, POLLOUT, deadline))
        return TERRANE_IO_TOO_LATE;
      ssize_t n = send (fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0)
        return TERRANE_IO_ENDED;
      at += n;
      len -= (size_t) n;
    }
  return TERRANE_IO_DONE;
}

TerraneIoResult
terrane_deadline_receive (int fd, void *data, size_t len, gint64 deadline)
{
  char *at = data;
  while (len > 0)
    {
      if (!wait_for (fd, POLLIN, deadline))
        return TERRANE_IO_TOO_LATE;
      ssize_t n = recv (fd, at, len, MSG_DONTWAIT);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n <= 0)
        return TERRANE_IO_ENDED;
      at += n;
      len -= (size_t) n;
    }
  return TERRANE_IO_DONE;
}
