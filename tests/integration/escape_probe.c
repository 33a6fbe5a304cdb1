/* Tries to get out of the sandbox, or at the host and the store from inside. Prints one line for
 * each attempt: its name, and the errno it failed with, or "done". argv: a process of the host, a
 * port of its loopback, an abstract socket of its. Static, so that the image needs nothing else. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void
say (const char *name, long result)
{
  printf ("%s %s\n", name, result >= 0 ? "done" : strerrorname_np (errno));
}

static void
say_open (const char *name, const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0666);
  say (name, fd);
  if (fd >= 0)
    close (fd);
}

static void
say_write (const char *name, const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  say (name, fd < 0 ? fd : write (fd, text, strlen (text)));
}

static void
try_mounts (void)
{
  say ("mount tmpfs", mount ("tmpfs", "/tmp", "tmpfs", 0, NULL));
  say ("mount bind", mount ("/", "/tmp", NULL, MS_BIND, NULL));
  say ("mount remount", mount (NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
  say ("umount", umount2 ("/proc", MNT_DETACH));
  say ("fsopen", syscall (SYS_fsopen, "tmpfs", 0));
  say ("open_tree", syscall (SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */));
  say ("move_mount", syscall (SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0));
  say ("mount_setattr", syscall (442, AT_FDCWD, "/", 0, NULL, 0));
  say ("fsmount", syscall (SYS_fsmount, 0, 0, 0));
  say ("fspick", syscall (SYS_fspick, AT_FDCWD, "/", 0));
  say ("pivot_root", syscall (SYS_pivot_root, "/tmp", "/tmp"));
  say ("chroot", chroot ("/tmp"));
}

static void
try_namespaces (void)
{
  static const struct
  {
    const char *name;
    int flag;
  } all[] = { { "user", CLONE_NEWUSER },    { "mount", CLONE_NEWNS }, { "pid", CLONE_NEWPID },
              { "network", CLONE_NEWNET },  { "ipc", CLONE_NEWIPC },  { "uts", CLONE_NEWUTS },
              { "cgroup", CLONE_NEWCGROUP } };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    {
      char name[64];
      snprintf (name, sizeof name, "unshare %s", all[i].name);
      say (name, unshare (all[i].flag));
      snprintf (name, sizeof name, "clone %s", all[i].name);
      long child = syscall (SYS_clone, all[i].flag | SIGCHLD, NULL, NULL, NULL, NULL);
      if (child == 0)
        _exit (0);
      say (name, child);
    }
  say ("unshare time", unshare (0x80));
  int fd = open ("/proc/1/ns/user", O_RDONLY);
  say ("setns", fd < 0 ? fd : setns (fd, CLONE_NEWUSER));
  fd = open ("/proc/self/ns/net", O_RDONLY);
  say ("setns own", setns (fd, CLONE_NEWNET));
  say ("clone3", syscall (SYS_clone3, NULL, 0));
}

static void
try_processes (pid_t host)
{
  struct rlimit limit = { 64, 4096 };
  char byte = 0;
  struct iovec here = { &byte, 1 }, there = { &byte, 1 };
  say ("ptrace init", ptrace (PTRACE_ATTACH, 1, NULL, NULL));
  say ("ptrace seize init", ptrace (PTRACE_SEIZE, 1, NULL, NULL));
  say ("ptrace parent", ptrace (PTRACE_ATTACH, getppid (), NULL, NULL));
  say ("process_vm_readv", process_vm_readv (1, &here, 1, &there, 1, 0));
  say ("process_vm_writev", process_vm_writev (1, &here, 1, &there, 1, 0));
  say ("pidfd_getfd", syscall (SYS_pidfd_getfd, 0, 0, 0));
  say_open ("memory of init", "/proc/1/mem", O_RDWR);
  say_open ("root of init", "/proc/1/root/etc", O_RDONLY);
  say_open ("report of init", "/proc/1/fd/7", O_RDWR);
  say_open ("terminal of init", "/proc/1/fd/0", O_RDONLY);
  say_open ("environment of init", "/proc/1/environ", O_RDONLY);
  say ("signal host", kill (host, 0));
  say ("priority of host", getpriority (PRIO_PROCESS, (id_t) host) == -1 && errno != 0 ? -1 : 0);
  say ("limit of files", setrlimit (RLIMIT_NOFILE, &limit));
  say ("limits of init asked", prlimit (1, RLIMIT_FSIZE, NULL, &limit));
  limit = (struct rlimit){ 0, 0 };
  say ("file size of init", prlimit (1, RLIMIT_FSIZE, &limit, NULL));
  say ("processor time of init", prlimit (1, RLIMIT_CPU, &limit, NULL));
  say ("memory of init limited", prlimit (1, RLIMIT_AS, &limit, NULL));
  say ("limit of init disguised",
       syscall (SYS_prlimit64, (1L << 32) | 1, RLIMIT_FSIZE, &limit, NULL));
  say_write ("oom_score of init", "/proc/1/oom_score_adj", "1000");
}

/* It has no handlers, so that none of these reaches it. */
static void
try_signals (void)
{
  for (int number = 1; number < NSIG; number++)
    if (number != 32 && number != 33) /* libc's own */
      (void) kill (1, number);
  say ("init after signals", kill (1, 0));
}

static void
try_kernel (void)
{
  struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof attr };
  struct file_handle *handle = calloc (1, sizeof *handle + 128);
  struct timeval now = { 1, 0 };
  int mount_id = 0;
  handle->handle_bytes = 128;
  say ("add_key", syscall (SYS_add_key, "user", "terrane", "x", 1, KEY_SPEC_USER_KEYRING));
  say ("keyctl", syscall (SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
  say ("request_key", syscall (SYS_request_key, "user", "terrane", NULL, 0));
  say ("bpf", syscall (SYS_bpf, 0, NULL, 0));
  say ("perf_event_open", syscall (SYS_perf_event_open, &attr, 0, -1, -1, 0));
  say ("userfaultfd", syscall (SYS_userfaultfd, 1));
  say ("io_uring_setup", syscall (SYS_io_uring_setup, 1, NULL));
  say ("shmget", syscall (SYS_shmget, 0, 4096, 01600));
  say ("shmat", syscall (SYS_shmat, 0, NULL, 0));
  say ("msgget", syscall (SYS_msgget, 0, 01600));
  say ("kexec_load", syscall (SYS_kexec_load, 0, 0, NULL, 0));
  say ("init_module", syscall (SYS_init_module, "", 0, ""));
  say ("finit_module", syscall (SYS_finit_module, 0, "", 0));
  say ("delete_module", syscall (SYS_delete_module, "x", 0));
  say ("syslog", syscall (SYS_syslog, 3, NULL, 0));
  say ("reboot", syscall (SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, RB_DISABLE_CAD, 0));
  say ("settimeofday", settimeofday (&now, NULL));
  say ("sethostname", sethostname ("x", 1));
  say ("swapon", syscall (SYS_swapon, "/tmp/x", 0));
  say ("acct", syscall (SYS_acct, "/tmp/x"));
  say ("name_to_handle_at", name_to_handle_at (AT_FDCWD, "/", handle, &mount_id, 0));
  say ("open_by_handle_at", open_by_handle_at (AT_FDCWD, handle, O_RDONLY));
  say ("personality", personality (READ_IMPLIES_EXEC));
  say ("personality asked", personality (0xffffffff));
  free (handle);
}

static void
try_sockets (int port, const char *abstract)
{
  static const struct
  {
    const char *name;
    int family, type, protocol;
  } all[] = {
    { "raw IPv4", AF_INET, SOCK_RAW, IPPROTO_ICMP },
    { "raw IPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
    { "raw with flags", AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW },
    { "packet", AF_PACKET, SOCK_RAW, 0 },
    { "packet in IPv4", AF_INET, SOCK_PACKET, 0 },
    { "kernel crypto", 38, SOCK_SEQPACKET, 0 },
    { "virtual machine", 40, SOCK_STREAM, 0 },
    { "bluetooth", 31, SOCK_RAW, 1 },
    { "netlink audit", AF_NETLINK, SOCK_RAW, 9 },
    { "netlink netfilter", AF_NETLINK, SOCK_RAW, 12 },
    { "SCTP", AF_INET, SOCK_STREAM, 132 },
    { "SCTP by type", AF_INET, SOCK_SEQPACKET, 0 },
    { "SCTP in IPv6", AF_INET6, SOCK_SEQPACKET, 132 },
    { "DCCP", AF_INET, 6, 33 },
    { "DCCP by type", AF_INET6, 6, 0 },
    { "RDM", AF_INET, SOCK_RDM, 0 },
    { "UDP-Lite", AF_INET, SOCK_DGRAM, 136 },
    { "L2TP", AF_INET, SOCK_DGRAM, 115 },
    { "multipath TCP", AF_INET, SOCK_STREAM, 262 },
    { "shared memory", AF_INET, SOCK_STREAM, 256 },
    { "RDS", 21, SOCK_SEQPACKET, 0 },
    { "TIPC", 30, SOCK_SEQPACKET, 0 },
    { "SMC", 43, SOCK_STREAM, 0 },
    { "XDP", 44, SOCK_RAW, 0 },
    { "tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP },
    { "tcp of IPv6", AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0 },
    { "udp named", AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
    { "unix packets", AF_UNIX, SOCK_SEQPACKET, 0 },
    { "netlink route", AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 },
    { "unix", AF_UNIX, SOCK_STREAM, 0 },
    { "udp", AF_INET, SOCK_DGRAM, 0 },
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    {
      char name[64];
      snprintf (name, sizeof name, "socket %s", all[i].name);
      int fd = socket (all[i].family, all[i].type, all[i].protocol);
      say (name, fd);
      if (fd >= 0)
        close (fd);
    }
  /* A family with rubbish in the half of the register that the kernel ignores. */
  say ("socket packet disguised", syscall (SYS_socket, (1L << 32) | 17, SOCK_RAW, 0));
  say ("socket raw disguised",
       syscall (SYS_socket, (1L << 32) | AF_INET, (1L << 32) | SOCK_RAW, 1));
  say ("socket SCTP disguised", syscall (SYS_socket, AF_INET, SOCK_STREAM, (1L << 32) | 132));
  int pair[2];
  say ("socketpair TIPC", socketpair (30, SOCK_SEQPACKET, 0, pair));
  say ("socketpair internet", socketpair (AF_INET, SOCK_STREAM, 0, pair));
  say ("socketpair unix", socketpair (AF_UNIX, SOCK_STREAM, 0, pair));

  const struct sockaddr_in loopback = { .sin_family = AF_INET,
                                        .sin_port = htons ((uint16_t) port),
                                        .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  size_t len = strlen (abstract);
  memcpy (name.sun_path + 1, abstract, len);
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  say ("connect to loopback", connect (fd, (const struct sockaddr *) &loopback, sizeof loopback));
  fd = socket (AF_UNIX, SOCK_STREAM, 0);
  say ("connect to abstract socket",
       connect (fd, (const struct sockaddr *) &name,
                (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + len)));
}

/* The file is a hard link to an object of the store, and owned by the user of the sandbox. */
static void
try_store (const char *path)
{
  const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
  say_open ("store: write", path, O_WRONLY);
  say_open ("store: append", path, O_WRONLY | O_APPEND);
  say_open ("store: truncate", path, O_WRONLY | O_TRUNC);
  say ("store: truncate by name", truncate (path, 0));
  say ("store: chmod", chmod (path, 0666));
  say ("store: chown", chown (path, 993, 990));
  say ("store: utimes", utimensat (AT_FDCWD, path, times, 0));
  say ("store: setxattr", setxattr (path, "user.x", "x", 1, 0));
  say ("store: removexattr", removexattr (path, "user.ostreemeta"));
  say ("store: link", link (path, "/link"));
  say ("store: link in /tmp", link (path, "/tmp/link"));
  say ("store: rename", rename (path, "/renamed"));
  say ("store: unlink", unlink (path));
  say_open ("store: create", "/created", O_WRONLY | O_CREAT);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  say ("store: fchmod", fchmod (fd, 0666));
  int flags = FS_NOATIME_FL;
  say ("store: flags", ioctl (fd, FS_IOC_SETFLAGS, &flags));
  void *map = mmap (NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  say ("store: map", map == MAP_FAILED ? -1 : 0);
  char again[64];
  snprintf (again, sizeof again, "/proc/self/fd/%d", fd);
  say_open ("store: open again", again, O_RDWR);
}

/* Leases delay every process that opens the file; locks only concern the program, in /tmp as on the
 * image's files, and must not be locks of the store's files. */
static void
try_locks (const char *path)
{
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  say ("lease for reading", fcntl (fd, F_SETLEASE, F_RDLCK));
  say ("lease for writing", fcntl (fd, F_SETLEASE, F_WRLCK));
  say ("lease disguised", syscall (SYS_fcntl, fd, (1L << 32) | F_SETLEASE, F_RDLCK));
  say ("delegation", fcntl (fd, 1040 /* F_SETDELEG */, &lock));
  say ("flock", flock (fd, LOCK_EX | LOCK_NB));
  say ("record lock", fcntl (fd, F_SETLK, &lock));
  int own = open ("/tmp/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  lock.l_type = F_WRLCK;
  say ("lease of own file", fcntl (own, F_SETLEASE, F_WRLCK));
  say ("flock of own file", flock (own, LOCK_EX | LOCK_NB));
  say ("record lock of own file", fcntl (own, F_SETLK, &lock));
  lock.l_type = F_UNLCK; /* the next belongs to the open file, for which the first is another's */
  say ("record unlock of own file", fcntl (own, F_SETLK, &lock));
  lock.l_type = F_WRLCK;
  say ("open record lock of own file", fcntl (own, F_OFD_SETLK, &lock));
}

/* Reads of every file directly in /proc: which of them others may not read is asked outside. */
static void
read_proc (void)
{
  DIR *dir = opendir ("/proc");
  for (struct dirent *entry; dir != NULL && (entry = readdir (dir)) != NULL;)
    {
      char path[300], byte;
      struct stat info;
      snprintf (path, sizeof path, "/proc/%s", entry->d_name);
      if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
        continue;
      int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
      if (fd >= 0 && fstat (fd, &info) == 0 && !S_ISDIR (info.st_mode)
          && (read (fd, &byte, 1) > 0 || errno == EAGAIN))
        printf ("%s read\n", path);
      if (fd >= 0)
        close (fd);
    }
}

static void
try_files (void)
{
  say_write ("core_pattern", "/proc/sys/kernel/core_pattern", "|/tmp/x");
  say_write ("modprobe", "/proc/sys/kernel/modprobe", "/tmp/x");
  say_write ("sysrq", "/proc/sysrq-trigger", "s");
  say_write ("oom_score of init", "/proc/1/oom_score_adj", "-1000");
  say_write ("timens", "/proc/self/timens_offsets", "monotonic 1 0");
  say_open ("kernel memory", "/proc/kcore", O_RDONLY);
  say_open ("/dev/mem", "/dev/mem", O_RDONLY);
  say_open ("/dev/kmsg", "/dev/kmsg", O_RDWR);
  say_open ("/dev/shm", "/dev/shm", O_RDONLY);
  say_open ("/dev/fuse", "/dev/fuse", O_RDWR);
  say_open ("/dev/net/tun", "/dev/net/tun", O_RDWR);
  say_open ("/sys", "/sys/kernel", O_RDONLY);
  say ("mknod", mknod ("/tmp/sda", S_IFBLK | 0666, makedev (8, 0)));
  say ("mknod kmem", mknod ("/tmp/mem", S_IFCHR | 0666, makedev (1, 1)));
}

/* Nothing is changed, even where it works: the mode, times and owner are what they were. */
static void
try_devices (void)
{
  static const char *const names[] = { "null", "zero", "full", "random", "urandom" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    {
      char path[32], name[64];
      struct stat info;
      snprintf (path, sizeof path, "/dev/%s", names[i]);
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      fstat (fd, &info);
      snprintf (name, sizeof name, "device: chmod %s", names[i]);
      say (name, chmod (path, info.st_mode & 07777));
      snprintf (name, sizeof name, "device: fchmod %s", names[i]);
      say (name, fchmod (fd, info.st_mode & 07777));
      snprintf (name, sizeof name, "device: chown %s", names[i]);
      say (name, chown (path, info.st_uid, info.st_gid));
      close (fd);
    }
  say_write ("write to null", "/dev/null", "x");
  int fd = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  char byte = 1;
  say ("read zero", read (fd, &byte, 1) == 1 && byte == 0 ? 0 : -1);
  fd = open ("/dev/urandom", O_RDONLY | O_CLOEXEC);
  say ("read urandom", read (fd, &byte, 1) == 1 ? 0 : -1);
}

static void
try_rights (void)
{
  uid_t real, effective, saved;
  getresuid (&real, &effective, &saved);
  say ("setuid", setuid (0));
  say ("setgid", setgid (0));
  say ("setgroups", syscall (SYS_setgroups, 0, NULL));
  say ("ambient capability", prctl (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
  say ("no_new_privs off", prctl (PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  printf ("ids %u %u %u\n", real, effective, saved);
  printf ("seccomp %d\n", prctl (PR_GET_SECCOMP));
}

/* On both outputs, since one of them may be closed: what the standard descriptors are. */
static void
try_descriptors (void)
{
  char line[64];
  for (int fd = 0; fd < 3; fd++)
    {
      struct stat info;
      const char *kind = fstat (fd, &info) < 0    ? "closed"
                         : S_ISDIR (info.st_mode) ? "directory"
                                                  : "other";
      int len = snprintf (line, sizeof line, "descriptor %d %s\n", fd, kind);
      (void) !write (1, line, (size_t) len);
      (void) !write (2, line, (size_t) len);
    }
  struct stat input;
  long changed = fstat (0, &input) == 0 ? fchmod (0, input.st_mode & 07777) : -1; /* to the same */
  int changed_len = snprintf (line, sizeof line, "fchmod of 0 %s\n",
                              changed == 0 ? "done" : strerrorname_np (errno));
  (void) !write (1, line, (size_t) changed_len);
  (void) !write (2, line, (size_t) changed_len);
  int fd = open ("/proc/self/fd/0/../etc", O_PATH | O_CLOEXEC);
  int len =
      snprintf (line, sizeof line, "out by 0 %s\n", fd < 0 ? strerrorname_np (errno) : "done");
  (void) !write (1, line, (size_t) len);
  (void) !write (2, line, (size_t) len);
}

static void
try_terminal (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_NOCTTY);
  const char *typed = "x";
  struct winsize size;
  printf ("terminal %s\n", fd >= 0 ? "yes" : "no");
  say ("terminal asked", ioctl (fd, TIOCGWINSZ, &size));
  say ("TIOCSTI", ioctl (fd, TIOCSTI, typed));
  say ("TIOCSTI disguised", syscall (SYS_ioctl, fd, (1L << 32) | TIOCSTI, typed));
  say ("TIOCLINUX", ioctl (fd, TIOCLINUX, typed));
}

/* Keeps them until its input ends. */
static void
hold_locks (const char *path)
{
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
  char byte;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  say ("flock", flock (fd, LOCK_EX | LOCK_NB));
  say ("record lock", fcntl (fd, F_SETLK, &lock));
  (void) !read (0, &byte, 1);
}

/* Operations on the files of the standard descriptors. The host looks at its
 * files afterwards. */
static void
try_stdio (void)
{
  const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
  const struct sockaddr_un other = { .sun_family = AF_UNIX, .sun_path = "/tmp/other" };
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  for (int fd = 0; fd < 3; fd++)
    {
      char path[32];
      snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
      int again = open (path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      if (again >= 0)
        {
          (void) !pwrite (again, "CHANGED", 7, 0);
          (void) !ftruncate (again, 1);
          (void) flock (again, LOCK_EX | LOCK_NB);
          close (again);
        }
      again = open (path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
      if (again >= 0)
        {
          (void) !pwrite (again, "CHANGED", 7, 0);
          close (again); /* else there is no end of a pipe */
        }
      (void) !ftruncate (fd, 1);
      (void) !pwrite (fd, "CHANGED", 7, 0);
      (void) fallocate (fd, 0, 0, 100);
      (void) fchmod (fd, 0666);
      (void) futimens (fd, times);
      (void) fsetxattr (fd, "user.x", "x", 1, 0);
      (void) flock (fd, LOCK_EX | LOCK_NB);
      (void) fcntl (fd, F_SETLK, &lock);
      (void) fcntl (fd, F_SETFL, O_NONBLOCK);
      (void) sendto (fd, "CHANGED", 7, MSG_DONTWAIT, (const struct sockaddr *) &other,
                     sizeof other);
      (void) linkat (AT_FDCWD, path, AT_FDCWD, "/tmp/link", AT_SYMLINK_FOLLOW);
    }
}

/* Descriptor 9 leads to the emulator of the program that has executed this one. */
static void
try_emulator (void)
{
  const char *path = "/proc/self/fd/9";
  char target[256] = "";
  (void) !readlink (path, target, sizeof target - 1);
  printf ("emulator: %s\n", target);
  int fd = -1;
  for (int i = 0; i < 30; i++) /* while that is still being executed */
    {
      fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC);
      if (fd >= 0 || errno != ETXTBSY)
        break;
      usleep (10 * 1000);
    }
  say ("emulator written", fd < 0 ? fd : write (fd, "CHANGED", 7));
  say ("emulator cut", truncate (path, 1));
  (void) chmod (path, 06777);
  (void) setxattr (path, "user.x", "x", 1, 0);
}

/* Prints so much of its input, or all of it. */
static void
copy (size_t max)
{
  char buffer[64 * 1024];
  for (ssize_t n; max > 0; max -= (size_t) n)
    {
      n = read (0, buffer, max < sizeof buffer ? max : sizeof buffer);
      if (n <= 0 || write (1, buffer, (size_t) n) != n)
        break;
    }
}

int
main (int argc, char **argv)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (argc == 2 && strcmp (argv[1], "terminal") == 0)
    try_terminal ();
  else if (argc == 2 && strcmp (argv[1], "rights") == 0)
    try_rights ();
  else if (argc == 2 && strcmp (argv[1], "descriptors") == 0)
    try_descriptors ();
  else if (argc == 2 && strcmp (argv[1], "locks") == 0)
    hold_locks ("/etc/file");
  else if (argc == 2 && strcmp (argv[1], "limits") == 0)
    {
      const struct rlimit none = { 0, 0 };
      for (int resource = 0; resource < RLIM_NLIMITS; resource++)
        (void) prlimit (1, (__rlimit_resource_t) resource, &none, NULL);
      return 7;
    }
  else if (argc == 2 && strcmp (argv[1], "emulator") == 0)
    try_emulator ();
  else if (argc == 2 && strcmp (argv[1], "proc") == 0)
    read_proc ();
  else if (argc == 3 && strcmp (argv[1], "copy") == 0)
    {
      copy (strtoul (argv[2], NULL, 10));
      return 0;
    }
  else if (argc == 2 && strcmp (argv[1], "stdio") == 0)
    {
      try_stdio ();
      puts ("output");
      fprintf (stderr, "terminal %d %d %d\n", isatty (0), isatty (1), isatty (2));
      (void) fcntl (0, F_SETFL, 0);
      copy (SIZE_MAX);
      return 0;
    }
  else if (argc == 4)
    {
      try_mounts ();
      try_namespaces ();
      try_processes ((pid_t) atoi (argv[1]));
      try_signals ();
      try_kernel ();
      try_sockets (atoi (argv[2]), argv[3]);
      try_locks ("/etc/file");
      try_store ("/etc/file");
      try_files ();
      try_devices ();
      try_rights ();
    }
  else
    return 2;
  puts ("end");
  return 0;
}
