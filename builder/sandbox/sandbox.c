#include "builder/sandbox/sandbox.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  STATUS_FD = 3,
  FIRST_FILE_FD = 4,
  MAX_FILES = 16,
  MAX_STATUS_BYTES = 16 * 1024,
  EXIT_CANNOT_EXECUTE = 127, /* as shells have it */
  EXIT_SIGNAL = 128, /* bubblewrap's exit code for a program that a signal ended, less that */
};

#define DEFAULT_TMP_BYTES (UINT64_C (512) * 1024 * 1024) /* Lambda's */

typedef struct
{
  GPtrArray *argv;
  GPtrArray *owned; /* strings in argv that are ours */
} Arguments;

static void
add (Arguments *self, const char *word)
{
  g_ptr_array_add (self->argv, (char *) word);
}

static void add_format (Arguments *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_format (Arguments *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  char *word = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->owned, word);
  add (self, word);
}

static void
add_all (Arguments *self, const char *const *words)
{
  for (; *words != NULL; words++)
    add (self, *words);
}

/* --dev would make /dev/shm, which Lambda does not have. */
static void
add_devices (Arguments *self)
{
  static const char *const devices[] = { "/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                         "/dev/urandom", "/dev/tty",  NULL };
  const char *const tmpfs[] = { "--tmpfs", "/dev", NULL };
  add_all (self, tmpfs);
  for (const char *const *device = devices; *device != NULL; device++)
    {
      const char *const bind[] = { "--dev-bind", *device, *device, NULL };
      add_all (self, bind);
    }
  const char *const links[] = {
    "--symlink",       "/proc/self/fd", "/dev/fd",         "--symlink",   "/proc/self/fd/0",
    "/dev/stdin",      "--symlink",     "/proc/self/fd/1", "/dev/stdout", "--symlink",
    "/proc/self/fd/2", "/dev/stderr",   "--remount-ro",    "/dev",        NULL
  };
  add_all (self, links);
}

static void
add_environment (Arguments *self, const char *const *env)
{
  gboolean has_path = FALSE;
  add (self, "--clearenv");
  for (; env != NULL && *env != NULL; env++)
    {
      const char *equals = strchr (*env, '=');
      if (equals == NULL)
        continue;
      add (self, "--setenv");
      add_format (self, "%.*s", (int) (equals - *env), *env);
      add (self, equals + 1);
      has_path = has_path || g_str_has_prefix (*env, "PATH=");
    }
  if (!has_path)
    {
      const char *const path[] = { "--setenv", "PATH", TERRANE_SANDBOX_DEFAULT_PATH, NULL };
      add_all (self, path);
    }
}

static void
add_namespaces (Arguments *self)
{
  static const char *const words[] = { "bwrap",
                                       "--unshare-all",
                                       "--unshare-user",
                                       "--die-with-parent",
                                       "--new-session",
                                       "--cap-drop",
                                       "ALL",
                                       "--hostname",
                                       "lambda",
                                       NULL };
  add_all (self, words);
  add (self, "--uid");
  add_format (self, "%d", TERRANE_SANDBOX_UID);
  add (self, "--gid");
  add_format (self, "%d", TERRANE_SANDBOX_GID);
}

/* A place in memory that bubblewrap copies the file from. */
static gboolean
make_file_fd (const TerraneSandboxFile *file, OciFd *out_fd, GError **error)
{
  g_auto (OciFd) fd = memfd_create (file->name, MFD_CLOEXEC);
  gsize size = 0;
  const void *data = g_bytes_get_data (file->content, &size);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!oci_write_all (fd, data, size, error))
    return FALSE;
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file in memory");
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

static gboolean
add_files (Arguments *self, const TerraneSandboxFile *files, size_t n_files, TerraneProcessFd *fds,
           GError **error)
{
  if (n_files > 0)
    {
      const char *const directory[] = { "--dir", TERRANE_SANDBOX_FILES, NULL };
      add_all (self, directory);
    }
  for (size_t i = 0; i < n_files; i++)
    {
      g_assert (files[i].name[0] != '\0' && strchr (files[i].name, '/') == NULL);
      OciFd fd = -1;
      if (!make_file_fd (&files[i], &fd, error))
        return FALSE;
      fds[i] = (TerraneProcessFd){ .fd = fd, .child_fd = FIRST_FILE_FD + (int) i };
      add (self, "--perms");
      add_format (self, "%04o", (unsigned) files[i].mode);
      add (self, "--ro-bind-data");
      add_format (self, "%d", fds[i].child_fd);
      add_format (self, TERRANE_SANDBOX_FILES "/%s", files[i].name);
    }
  return TRUE;
}

static gboolean
read_number (int proc_sys, const char *path, uint64_t *out_value)
{
  char text[32] = "";
  g_auto (OciFd) fd = openat (proc_sys, path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return FALSE;
  return g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT64, out_value, NULL);
}

char *
terrane_sandbox_explain (int proc_sys)
{
  uint64_t value = 0;
  if (read_number (proc_sys, "kernel/apparmor_restrict_unprivileged_userns", &value) && value == 1)
    return g_strdup (
        "AppArmor forbids unprivileged user namespaces on this host; allow them with 'sudo "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0', or to bubblewrap alone "
        "with an AppArmor profile such as bwrap-userns-restrict");
  if (read_number (proc_sys, "kernel/unprivileged_userns_clone", &value) && value == 0)
    return g_strdup ("this kernel forbids unprivileged user namespaces; allow them with 'sudo "
                     "sysctl kernel.unprivileged_userns_clone=1'");
  if (read_number (proc_sys, "user/max_user_namespaces", &value) && value == 0)
    return g_strdup ("user namespaces are switched off; allow them with 'sudo sysctl "
                     "user.max_user_namespaces=15000'");
  return g_strdup ("the host does not let this process make user namespaces; inside a container, "
                   "start that with '--security-opt seccomp=unconfined --security-opt "
                   "apparmor=unconfined' (docker) or '--privileged'");
}

/* bubblewrap writes {"child-pid": …} when it has made its process 1 and {"exit-code": …} when the
 * program ended. */
typedef struct
{
  pid_t child; /* process 1 of the sandbox, seen from here; 0 when unknown */
  gboolean finished;
} SandboxStatus;

static void
read_status (int status_fd, SandboxStatus *out)
{
  char text[MAX_STATUS_BYTES];
  /* Not read(): the offset is the one that bubblewrap writes at. */
  ssize_t n = pread (status_fd, text, sizeof text, 0);
  size_t got = n > 0 ? (size_t) n : 0, used = 0;
  *out = (SandboxStatus){ 0 };
  while (used < got)
    {
      json_error_t where;
      g_autoptr (OciJsonValue) event =
          json_loadb (text + used, got - used, JSON_DISABLE_EOF_CHECK, &where);
      if (event == NULL)
        return;
      json_t *child = json_object_get (event, "child-pid");
      if (json_is_integer (child))
        out->child = (pid_t) json_integer_value (child);
      out->finished = out->finished || json_object_get (event, "exit-code") != NULL;
      used += (size_t) where.position;
    }
}

/* bubblewrap's outer process exits without waiting for process 1, so what that one used is not in
 * its own account. As a subreaper we inherit process 1 and wait for it ourselves: its account has
 * the program's, which it waited for, and not the memory of this process, which a child counts as
 * its own until it executes something. */
static void
collect_usage (pid_t child, TerraneProcessResult *result)
{
  struct rusage usage;
  pid_t reaped;
  if (child <= 1)
    return;
  do
    reaped = wait4 (child, NULL, 0, &usage);
  while (reaped < 0 && errno == EINTR);
  if (reaped == child)
    terrane_process_result_set_usage (result, &usage);
}

/* Kills the children of process 1 and not the namespace, which would lose their account. */
static gboolean
stop_program (gpointer data)
{
  SandboxStatus status;
  char text[256] = "";
  size_t got = 0;
  gboolean killed = FALSE;
  read_status (*(const int *) data, &status);
  if (status.child <= 1)
    return FALSE;
  g_autofree char *path =
      g_strdup_printf ("/proc/%d/task/%d/children", (int) status.child, (int) status.child);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return FALSE;
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  for (char **word = words; *word != NULL; word++)
    {
      uint64_t pid = 0;
      if (oci_parse_u64 (*word, G_MAXINT, &pid, NULL) && pid > 1)
        killed = kill ((pid_t) pid, SIGKILL) == 0 || killed;
    }
  return killed;
}

#define MASKED_PROC                                                                                \
  "this process runs in a container that masks parts of /proc, and Linux then allows no further "  \
  "/proc; start the container with '--security-opt systempaths=unconfined' (docker), "             \
  "'--security-opt unmask=ALL' (podman) or '--privileged'"

static gboolean
throw_not_made (const TerraneProcessResult *result, GError **error)
{
  static const char *const signs[] = { "namespace",  "uid map",
                                       "gid map",    "Operation not permitted",
                                       "mount proc", NULL };
  g_auto (OciFd) proc_sys = open ("/proc/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *output = g_strdup (result->output);
  gboolean forbidden = FALSE;
  g_strchomp (output);
  for (const char *const *sign = signs; *sign != NULL; sign++)
    forbidden = forbidden || strstr (output, *sign) != NULL;
  if (!forbidden)
    return oci_throw (error, OCI_ERROR_IO, "the sandbox could not be made: %s", output);
  g_autofree char *reason = strstr (output, "mount proc") != NULL
                                ? g_strdup (MASKED_PROC)
                                : terrane_sandbox_explain (proc_sys);
  return oci_throw (error, OCI_ERROR_IO, "the sandbox could not be made: %s (%s)", reason, output);
}

/* Without an end of the program in its status, bubblewrap failed before or at executing it; only
 * then is the output its own. What cannot be executed is the image's fault, not the host's. */
static gboolean
judge (const SandboxStatus *status, TerraneProcessResult *result, GError **error)
{
  if (result->timed_out)
    {
      result->exit_code = -1; /* of the program; bubblewrap may have reported its end by an exit */
      result->signal = SIGKILL;
    }
  if (result->signal != 0)
    return TRUE;
  if (!status->finished && !g_str_has_prefix (result->output, "bwrap: execvp "))
    return throw_not_made (result, error);
  if (!status->finished)
    result->exit_code = EXIT_CANNOT_EXECUTE;
  else if (result->exit_code > EXIT_SIGNAL && result->exit_code <= EXIT_SIGNAL + SIGRTMAX)
    {
      result->signal = result->exit_code - EXIT_SIGNAL;
      result->exit_code = -1;
    }
  return TRUE;
}

static gboolean
run (const Arguments *arguments, const TerraneProcessFd *fds, size_t n_fds, uint64_t deadline_ms,
     GCancellable *cancellable, TerraneProcessResult *out_result, GError **error)
{
  /* Nothing of ours: the program can read process 1's environment in /proc, and that is
   * bubblewrap's, which --clearenv does not touch. */
  static const char *const no_env[] = { NULL };
  const TerraneProcess process = { .argv = (const char *const *) arguments->argv->pdata,
                                   .env = no_env,
                                   .fds = fds,
                                   .n_fds = n_fds,
                                   .deadline_ms = deadline_ms,
                                   .stop = stop_program,
                                   .stop_data = (gpointer) &fds[0].fd };
  SandboxStatus status;
  g_autoptr (GError) local = NULL;
  (void) prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* without it the numbers are only coarser */
  gboolean ok = terrane_process_run_full (&process, cancellable, out_result, &local);
  read_status (fds[0].fd, &status);
  collect_usage (status.child, out_result); /* after an interruption too: leaves no zombie */
  if (ok)
    return judge (&status, out_result, error);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "bubblewrap is not installed; 'sudo apt install bubblewrap', or build "
                      "with --no-validate");
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* What bubblewrap would report as its own failure, in words that say whose it is. Links in the
 * image are followed inside of it. */
static gboolean
check_directories (const TerraneSandbox *self, const char *working_dir, GError **error)
{
  static const char *const points[] = { "/proc", "/dev", "/tmp" };
  const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  g_auto (OciFd) root = -1;
  if (!oci_open_dir (AT_FDCWD, self->root, &root, error))
    return FALSE;
  for (size_t i = 0; i <= G_N_ELEMENTS (points); i++)
    {
      const char *path = i < G_N_ELEMENTS (points) ? points[i] : working_dir;
      g_auto (OciFd) fd = (int) syscall (SYS_openat2, root, path, &how, sizeof how);
      int failure = errno;
      if (fd >= 0 || failure == ENOSYS || failure == EPERM) /* then bubblewrap's words must do */
        continue;
      g_autofree char *quoted = oci_quote (path);
      errno = failure;
      return oci_throw_errno (error, "the image's %s %s",
                              path == working_dir ? "working directory" : "mount point", quoted);
    }
  return TRUE;
}

static void
add_file_system (Arguments *self, const TerraneSandbox *sandbox, const char *working_dir)
{
  /* Run by root, the program is the owner of /proc/sys for the kernel, capabilities or not, and
   * could have the host execute a program of its choice through core_pattern. */
  const char *const root[] = { "--ro-bind", sandbox->root,  "/",     "--proc",
                               "/proc",     "--remount-ro", "/proc", NULL };
  const char *const tmp[] = { "--perms", "1777", "--tmpfs", "/tmp", "--chdir", working_dir, NULL };
  add_all (self, root);
  add (self, "--size");
  add_format (self, "%" G_GUINT64_FORMAT,
              sandbox->tmp_bytes != 0 ? sandbox->tmp_bytes : DEFAULT_TMP_BYTES);
  add_all (self, tmp);
  add_devices (self);
}

gboolean
terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                     const TerraneSandboxFile *files, uint64_t deadline_ms,
                     GCancellable *cancellable, TerraneProcessResult *out_result, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  Arguments arguments = { .argv = words, .owned = owned };
  TerraneProcessFd fds[1 + MAX_FILES];
  const char *working_dir =
      self->working_dir != NULL && self->working_dir[0] != '\0' ? self->working_dir : "/";
  size_t n_files = 0;
  *out_result = (TerraneProcessResult){ 0 };
  while (files != NULL && files[n_files].name != NULL)
    n_files++;
  g_assert (n_files <= MAX_FILES);
  if (!check_directories (self, working_dir, error))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i].fd = -1;

  add_namespaces (&arguments);
  add_file_system (&arguments, self, working_dir);
  add_environment (&arguments, self->env);
  gboolean ok = add_files (&arguments, files, n_files, fds + 1, error);
  add (&arguments, "--json-status-fd");
  add_format (&arguments, "%d", STATUS_FD);
  add (&arguments, "--");
  add_all (&arguments, argv);
  g_ptr_array_add (words, NULL);

  fds[0] =
      (TerraneProcessFd){ .fd = memfd_create ("bwrap-status", MFD_CLOEXEC), .child_fd = STATUS_FD };
  if (ok && fds[0].fd < 0)
    ok = oci_throw_errno (error, "creating a file in memory");
  if (ok)
    ok = run (&arguments, fds, 1 + n_files, deadline_ms, cancellable, out_result, error);
  for (size_t i = 0; i < G_N_ELEMENTS (fds); i++)
    oci_fd_close (fds[i].fd);
  return ok;
}
