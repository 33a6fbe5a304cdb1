#include "builder/sandbox/bwrap.h"

#include "builder/sandbox/explain.h"
#include "builder/sandbox/init/blob.h"
#include "builder/sandbox/masks.h"
#include "builder/sandbox/neutral-proc.h"
#include "builder/sandbox/sealed.h"
#include "builder/sandbox/seccomp.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  FIRST_FILE_FD = 9, /* lower ones are those for bubblewrap itself */
  EMULATOR_FD = FIRST_FILE_FD + TERRANE_BWRAP_MAX_FILES,
  OPTIONS_FD,
  PASSWD_FD,
  STATUS_READ_FD,
  FIRST_PROC_FD,
};

void
terrane_bwrap_init (TerraneBwrap *self)
{
  *self = (TerraneBwrap){ .report = -1 };
  terrane_argv_init (&self->options);
  terrane_argv_init (&self->argv);
}

void
terrane_bwrap_close_fds (TerraneBwrap *self)
{
  for (size_t i = 0; i < self->n_fds; i++)
    oci_fd_close (oci_fd_steal (&self->fds[i].fd));
}

void
terrane_bwrap_clear (TerraneBwrap *self)
{
  terrane_argv_clear (&self->options);
  terrane_argv_clear (&self->argv);
  oci_fd_close (oci_fd_steal (&self->report));
  terrane_bwrap_close_fds (self);
}

/* @path: one of the paths of TerraneMounts */
static void
add_mount (TerraneBwrap *self, const char *option, const char *path, const char *where)
{
  terrane_argv_add (&self->options, option);
  terrane_argv_add_format (&self->options, "%s%s", self->mounts->root, path);
  terrane_argv_add (&self->options, where);
}

static void
add_tmp_size (TerraneBwrap *self)
{
  const uint64_t bytes = self->sandbox->tmp_bytes;
  terrane_argv_add (&self->options, "--size");
  terrane_argv_add_format (&self->options, "%" G_GUINT64_FORMAT,
                           bytes != 0 ? bytes : TERRANE_SANDBOX_DEFAULT_TMP_BYTES);
}

static void
add_shm (TerraneBwrap *self)
{
  const char *const tmpfs[] = { "--perms", "1777", "--tmpfs", "/dev/shm", NULL };
  if (!self->mounts->shm)
    return;
  if (self->mounts->overlays)
    {
      add_mount (self, "--bind", TERRANE_MOUNTS_SHM, "/dev/shm");
      return;
    }
  add_tmp_size (self);
  terrane_argv_add_all (&self->options, tmpfs);
}

/* --dev would make /dev/shm, which Lambda does not have. */
static void
add_devices (TerraneBwrap *self)
{
  if (self->mounts->overlays)
    add_mount (self, "--ro-bind", TERRANE_MOUNTS_DEV, "/dev");
  else
    {
      const char *const tmpfs[] = { "--tmpfs", "/dev", NULL };
      terrane_argv_add_all (&self->options, tmpfs);
    }
  for (const char *const *device = terrane_mounts_devices (); *device != NULL; device++)
    {
      const char *const bind[] = { "--dev-bind", *device, *device, NULL };
      terrane_argv_add_all (&self->options, bind);
    }
  add_shm (self);
  if (self->mounts->overlays)
    return;
  for (const char *const *link = terrane_mounts_links (); *link != NULL; link += 2)
    {
      const char *const words[] = { "--symlink", link[1], link[0], NULL };
      terrane_argv_add_all (&self->options, words);
    }
  const char *const remount[] = { "--remount-ro", "/dev", NULL };
  terrane_argv_add_all (&self->options, remount);
}

static void
add_environment (TerraneBwrap *self, const char *const *env)
{
  gboolean has_path = FALSE;
  terrane_argv_add (&self->options, "--clearenv");
  for (; env != NULL && *env != NULL; env++)
    {
      const char *equals = strchr (*env, '=');
      if (equals == NULL)
        continue;
      terrane_argv_add (&self->options, "--setenv");
      terrane_argv_add_format (&self->options, "%.*s", (int) (equals - *env), *env);
      terrane_argv_add (&self->options, equals + 1);
      has_path = has_path || g_str_has_prefix (*env, "PATH=");
    }
  if (!has_path)
    {
      const char *const path[] = { "--setenv", "PATH", TERRANE_SANDBOX_DEFAULT_PATH, NULL };
      terrane_argv_add_all (&self->options, path);
    }
}

static void
add_namespaces (TerraneBwrap *self, TerraneNetwork network, gboolean terminal)
{
  const char *const words[] = { "--unshare-all",
                                "--unshare-user",
                                "--cap-drop",
                                "ALL",
                                "--hostname",
                                self->sandbox->neutral ? "localhost" : "lambda",
                                NULL };
  terrane_argv_add_all (&self->options, words);
  if (network == TERRANE_NETWORK_HOST)
    terrane_argv_add (&self->options, "--share-net");
  if (!terminal)
    terrane_argv_add (&self->options, "--new-session");
  terrane_argv_add (&self->options, "--uid");
  terrane_argv_add_format (&self->options, "%d", TERRANE_SANDBOX_UID);
  terrane_argv_add (&self->options, "--gid");
  terrane_argv_add_format (&self->options, "%d", TERRANE_SANDBOX_GID);
}

/* Makes a file in memory, from which bubblewrap copies the file. */
static gboolean
make_file_fd (const char *name, GBytes *content, OciFd *out_fd, GError **error)
{
  g_auto (OciFd) fd = memfd_create (name, MFD_CLOEXEC);
  gsize size = 0;
  const void *data = g_bytes_get_data (content, &size);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!oci_write_all (fd, data, size, error))
    return FALSE;
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file in memory");
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

static void
pass_fd (TerraneBwrap *self, int fd, int child_fd)
{
  g_assert (self->n_fds < TERRANE_BWRAP_MAX_FDS);
  self->fds[self->n_fds++] = (OciProcessFd){ .fd = fd, .child_fd = child_fd };
}

void
terrane_bwrap_add_fd (TerraneBwrap *self, const char *option, int fd, int child_fd)
{
  pass_fd (self, fd, child_fd);
  terrane_argv_add (&self->options, option);
  terrane_argv_add_format (&self->options, "%d", child_fd);
}

static gboolean
make_pipe (OciFd *out_read, OciFd *out_write, GError **error)
{
  int fds[2];
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  *out_read = fds[0];
  *out_write = fds[1];
  return TRUE;
}

/* bubblewrap's --die-with-parent is not used: a child that it has just made waits for a message of
 * its parent, and waits for ever if the parent is killed before it has sent it. Whether or not
 * terrane is killed, bubblewrap makes the sandbox, and process 1 ends it when the other end of this
 * pipe is closed. For the same reason bubblewrap keeps the read end of its status pipe: otherwise
 * writing to it would kill bubblewrap once terrane is gone. */
gboolean
terrane_bwrap_add_channels (TerraneBwrap *self, OciFd *out_status, OciFd *out_release,
                            OciFd *out_life, GError **error)
{
  OciFd theirs = -1;
  if (!make_pipe (out_status, &theirs, error))
    return FALSE;
  terrane_bwrap_add_fd (self, "--json-status-fd", theirs, TERRANE_BWRAP_STATUS_FD);
  OciFd kept = fcntl (*out_status, F_DUPFD_CLOEXEC, 0);
  if (kept < 0)
    return oci_throw_errno (error, "duplicating a descriptor");
  pass_fd (self, kept, STATUS_READ_FD);
  if (!make_pipe (&theirs, out_release, error))
    return FALSE;
  terrane_bwrap_add_fd (self, "--block-fd", theirs, TERRANE_BWRAP_BLOCK_FD);
  if (!make_pipe (&theirs, out_life, error))
    return FALSE;
  pass_fd (self, theirs, TERRANE_INIT_LIFE_FD);
  return TRUE;
}

static gboolean
add_file_data (TerraneBwrap *self, const TerraneSandboxFile *file, int child_fd, GError **error)
{
  OciFd fd = -1;
  if (!make_file_fd (file->name, file->content, &fd, error))
    return FALSE;
  terrane_argv_add (&self->options, "--perms");
  terrane_argv_add_format (&self->options, "%04o", (unsigned) file->mode);
  terrane_bwrap_add_fd (self, "--ro-bind-data", fd, child_fd);
  return TRUE;
}

gboolean
terrane_bwrap_add_files (TerraneBwrap *self, GError **error)
{
  const TerraneSandboxFile *files = self->mounts->files;
  if (files == NULL || files->name == NULL)
    return TRUE;
  const char *const directory[] = { "--dir", TERRANE_SANDBOX_FILES, NULL };
  terrane_argv_add_all (&self->options, directory);
  for (int i = 0; files[i].name != NULL; i++)
    {
      g_assert (files[i].name[0] != '\0' && strchr (files[i].name, '/') == NULL);
      if (self->mounts->overlays)
        {
          terrane_argv_add (&self->options, "--ro-bind");
          terrane_argv_add_format (&self->options, "%s" TERRANE_MOUNTS_FILES "%s",
                                   self->mounts->root, files[i].name);
        }
      else if (!add_file_data (self, &files[i], FIRST_FILE_FD + i, error))
        return FALSE;
      terrane_argv_add_format (&self->options, TERRANE_SANDBOX_FILES "/%s", files[i].name);
    }
  return TRUE;
}

/* A file of the image is covered; see TerraneMounts for the other cases. */
static gboolean
add_passwd (TerraneBwrap *self, GError **error)
{
  const TerraneMounts *mounts = self->mounts;
  const TerraneSandboxFile file = { .name = "passwd", .content = mounts->passwd, .mode = 0644 };
  if (mounts->over_root || mounts->passwd_path == NULL)
    return TRUE;
  if (mounts->overlays)
    {
      add_mount (self, "--ro-bind", TERRANE_MOUNTS_PASSWD, mounts->passwd_path);
      return TRUE;
    }
  if (!add_file_data (self, &file, PASSWD_FD, error))
    return FALSE;
  terrane_argv_add (&self->options, mounts->passwd_path);
  return TRUE;
}

void
terrane_bwrap_parse_status (const char *text, size_t len, TerraneBwrapStatus *out_status)
{
  size_t used = 0;
  *out_status = (TerraneBwrapStatus){ 0 };
  while (used < len)
    {
      json_error_t where;
      g_autoptr (OciJsonValue) event =
          json_loadb (text + used, len - used, JSON_DISABLE_EOF_CHECK, &where);
      if (event == NULL)
        return;
      json_t *child = json_object_get (event, "child-pid");
      if (json_is_integer (child))
        out_status->child = (pid_t) json_integer_value (child);
      out_status->finished = out_status->finished || json_object_get (event, "exit-code") != NULL;
      used += (size_t) where.position;
    }
}

/* Reports what bubblewrap would report as its own failure, with the name of the directory. Links in
 * the image are followed inside it. */
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
      if (fd >= 0 || failure == ENOSYS || failure == EPERM) /* then bubblewrap's message must do */
        continue;
      g_autofree char *quoted = oci_quote (path);
      errno = failure;
      return oci_throw_errno (error, "the image's %s %s",
                              path == working_dir ? "working directory" : "mount point", quoted);
    }
  return TRUE;
}

/* A device on a mount without devices cannot be opened: the program gets the error that an ordinary
 * user gets. In a tmpfs, glibc before 2.34 would look for shared memory. */
static void
add_masks (TerraneBwrap *self)
{
  g_auto (OciFd) proc = open ("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_auto (GStrv) names = terrane_masks_find (proc, geteuid () == 0, self->sandbox->neutral);
  for (char **name = names; *name != NULL; name++)
    {
      gboolean is_dir = g_str_has_suffix (*name, "/");
      g_autofree char *path = g_strdup_printf ("/proc/%.*s", (int) strlen (*name) - is_dir, *name);
      const char *const file[] = { "--ro-bind", "/dev/null", path, NULL };
      const char *const tmpfs[] = { "--tmpfs", path, "--remount-ro", path, NULL };
      if (!is_dir)
        terrane_argv_add_all (&self->options, file);
      else if (self->mounts->overlays)
        add_mount (self, "--ro-bind", TERRANE_MOUNTS_NOTHING, path);
      else
        terrane_argv_add_all (&self->options, tmpfs);
    }
}

/* Mounted over the masks. */
static gboolean
add_neutral_proc (TerraneBwrap *self, GError **error)
{
  if (!self->sandbox->neutral)
    return TRUE;
  TerraneSandboxFile *files = terrane_neutral_proc_files (self->sandbox->memory_bytes);
  gboolean ok = TRUE;
  for (int i = 0; ok && files[i].name != NULL; i++)
    {
      ok = add_file_data (self, &files[i], FIRST_PROC_FD + i, error);
      terrane_argv_add_format (&self->options, "/proc/%s", files[i].name);
    }
  terrane_neutral_proc_free (files);
  return ok;
}

/* Devices in these mounts cannot be opened, and set-user-ID bits have no effect. */
static void
add_host_mounts (TerraneBwrap *self)
{
  for (guint i = 0; i < self->mounts->points->len; i++)
    {
      const TerraneMountPoint *point = self->mounts->points->pdata[i];
      const char *const words[] = { point->mount->writable ? "--bind" : "--ro-bind",
                                    point->mount->host, point->where, NULL };
      terrane_argv_add_all (&self->options, words);
    }
}

/* Whether the program can write to files of the host. */
static gboolean
writes_to_host (const TerraneMounts *mounts)
{
  for (guint i = 0; i < mounts->points->len; i++)
    if (((const TerraneMountPoint *) mounts->points->pdata[i])->mount->writable)
      return TRUE;
  return FALSE;
}

static gboolean
add_file_system (TerraneBwrap *self, const TerraneSandbox *sandbox, const char *working_dir,
                 GError **error)
{
  /* If root runs it, the program owns /proc/sys for the kernel, with or without capabilities, and
   * could have the host execute a program of its choice through core_pattern. */
  const char *const proc[] = { "/", "--proc", "/proc", "--remount-ro", "/proc", NULL };
  const char *const tmp[] = { "--perms", "1777", "--tmpfs", "/tmp", NULL };
  const char *const chdir[] = { "--chdir", working_dir, NULL };
  terrane_argv_add (&self->options, sandbox->writable ? "--bind" : "--ro-bind");
  terrane_argv_add_format (&self->options, "%s%s", sandbox->root,
                           self->mounts->overlays ? TERRANE_MOUNTS_ROOT : "");
  terrane_argv_add_all (&self->options, proc);
  add_masks (self);
  if (!add_neutral_proc (self, error))
    return FALSE;
  if (self->mounts->overlays)
    add_mount (self, "--bind", TERRANE_MOUNTS_TMP, "/tmp");
  else
    {
      add_tmp_size (self);
      terrane_argv_add_all (&self->options, tmp);
    }
  terrane_argv_add_all (&self->options, chdir);
  add_devices (self);
  if (!add_passwd (self, error))
    return FALSE;
  add_host_mounts (self);
  return TRUE;
}

gboolean
terrane_bwrap_add_sandbox (TerraneBwrap *self, const TerraneSandbox *sandbox,
                           const TerraneMounts *mounts, gboolean terminal, GError **error)
{
  const char *working_dir =
      sandbox->working_dir != NULL && sandbox->working_dir[0] != '\0' ? sandbox->working_dir : "/";
  self->sandbox = sandbox;
  self->mounts = mounts;
  if (!check_directories (sandbox, working_dir, error))
    return FALSE;
  add_namespaces (self, sandbox->network, terminal);
  if (!add_file_system (self, sandbox, working_dir, error))
    return FALSE;
  add_environment (self, sandbox->env);
  OciFd filter = -1;
  if (!terrane_seccomp_make (writes_to_host (mounts), sandbox->neutral, &filter, error))
    return FALSE;
  terrane_bwrap_add_fd (self, "--seccomp", filter, TERRANE_BWRAP_SECCOMP_FD);
  return TRUE;
}

static gboolean
make_init (OciFd *out_fd, GError **error)
{
  size_t len = 0;
  const char *bytes = terrane_init_blob (&len);
  return terrane_sealed_new ("init", bytes, len, out_fd, error);
}

/* The emulator is executed through its descriptor: the image does not have its file. */
static gboolean
add_program (TerraneBwrap *self, const char *const *argv, GError **error)
{
  const TerraneSandbox *sandbox = self->sandbox;
  const TerraneEmulator *emulator = sandbox->emulator;
  if (emulator == NULL || emulator->kind != TERRANE_EMULATION_PROGRAM)
    {
      terrane_argv_add_all (&self->argv, argv);
      return TRUE;
    }
  OciFd fd = -1;
  if (!terrane_sealed_copy ("emulator", emulator->program, &fd, error))
    return FALSE;
  pass_fd (self, fd, EMULATOR_FD);
  g_autofree char *qemu = g_strdup_printf ("/proc/self/fd/%d", EMULATOR_FD);
  g_auto (GStrv) words = terrane_emulator_wrap (qemu, sandbox->root, sandbox->env, argv);
  terrane_argv_add_all (&self->argv, (const char *const *) words);
  return TRUE;
}

/* Values of the environment may be secrets. */
static gboolean
add_options (TerraneBwrap *self, GError **error)
{
  g_auto (OciFd) fd = memfd_create ("options", MFD_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  for (guint i = 0; i < self->options.words->len; i++)
    {
      const char *word = self->options.words->pdata[i];
      if (!oci_write_all (fd, word, strlen (word) + 1, error))
        return FALSE;
    }
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file in memory");
  pass_fd (self, oci_fd_steal (&fd), OPTIONS_FD);
  terrane_argv_add (&self->argv, "bwrap");
  terrane_argv_add (&self->argv, "--args");
  terrane_argv_add_format (&self->argv, "%d", OPTIONS_FD);
  return TRUE;
}

gboolean
terrane_bwrap_finish (TerraneBwrap *self, const char *const *argv, GError **error)
{
  OciFd init = -1;
  const char *const words[] = { "--as-pid-1", "--", NULL };
  if (!make_init (&init, error))
    return FALSE;
  pass_fd (self, init, TERRANE_INIT_PROGRAM_FD);
  self->report = memfd_create ("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  /* Process 1 maps the file: if it were truncated, that would kill process 1. */
  if (self->report >= 0
      && (ftruncate (self->report, sizeof (TerraneInitReport)) < 0
          || fcntl (self->report, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0))
    return oci_throw_errno (error, "creating a file in memory");
  OciFd theirs = self->report >= 0 ? fcntl (self->report, F_DUPFD_CLOEXEC, 0) : -1;
  if (theirs < 0)
    return oci_throw_errno (error, "creating a file in memory");
  pass_fd (self, theirs, TERRANE_INIT_REPORT_FD);
  if (!add_options (self, error))
    return FALSE;
  terrane_argv_add_all (&self->argv, words);
  terrane_argv_add_format (&self->argv, "/proc/self/fd/%d", TERRANE_INIT_PROGRAM_FD);
  if (!add_program (self, argv, error))
    return FALSE;
  (void) terrane_argv_end (&self->argv);
  return TRUE;
}

void
terrane_bwrap_read_report (int fd, TerraneInitReport *out_report)
{
  *out_report = (TerraneInitReport){ 0 };
  if (pread (fd, out_report, sizeof *out_report, 0) != (ssize_t) sizeof *out_report)
    *out_report = (TerraneInitReport){ 0 };
}

#define MASKED_PROC                                                                                \
  "this process runs in a container that masks parts of /proc, and Linux then allows no further "  \
  "/proc; start the container with '--security-opt systempaths=unconfined' (docker), "             \
  "'--security-opt unmask=ALL' (podman) or '--privileged'"

gboolean
terrane_bwrap_throw_not_made (const char *output, GError **error)
{
  static const char *const signs[] = { "namespace",  "uid map",
                                       "gid map",    "Operation not permitted",
                                       "mount proc", NULL };
  g_auto (OciFd) proc_sys = open ("/proc/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *words = g_strdup (output);
  gboolean forbidden = FALSE;
  g_strchomp (words);
  for (const char *const *sign = signs; *sign != NULL; sign++)
    forbidden = forbidden || strstr (words, *sign) != NULL;
  if (words[0] == '\0') /* its stderr went to the user */
    return oci_throw (error, OCI_ERROR_IO,
                      "the sandbox could not be made; bubblewrap says above why not");
  if (!forbidden)
    return oci_throw (error, OCI_ERROR_IO, "the sandbox could not be made: %s", words);
  g_autofree char *reason = strstr (words, "mount proc") != NULL
                                ? g_strdup (MASKED_PROC)
                                : terrane_sandbox_explain (proc_sys);
  return oci_throw (error, OCI_ERROR_IO,
                    "the sandbox could not be made: %s; or choose '--sandbox none' or '--sandbox "
                    "podman', which keep in less (%s)",
                    reason, words);
}

gboolean
terrane_bwrap_throw_missing (GError **error)
{
  return oci_throw (error, OCI_ERROR_NOT_FOUND,
                    "bubblewrap is not installed; 'sudo apt install bubblewrap', or build "
                    "with --no-validate, or choose '--sandbox none' or '--sandbox podman', which "
                    "keep in less");
}
