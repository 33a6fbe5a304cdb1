#include "builder/sandbox/inlet.h"

#include "oci/base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum
{
  BACKLOG = 64,
  RETRY_NSECS = 1000 * 1000,
  MAX_RETRIES = 5000,
};

/* bubblewrap brings loopback up some time after it made the namespace; until then the address does
 * not exist. */
static int
listen_on_loopback (unsigned port)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons ((uint16_t) port),
                                       .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  const struct timespec pause = { .tv_nsec = RETRY_NSECS };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = -1;
  for (int i = 0; fd >= 0 && i < MAX_RETRIES; i++)
    {
      result = bind (fd, (const struct sockaddr *) &address, sizeof address);
      if (result == 0 || errno != EADDRNOTAVAIL)
        break;
      (void) nanosleep (&pause, NULL);
    }
  return result == 0 && listen (fd, BACKLOG) == 0 ? fd : -1;
}

/* Sends one byte, 0 or an errno, with the socket. */
static gboolean
send_socket (int channel, int fd)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  unsigned char failure = fd < 0 ? (unsigned char) errno : 0;
  struct iovec part = { .iov_base = &failure, .iov_len = 1 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  if (fd >= 0)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      struct cmsghdr *header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (header), &fd, sizeof fd);
    }
  return sendmsg (channel, &message, MSG_NOSIGNAL) == 1;
}

static gboolean
receive_socket (int channel, OciFd *out_fd, GError **error)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  unsigned char failure = 0;
  struct iovec part = { .iov_base = &failure, .iov_len = 1 };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  ssize_t n;
  do
    n = recvmsg (channel, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  const struct cmsghdr *header = n == 1 ? CMSG_FIRSTHDR (&message) : NULL;
  if (n == 1 && failure != 0)
    errno = failure;
  if (header == NULL || header->cmsg_type != SCM_RIGHTS)
    return oci_throw_errno (error, "making a socket inside the sandbox");
  memcpy (out_fd, CMSG_DATA (header), sizeof *out_fd);
  return TRUE;
}

static int
make_socket (G_GNUC_UNUSED unsigned port)
{
  return socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Calls @make, which makes a socket, in the namespaces of @pid. */
static gboolean
make_inside (pid_t pid, int (*make) (unsigned port), unsigned port, OciFd *out_fd, GError **error)
{
  int channel[2];
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
    return oci_throw_errno (error, "making a socket");
  g_auto (OciFd) ours = channel[0];
  g_auto (OciFd) theirs = channel[1];
  g_auto (OciFd) pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    return oci_throw_errno (error, "opening the sandbox's process");
  /* Only a single-threaded process may enter a user namespace. Everything it does until it exits is
   * async-signal-safe. */
  pid_t child = fork ();
  if (child == 0)
    {
      int fd = -1;
      if (setns (pidfd, CLONE_NEWUSER | CLONE_NEWNET) == 0)
        fd = make (port);
      _exit (send_socket (theirs, fd) ? 0 : 1);
    }
  if (child < 0)
    return oci_throw_errno (error, "creating a process");
  oci_fd_close (oci_fd_steal (&theirs));
  gboolean ok = receive_socket (ours, out_fd, error);
  while (waitpid (child, NULL, 0) < 0 && errno == EINTR)
    ;
  return ok;
}

gboolean
terrane_inlet_open (pid_t pid, unsigned port, OciFd *out_fd, GError **error)
{
  return make_inside (pid, listen_on_loopback, port, out_fd, error);
}

gboolean
terrane_inlet_socket (pid_t pid, OciFd *out_fd, GError **error)
{
  if (pid != 0)
    return make_inside (pid, make_socket, 0, out_fd, error);
  *out_fd = make_socket (0);
  return *out_fd >= 0 || oci_throw_errno (error, "making a socket");
}

gboolean
terrane_inlet_open_here (OciFd *out_fd, unsigned *out_port, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  g_auto (OciFd) fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind (fd, (const struct sockaddr *) &address, sizeof address) < 0
      || listen (fd, BACKLOG) < 0 || getsockname (fd, (struct sockaddr *) &address, &len) < 0)
    return oci_throw_errno (error, "listening on a port of loopback");
  *out_port = ntohs (address.sin_port);
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}
