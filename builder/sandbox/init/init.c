/* Process 1 of a sandbox: sets limits, starts the program, reaps orphaned processes, and reports
 * how the program ended. bubblewrap's own process 1 reports 128 + N both for signal N and for an
 * exit with that code. It must run in every image, so it is static and has no libc. Without
 * namespaces it is an ordinary process, whose descendants remain its own (PR_SET_CHILD_SUBREAPER),
 * and gives the program another root and user, if it may, and filters. argv: "init" or
 * TERRANE_INIT_TREE, the program and its arguments. */
#include "builder/sandbox/init/report.h"

#include <asm/stat.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <linux/wait.h>
#include <stddef.h>

#ifndef __clang__                                        /* which has no such option */
#pragma GCC optimize("no-tree-loop-distribute-patterns") /* loops that would become memset() */
#endif

enum
{
  SIGNAL_KILL = 9,
  SIGNAL_CHILD = 17,
  SIGNAL_SET_BYTES = 8,
  EXIT_CANNOT_EXECUTE = 127, /* like shells */
  EXIT_SIGNAL = 128,
  MAX_PATH = 4096,
  FIRST_FREE_FD = 3,
  CLOEXEC_ALL = 4, /* CLOSE_RANGE_CLOEXEC */
  STDERR = 2,
  USECS = 1000000,
  SIGNAL_MASK = 0x7f,
  MAX_ERRNO = 4096,
  CHILDREN_BYTES = 16 * 1024,
  PAUSE_NSECS = 1000 * 1000,
  BLOCK_BYTES = 512, /* of ru_inblock, independent of the file system */
};

struct limit
{
  uint64_t soft, hard;
};

/* For six arguments. */
static long
call_long (long number, long a, long b, long c, long d, long e, long f)
{
#if defined __x86_64__
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined __aarch64__
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
#else
#error "how are system calls made here?"
#endif
}

static long
call (long number, long a, long b, long c, long d)
{
  return call_long (number, a, b, c, d, 0, 0);
}

static long
pointer (const void *p)
{
  return (long) (uintptr_t) p;
}

static size_t
length (const char *text)
{
  size_t len = 0;
  while (text[len] != '\0')
    len++;
  return len;
}

static void
print (const char *text)
{
  (void) call (__NR_write, STDERR, pointer (text), (long) length (text), 0);
}

static const char *
reason_of (int failure)
{
  switch (failure)
    {
    case ENOENT:
      return "No such file or directory";
    case EACCES:
      return "Permission denied";
    case ENOEXEC:
      return "Exec format error";
    case ENOTDIR:
      return "Not a directory";
    case ELOOP:
      return "Too many levels of symbolic links";
    case E2BIG:
      return "Argument list too long";
    default:
      return "it is not a program for this machine, or the kernel does not allow it";
    }
}

static void
set_limit (int resource, uint64_t value)
{
  const struct limit limit = { value, value };
  /* A lower limit stays. */
  (void) call (__NR_prlimit64, 0, resource, pointer (&limit), 0);
}

static const char *
find_path (char **env)
{
  for (; *env != NULL; env++)
    if ((*env)[0] == 'P' && (*env)[1] == 'A' && (*env)[2] == 'T' && (*env)[3] == 'H'
        && (*env)[4] == '=')
      return *env + 5;
  return "";
}

static int
has_slash (const char *name)
{
  for (; *name != '\0'; name++)
    if (*name == '/')
      return 1;
  return 0;
}

/* Like execvp(), but like Lambda it does not give a file that is not a program to a shell.
 *
 * Returns: an errno */
static int
execute (char **argv, char **env)
{
  static char candidate[MAX_PATH];
  const char *name = argv[0];
  int failure = ENOENT;
  if (has_slash (name))
    return (int) -call (__NR_execve, pointer (name), pointer (argv), pointer (env), 0);
  for (const char *path = find_path (env); *path != '\0' && *name != '\0';)
    {
      size_t used = 0, len = length (name);
      for (; *path != '\0' && *path != ':'; path++)
        if (used < MAX_PATH)
          candidate[used++] = *path;
      if (*path == ':')
        path++;
      if (used == 0 || used + len + 2 > MAX_PATH)
        continue;
      candidate[used++] = '/';
      for (size_t i = 0; i <= len; i++)
        candidate[used + i] = name[i];
      int result = (int) -call (__NR_execve, pointer (candidate), pointer (argv), pointer (env), 0);
      if (result != ENOENT && result != ENOTDIR)
        failure = result;
    }
  return failure;
}

_Noreturn static void
leave (int code)
{
  for (;;)
    (void) call (__NR_exit_group, code, 0, 0, 0);
}

/* Mapped, so that no limit of this process (such as RLIMIT_FSIZE, which may be 0) prevents writing.
 * The program has it only until it is executed. */
static volatile TerraneInitReport *
map_report (void)
{
  long address = call_long (__NR_mmap, 0, sizeof (TerraneInitReport), PROT_READ | PROT_WRITE,
                            MAP_SHARED, TERRANE_INIT_REPORT_FD, 0);
  if (address < 0 && address > -MAX_ERRNO)
    {
      print ("process 1 cannot map its report\n");
      leave (EXIT_CANNOT_EXECUTE);
    }
  return (volatile TerraneInitReport *) (uintptr_t) address;
}

static const TerraneInitSetup *
map_setup (void)
{
  long address = call_long (__NR_mmap, 0, sizeof (TerraneInitSetup), PROT_READ, MAP_PRIVATE,
                            TERRANE_INIT_SETUP_FD, 0);
  if (address < 0 && address > -MAX_ERRNO)
    {
      print ("the program's supervisor cannot map what it is told\n");
      leave (EXIT_CANNOT_EXECUTE);
    }
  return (const TerraneInitSetup *) (uintptr_t) address;
}

static void
require (long result, const char *what)
{
  if (result >= 0)
    return;
  print ("cannot start the program: ");
  print (what);
  print (": ");
  print (reason_of ((int) -result));
  print ("\n");
  leave (EXIT_CANNOT_EXECUTE);
}

/* In both cases permanently: with no_new_privs, executing a file gains no rights. */
static void
change_user (const TerraneInitSetup *setup)
{
  const struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
  if (setup->change_user)
    {
      require (call (__NR_setgroups, 0, 0, 0, 0), "giving up groups");
      require (call (__NR_setresgid, setup->gid, setup->gid, setup->gid, 0), "its group");
      require (call (__NR_setresuid, setup->uid, setup->uid, setup->uid, 0), "its user");
    }
  else
    require (call (__NR_capset, pointer (&header), pointer (none), 0, 0), "giving up capabilities");
}

/* Runs in the program's own process, before it is executed. */
static void
apply_setup (const TerraneInitSetup *setup)
{
  struct
  {
    unsigned short count;
    const void *filter;
  } program = { (unsigned short) setup->n_filter, setup->filter };
  if (!setup->terminal)
    (void) call (__NR_setsid, 0, 0, 0, 0);
  if (setup->file_bytes > 0)
    set_limit (RLIMIT_FSIZE, setup->file_bytes);
  if (setup->change_root)
    {
      require (call (__NR_fchdir, TERRANE_INIT_ROOT_FD, 0, 0, 0), "its root directory");
      require (call (__NR_chroot, pointer ("."), 0, 0, 0), "changing the root directory");
    }
  if (setup->change_user) /* otherwise the limit would count this user's other processes */
    set_limit (RLIMIT_NPROC, TERRANE_INIT_MAX_PROCESSES);
  require (call (__NR_chdir, pointer (setup->working_dir), 0, 0, 0), "its working directory");
  change_user (setup);
  require (call_long (__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0), "giving up new privileges");
  if (setup->has_rules)
    require (call (__NR_landlock_restrict_self, TERRANE_INIT_RULES_FD, 0, 0, 0), "Landlock");
  require (call (__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, pointer (&program), 0),
           "the filter of system calls");
}

/* Names what is missing when the program exists and yet is not found: its interpreter. */
static void
print_interpreter (const char *program)
{
  static char line[MAX_PATH];
  long fd = call (__NR_openat, AT_FDCWD, pointer (program), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd < 0)
    return;
  long got = call (__NR_read, fd, pointer (line), MAX_PATH - 1, 0);
  (void) call (__NR_close, fd, 0, 0, 0);
  long start = 2, end;
  if (got > 2 && line[0] == '#' && line[1] == '!')
    {
      while (start < got && (line[start] == ' ' || line[start] == '\t'))
        start++;
      for (end = start; end < got && line[end] != ' ' && line[end] != '\t' && line[end] != '\n';)
        end++;
      line[end] = '\0';
      print ("its interpreter ");
      print (line + start);
      print (": ");
    }
  else if (got > 0)
    print ("its dynamic loader: ");
}

/* Returns the path of a device that every sandbox has, or NULL. */
static const char *
common_device (unsigned long number)
{
  switch (number)
    {
    case 0x103:
      return "/dev/null";
    case 0x105:
      return "/dev/zero";
    case 0x107:
      return "/dev/full";
    case 0x108:
      return "/dev/random";
    case 0x109:
      return "/dev/urandom";
    default:
      return NULL;
    }
}

/* Through a descriptor of the host's /dev/null, a program of root could change its mode; the one in
 * here is mounted read-only. */
static void
replace_devices (void)
{
  for (long fd = 0; fd <= STDERR; fd++)
    {
      struct stat info = { 0 };
      long flags = call (__NR_fcntl, fd, 3 /* F_GETFL */, 0, 0);
      if (flags < 0 || (flags & O_PATH) != 0 || call (__NR_fstat, fd, pointer (&info), 0, 0) < 0
          || (info.st_mode & 0170000) != 0020000)
        continue;
      const char *path = common_device (info.st_rdev);
      if (path == NULL)
        continue;
      long own = call (__NR_openat, AT_FDCWD, pointer (path), flags & O_ACCMODE, 0);
      if (own < 0 || call (__NR_dup3, own, fd, 0, 0) != fd)
        leave (EXIT_CANNOT_EXECUTE);
      (void) call (__NR_close, own, 0, 0, 0);
    }
}

_Noreturn static void
run_program (char **argv, char **env, volatile TerraneInitReport *report)
{
  int failure = execute (argv, env);
  print ("cannot execute ");
  print (argv[0]);
  print (": ");
  if (failure == ENOENT && has_slash (argv[0]))
    print_interpreter (argv[0]);
  print (reason_of (failure));
  print ("\n");
  report->exec_errno = failure;
  leave (EXIT_CANNOT_EXECUTE);
}

/* Kills each process that is a child at this moment.
 *
 * Returns: their number */
static unsigned
kill_children (void)
{
  static char text[CHILDREN_BYTES];
  unsigned killed = 0;
  long pid = 0;
  long fd =
      call (__NR_openat, AT_FDCWD, pointer ("/proc/thread-self/children"), O_RDONLY | O_CLOEXEC, 0);
  long got = fd >= 0 ? call (__NR_read, fd, pointer (text), sizeof text, 0) : 0;
  if (fd >= 0)
    (void) call (__NR_close, fd, 0, 0, 0);
  /* Each number has a space after it: one that was cut is read later. */
  for (long i = 0; i < got; i++)
    if (text[i] >= '0' && text[i] <= '9')
      pid = pid * 10 + (text[i] - '0');
    else if (pid > 1)
      {
        killed += call (__NR_kill, pid, SIGNAL_KILL, 0, 0) == 0;
        pid = 0;
      }
  return killed;
}

/* A process whose parent ends becomes a child of this process, and is found in the next turn. */
static void
end_tree (void)
{
  const struct timespec pause = { .tv_nsec = PAUSE_NSECS };
  for (;;)
    {
      unsigned killed = kill_children ();
      long pid = call (__NR_wait4, -1, 0, killed > 0 ? __WALL : __WALL | WNOHANG, 0);
      while (pid > 0)
        pid = call (__NR_wait4, -1, 0, __WALL | WNOHANG, 0);
      if (pid < 0 && pid != -EINTR)
        return;
      if (killed == 0)
        (void) call (__NR_nanosleep, pointer (&pause), 0, 0, 0);
    }
}

/* No process outlives the program, and all usage is accounted for. */
static void
end_everything (const TerraneInitSetup *setup)
{
  long pid;
  if (setup != NULL)
    {
      end_tree ();
      return;
    }
  if (call (__NR_getpid, 0, 0, 0, 0) == 1)
    (void) call (__NR_kill, -1, SIGNAL_KILL, 0, 0);
  do
    pid = call (__NR_wait4, -1, 0, __WALL, 0);
  while (pid > 0 || pid == -EINTR);
}

static int
finish (int status, const TerraneInitSetup *setup, volatile TerraneInitReport *report)
{
  struct rusage usage = { 0 };
  end_everything (setup);
  if (call (__NR_getrusage, RUSAGE_CHILDREN, pointer (&usage), 0, 0) == 0)
    {
      report->cpu_usecs = (uint64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * USECS
                          + (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
      report->peak_bytes = (uint64_t) usage.ru_maxrss * 1024;
      report->read_bytes = (uint64_t) usage.ru_inblock * BLOCK_BYTES;
      report->major_faults = (uint64_t) usage.ru_majflt;
    }
  report->status = status;
  report->ended = 1;
  int number = status & SIGNAL_MASK;
  return number != 0 ? EXIT_SIGNAL + number : (status >> 8) & 0xff;
}

/* The other end belongs to terrane, which may have been killed at any moment. @child_events:
 * (nullable): waits for either.
 *
 * Returns: whether terrane is gone */
static int
look_for_end (const int *child_events)
{
  char byte[128]; /* a signalfd_siginfo */
  struct pollfd fds[] = { { TERRANE_INIT_LIFE_FD, POLLIN, 0 },
                          { child_events != NULL ? *child_events : -1, POLLIN, 0 } };
  const struct timespec none = { 0 };
  const struct timespec *timeout = child_events == NULL ? &none : NULL;
  (void) call (__NR_ppoll, pointer (fds), 2, pointer (timeout), 0);
  if (fds[1].revents != 0)
    (void) call (__NR_read, fds[1].fd, pointer (byte), sizeof byte, 0);
  return fds[0].revents != 0;
}

/* PR_SET_PDEATHSIG alone would depend on bubblewrap, which may have been killed before it was set.
 *
 * Returns: whether the program ended, with its status */
static int
wait_for_program (long program, int child_events, int *out_status)
{
  for (;;)
    {
      long pid;
      if (look_for_end (&child_events))
        return 0;
      do
        {
          pid = call (__NR_wait4, -1, pointer (out_status), __WALL | WNOHANG, 0);
          if (pid == program || (pid < 0 && pid != -EINTR))
            return 1;
        }
      while (pid != 0);
    }
}

static int
is_tree (const char *name)
{
  const char *tree = TERRANE_INIT_TREE;
  while (*name != '\0' && *name == *tree)
    {
      name++;
      tree++;
    }
  return *name == *tree;
}

/* Returns: the setup outside namespaces; NULL for process 1 */
static const TerraneInitSetup *
find_role (const char *name)
{
  long pid = call (__NR_getpid, 0, 0, 0, 0);
  if (pid == 1)
    return NULL;
  /* Anywhere else, ending everything would end all processes of this user. */
  if (!is_tree (name) || call (__NR_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0) < 0)
    leave (EXIT_CANNOT_EXECUTE);
  return map_setup ();
}

/* Waits until terrane has prepared what the program may connect to. */
static void
wait_for_release (void)
{
  char byte;
  long got;
  do
    got = call (__NR_read, TERRANE_INIT_RELEASE_FD, pointer (&byte), 1, 0);
  while (got == -EINTR);
  if (got != 1)
    leave (EXIT_CANNOT_EXECUTE);
}

/* For both kinds of process: prepares what the program inherits, and what it must not reach. */
static void
prepare (const TerraneInitSetup *setup)
{
  /* The program has the same user, and could reach the report through /proc/1/fd. */
  (void) call (__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0);
  (void) call (__NR_prctl, PR_SET_NAME, pointer ("init"), 0, 0);
  (void) call (__NR_close_range, FIRST_FREE_FD, ~0U, CLOEXEC_ALL, 0);
  (void) call (__NR_fcntl, TERRANE_INIT_PROGRAM_FD, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */, 0);
  (void) call (__NR_fcntl, TERRANE_INIT_REPORT_FD, 2, 1, 0);
  set_limit (RLIMIT_NOFILE, TERRANE_INIT_MAX_FILES);
  set_limit (RLIMIT_CORE, 0);
  (void) call (__NR_fcntl, TERRANE_INIT_LIFE_FD, 2, 1, 0);
  if (setup != NULL)
    {
      wait_for_release ();
      return;
    }
  /* Otherwise the limit would also count processes of the user outside. */
  set_limit (RLIMIT_NPROC, TERRANE_INIT_MAX_PROCESSES);
  (void) call (__NR_prctl, PR_SET_PDEATHSIG, SIGNAL_KILL, 0, 0);
  if (look_for_end (NULL))
    leave (EXIT_CANNOT_EXECUTE);
  replace_devices ();
}

/* Called by the code below with the stack as the kernel made it: argc, argv, NULL, env, NULL. */
__attribute__ ((used)) _Noreturn void terrane_init_main (long *stack);

void
terrane_init_main (long *stack)
{
  char **argv = (char **) (void *) (stack + 1);
  char **env = argv + stack[0] + 1;
  int status = 0;
  const uint64_t children = UINT64_C (1) << (SIGNAL_CHILD - 1);
  uint64_t before = 0;
  if (stack[0] < 2)
    leave (EXIT_CANNOT_EXECUTE);
  const TerraneInitSetup *setup = find_role (argv[0]);
  volatile TerraneInitReport *report = map_report ();
  prepare (setup);
  (void) call (__NR_rt_sigprocmask, 0 /* SIG_BLOCK */, pointer (&children), pointer (&before),
               SIGNAL_SET_BYTES);
  long child_events = call (__NR_signalfd4, -1, pointer (&children), SIGNAL_SET_BYTES, O_CLOEXEC);
  if (child_events < 0)
    leave (EXIT_CANNOT_EXECUTE);
  long child = call (__NR_clone, SIGNAL_CHILD, 0, 0, 0);
  if (child == 0)
    {
      (void) call (__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, pointer (&before), 0,
                   SIGNAL_SET_BYTES);
      if (setup != NULL)
        apply_setup (setup);
      run_program (argv + 1, env, report);
    }
  if (child < 0)
    leave (EXIT_CANNOT_EXECUTE);
  if (!wait_for_program (child, (int) child_events, &status))
    {
      if (setup != NULL)
        end_tree ();
      leave (EXIT_CANNOT_EXECUTE);
    }
  leave (finish (status, setup, report));
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
        "\tcall terrane_init_main\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl terrane_init_main\n");
#endif
