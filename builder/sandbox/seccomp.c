#include "builder/sandbox/seccomp.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_FILTER_BYTES = 4096 * 8, /* the kernel accepts no longer filter */
  FCHMODAT2 = 452, /* since Linux 6.6, on every processor; not every libseccomp knows it */
};

#define INT_MASK                                                                                   \
  UINT64_C (0xffffffff) /* an int: the kernel ignores the upper half of the register */
#define QUERY_MASK UINT64_C (0xff000000) /* personality (0xffffffff) only asks */
#define TYPE_MASK UINT64_C (0xf)         /* of a socket's type, without its flags */
#define SET_DELEGATION UINT64_C (1040)   /* F_SETDELEG of Linux 6.19 */
#define MAX_PROTOCOL 255                 /* an IP header has room for these */

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (scmp_filter_ctx, seccomp_release, NULL)

/* Refused with the error for a missing right, which programs are prepared for. */
static const char *const forbidden[] = {
  /* file systems, and ways around the permissions of directories */
  "mount",
  "umount",
  "umount2",
  "pivot_root",
  "chroot",
  "move_mount",
  "open_tree",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "quotactl",
  "quotactl_fd",
  "swapon",
  "swapoff",
  "name_to_handle_at",
  "open_by_handle_at",
  "fanotify_init",
  "acct",
  /* namespaces; clone() is below */
  "setns",
  /* other processes */
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "process_madvise",
  "pidfd_getfd",
  "kcmp",
  /* the kernel's keys: a keyring belongs to a user, not to a namespace of processes */
  "add_key",
  "keyctl",
  "request_key",
  /* large parts of the kernel that functions have no use for */
  "bpf",
  "perf_event_open",
  "userfaultfd",
  "lookup_dcookie",
  "vm86",
  "vm86old",
  /* the machine */
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "reboot",
  "syslog",
  "settimeofday",
  "clock_settime",
  "clock_settime64",
  "stime",
  "iopl",
  "ioperm",
  "sethostname",
  "setdomainname",
  "vhangup",
  "nfsservctl",
  "uselib",
  "_sysctl",
  "sysfs",
};

/* Fails as if the kernel were older: programs then do without. The flags of clone3() are in memory,
 * where a filter cannot see them. */
static const char *const unknown[] = { "clone3", "io_uring_setup", "io_uring_enter",
                                       "io_uring_register",
                                       /* memory that no process has to have mapped */
                                       "shmget", "shmat", "msgget" };

static const uint64_t namespaces[] = { CLONE_NEWNS,   CLONE_NEWCGROUP,
                                       CLONE_NEWUTS,  CLONE_NEWIPC,
                                       CLONE_NEWUSER, CLONE_NEWPID,
                                       CLONE_NEWNET,  0x80 /* CLONE_NEWTIME, for unshare() */ };

/* @failure: an errno; the rest are conditions, all of which must hold */
static gboolean
refuse_number (scmp_filter_ctx filter, const char *name, int number, int failure,
               const struct scmp_arg_cmp *conditions, unsigned n_conditions, GError **error)
{
  int result = -EINVAL;
  if (number != __NR_SCMP_ERROR)
    result = seccomp_rule_add_array (filter, SCMP_ACT_ERRNO ((uint32_t) failure), number,
                                     n_conditions, conditions);
  if (result == 0)
    return TRUE;
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "libseccomp cannot make the sandbox's filter: system call %s: %s", name,
                    g_strerror (-result));
}

static gboolean
refuse (scmp_filter_ctx filter, const char *name, int failure,
        const struct scmp_arg_cmp *conditions, unsigned n_conditions, GError **error)
{
  return refuse_number (filter, name, seccomp_syscall_resolve_name (name), failure, conditions,
                        n_conditions, error);
}

static gboolean
refuse_all (scmp_filter_ctx filter, const char *const *names, size_t n_names, int failure,
            GError **error)
{
  for (size_t i = 0; i < n_names; i++)
    if (!refuse (filter, names[i], failure, NULL, 0, error))
      return FALSE;
  return TRUE;
}

static gboolean
refuse_namespaces (scmp_filter_ctx filter, GError **error)
{
#ifdef __s390__
  const unsigned flags_argument = 1;
#else
  const unsigned flags_argument = 0;
#endif
  for (size_t i = 0; i < G_N_ELEMENTS (namespaces); i++)
    {
      uint64_t flag = namespaces[i];
      const struct scmp_arg_cmp clone_has =
          SCMP_CMP64 (flags_argument, SCMP_CMP_MASKED_EQ, flag, flag);
      const struct scmp_arg_cmp unshare_has = SCMP_A0_64 (SCMP_CMP_MASKED_EQ, flag, flag);
      /* The lowest byte of clone()'s flags is a signal. */
      if ((flag > 0xff && !refuse (filter, "clone", EPERM, &clone_has, 1, error))
          || !refuse (filter, "unshare", EPERM, &unshare_has, 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_allowed_family (int family)
{
  return family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
}

/* An internet socket is a stream or sends datagrams: TCP, UDP and ping. The others (SCTP, DCCP,
 * multipath TCP, SMC, L2TP) are large parts of the kernel, some of which it loads on request of any
 * process. */
static gboolean
refuse_protocols (scmp_filter_ctx filter, GError **error)
{
  static const int internet[] = { AF_INET, AF_INET6 };
  static const int protocols[] = { 33, 115, 132, 136 }; /* DCCP, L2TP, SCTP, UDP-Lite */
  const struct scmp_arg_cmp above = SCMP_A2_64 (SCMP_CMP_GT, MAX_PROTOCOL, 0);
  for (size_t i = 0; i < G_N_ELEMENTS (internet); i++)
    for (int type = 0; type <= (int) TYPE_MASK; type++)
      {
        const struct scmp_arg_cmp is[] = {
          SCMP_A0_64 (SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t) internet[i]),
          SCMP_A1_64 (SCMP_CMP_MASKED_EQ, TYPE_MASK, (scmp_datum_t) type),
        };
        int failure = type == SOCK_RAW || type == SOCK_PACKET ? EPERM : ESOCKTNOSUPPORT;
        if (type != SOCK_STREAM && type != SOCK_DGRAM
            && !refuse (filter, "socket", failure, is, G_N_ELEMENTS (is), error))
          return FALSE;
      }
  for (size_t i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      const struct scmp_arg_cmp is =
          SCMP_A2_64 (SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t) protocols[i]);
      if (!refuse (filter, "socket", EPROTONOSUPPORT, &is, 1, error))
        return FALSE;
    }
  return refuse (filter, "socket", EPROTONOSUPPORT, &above, 1, error);
}

/* Only those remain that libc itself needs: it lists interfaces by netlink. */
static gboolean
refuse_sockets (scmp_filter_ctx filter, GError **error)
{
  const struct scmp_arg_cmp above = SCMP_A0_64 (SCMP_CMP_GT, AF_NETLINK, 0);
  const struct scmp_arg_cmp no_pair = SCMP_A0_64 (SCMP_CMP_NE, AF_UNIX, 0);
  const struct scmp_arg_cmp netlink[] = { SCMP_A0_64 (SCMP_CMP_EQ, AF_NETLINK, 0),
                                          SCMP_A2_64 (SCMP_CMP_NE, 0, 0 /* NETLINK_ROUTE */) };
  for (int family = 0; family < AF_NETLINK; family++)
    {
      const struct scmp_arg_cmp is =
          SCMP_A0_64 (SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t) family);
      if (!is_allowed_family (family) && !refuse (filter, "socket", EAFNOSUPPORT, &is, 1, error))
        return FALSE;
    }
  return refuse (filter, "socket", EAFNOSUPPORT, &above, 1, error)
         && refuse (filter, "socket", EPROTONOSUPPORT, netlink, G_N_ELEMENTS (netlink), error)
         && refuse (filter, "socketpair", EAFNOSUPPORT, &no_pair, 1, error)
         && refuse_protocols (filter, error);
}

/* Files of the image may be shared with others, and an open of a file with a lease waits until the
 * lease is given up. */
static gboolean
refuse_leases (scmp_filter_ctx filter, GError **error)
{
  static const uint64_t commands[] = { F_SETLEASE, SET_DELEGATION };
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      const struct scmp_arg_cmp is = SCMP_A1_64 (SCMP_CMP_MASKED_EQ, INT_MASK, commands[i]);
      if (!refuse (filter, "fcntl", EPERM, &is, 1, error))
        return FALSE;
    }
  return TRUE;
}

/* Process 1 has the program's user: with other limits it could end before it has reported the
 * usage. */
static gboolean
refuse_limits_of_init (scmp_filter_ctx filter, GError **error)
{
  const struct scmp_arg_cmp is[] = { SCMP_A0_64 (SCMP_CMP_MASKED_EQ, INT_MASK, 1),
                                     SCMP_A2_64 (SCMP_CMP_NE, 0, 0) };
  return refuse (filter, "prlimit64", EPERM, is, G_N_ELEMENTS (is), error);
}

/* Refuses typing into the user's terminal, and memory that is executable by accident. */
static gboolean
refuse_arguments (scmp_filter_ctx filter, GError **error)
{
  static const uint64_t requests[] = { TIOCSTI, TIOCLINUX };
  static const uint64_t personalities[] = { READ_IMPLIES_EXEC, ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO };
  for (size_t i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      const struct scmp_arg_cmp is = SCMP_A1_64 (SCMP_CMP_MASKED_EQ, INT_MASK, requests[i]);
      if (!refuse (filter, "ioctl", EPERM, &is, 1, error))
        return FALSE;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (personalities); i++)
    {
      const struct scmp_arg_cmp has =
          SCMP_A0_64 (SCMP_CMP_MASKED_EQ, QUERY_MASK | personalities[i], personalities[i]);
      if (!refuse (filter, "personality", EPERM, &has, 1, error))
        return FALSE;
    }
  return TRUE;
}

/* Then C libraries and runtimes count the processors in /proc/stat: neutral-proc.h. */
static const char *const processors[] = { "sched_getaffinity", "sched_setaffinity" };

/* For a program of the host that reads one file and writes others, on its own. Landlock controls
 * neither sockets nor changes of attributes. */
static const char *const needless[] = {
  "socket",
  "socketpair",
  "connect",
  "bind",
  "listen",
  "sendto",
  "sendmsg",
  "sendmmsg",
  "clone",
  "fork",
  "vfork",
  "kill",
  "tkill",
  "tgkill",
  "pidfd_open",
  "rt_sigqueueinfo",
  "rt_tgsigqueueinfo",
  "pidfd_send_signal",
  "chmod",
  "fchmodat",
  "chown",
  "lchown",
  "fchownat",
  "utime",
  "utimes",
  "futimesat",
  "setxattr",
  "lsetxattr",
  "removexattr",
  "lremovexattr",
};

static gboolean
make_filter (scmp_filter_ctx *out_filter, GError **error)
{
  g_auto (scmp_filter_ctx) filter = seccomp_init (SCMP_ACT_ALLOW);
  if (filter == NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "libseccomp has no filter for this machine");
  /* System calls of another architecture, i386 and x32 on amd64, would have other numbers. */
  (void) seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  (void) seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree; only faster */
  if (!refuse_all (filter, forbidden, G_N_ELEMENTS (forbidden), EPERM, error)
      || !refuse_all (filter, unknown, G_N_ELEMENTS (unknown), ENOSYS, error)
      || !refuse_namespaces (filter, error) || !refuse_sockets (filter, error)
      || !refuse_arguments (filter, error) || !refuse_leases (filter, error)
      || !refuse_limits_of_init (filter, error))
    return FALSE;
  *out_filter = filter;
  filter = NULL;
  return TRUE;
}

static gboolean
export_filter (scmp_filter_ctx filter, OciFd *out_fd, GError **error)
{
  g_auto (OciFd) fd = memfd_create ("seccomp", MFD_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  int result = seccomp_export_bpf (filter, fd);
  if (result < 0)
    return oci_throw (error, OCI_ERROR_IO, "writing the sandbox's filter: %s",
                      g_strerror (-result));
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file in memory");
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

/* Each call that sets the mode of a file, with the number of that argument. That of openat2() is in
 * memory, where a filter cannot see it: programs fall back to openat(). */
static gboolean
refuse_set_id (scmp_filter_ctx filter, GError **error)
{
  static const struct
  {
    const char *name;
    unsigned argument;
  } calls[] = {
    { "chmod", 1 }, { "fchmod", 1 }, { "fchmodat", 2 }, { "open", 2 },  { "openat", 3 },
    { "creat", 1 }, { "mknod", 1 },  { "mknodat", 2 },  { "mkdir", 1 }, { "mkdirat", 2 }
  };
  static const uint64_t bits[] = { S_ISUID, S_ISGID };
  for (size_t i = 0; i < G_N_ELEMENTS (bits); i++)
    {
      for (size_t j = 0; j < G_N_ELEMENTS (calls); j++)
        {
          const struct scmp_arg_cmp has =
              SCMP_CMP64 (calls[j].argument, SCMP_CMP_MASKED_EQ, bits[i], bits[i]);
          if (!refuse (filter, calls[j].name, EPERM, &has, 1, error))
            return FALSE;
        }
      const struct scmp_arg_cmp has = SCMP_A2_64 (SCMP_CMP_MASKED_EQ, bits[i], bits[i]);
      if (!refuse_number (filter, "fchmodat2", FCHMODAT2, EPERM, &has, 1, error))
        return FALSE;
    }
  return refuse (filter, "openat2", ENOSYS, NULL, 0, error);
}

gboolean
terrane_seccomp_make (gboolean host_files, gboolean neutral, OciFd *out_fd, GError **error)
{
  g_auto (scmp_filter_ctx) filter = NULL;
  return make_filter (&filter, error) && (!host_files || refuse_set_id (filter, error))
         && (!neutral || refuse_all (filter, processors, G_N_ELEMENTS (processors), ENOSYS, error))
         && export_filter (filter, out_fd, error);
}

gboolean
terrane_seccomp_make_confined (GBytes **out_filter, GError **error)
{
  g_auto (scmp_filter_ctx) filter = NULL;
  g_auto (OciFd) fd = -1;
  g_autofree guint8 *bytes = g_malloc (MAX_FILTER_BYTES);
  size_t got = 0;
  if (!make_filter (&filter, error)
      || !refuse_all (filter, needless, G_N_ELEMENTS (needless), EPERM, error)
      || !export_filter (filter, &fd, error)
      || !oci_read_full (fd, bytes, MAX_FILTER_BYTES, &got, error))
    return FALSE;
  *out_filter = g_bytes_new (bytes, got);
  return TRUE;
}
