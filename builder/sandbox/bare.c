#include "builder/sandbox/bare.h"

#include "builder/sandbox/bare-loader.h"
#include "builder/sandbox/extra-files.h"
#include "builder/sandbox/init/blob.h"
#include "builder/sandbox/init/report.h"
#include "builder/sandbox/inlet.h"
#include "builder/sandbox/passwd.h"
#include "builder/sandbox/sealed.h"
#include "builder/sandbox/seccomp.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PROGRAM "/proc/self/fd/6"
G_STATIC_ASSERT (TERRANE_INIT_PROGRAM_FD == 6);

enum
{
  MAX_ID_MAP = 64 * 1024,
};

/* The protection of the program, as far as this process has the rights for it. */
typedef struct
{
  gboolean root; /* change the root directory */
  gboolean user; /* become Lambda's user */
  gboolean host; /* the program is this machine's own: the root stays as it is */
} Rights;

/* Inside a user namespace a number may belong to no user: user_namespaces(7). */
static gboolean
is_mapped (const char *path, uint64_t id)
{
  char text[MAX_ID_MAP];
  if (!oci_read_text (AT_FDCWD, path, text, sizeof text))
    return FALSE;
  for (const char *line = text; *line != '\0';)
    {
      char *end = NULL;
      uint64_t first = g_ascii_strtoull (line, &end, 10);
      (void) g_ascii_strtoull (end, &end, 10);
      uint64_t count = g_ascii_strtoull (end, &end, 10);
      if (id >= first && id - first < count)
        return TRUE;
      line = end + strspn (end, "\n");
      if (end == line && *line != '\0')
        return FALSE;
    }
  return FALSE;
}

static void
find_rights (Rights *out)
{
  out->host = FALSE;
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
  uint32_t has = syscall (SYS_capget, &header, sets) == 0 ? sets[0].effective : 0;
  out->root = (has & (1U << CAP_SYS_CHROOT)) != 0 && geteuid () == 0;
  out->user = out->root && (has & (1U << CAP_SETUID)) != 0 && (has & (1U << CAP_SETGID)) != 0
              && is_mapped ("/proc/self/uid_map", TERRANE_SANDBOX_UID)
              && is_mapped ("/proc/self/gid_map", TERRANE_SANDBOX_GID);
}

static gpointer
list_unconfined (G_GNUC_UNUSED gpointer data)
{
  static const char *words[6];
  Rights rights;
  TerraneLandlock rules;
  size_t n = 0;
  find_rights (&rights);
  gboolean has_rules = terrane_landlock_init (&rules, FALSE, NULL) && rules.ruleset >= 0;
  words[n++] = "network";
  words[n++] = "processes";
  words[n++] = "tmp";
  if (!rights.user)
    words[n++] = "user";
  if (!rights.root)
    words[n++] = has_rules ? "reads" : "files";
  words[n] = NULL;
  terrane_landlock_clear (&rules);
  return words;
}

const char *const *
terrane_bare_unconfined (void)
{
  static GOnce once = G_ONCE_INIT;
  return g_once (&once, list_unconfined, NULL);
}

/* Devices that most programs expect in /dev. If a container does not allow them, programs do
 * without. */
static void
make_devices (const char *root)
{
  static const struct
  {
    const char *name;
    unsigned minor;
  } devices[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 } };
  for (size_t i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      g_autofree char *path = g_build_filename (root, "dev", devices[i].name, NULL);
      if (mknod (path, S_IFCHR | 0666, makedev (1, devices[i].minor)) == 0)
        (void) chmod (path, 0666); /* independent of the umask */
    }
}

/* Links in the copy's /tmp or /dev would lead this process out of it. */
static gboolean
check_directory (const char *root, const char *name, GError **error)
{
  struct stat info;
  g_autofree char *path = g_build_filename (root, name, NULL);
  if (lstat (path, &info) < 0)
    return oci_throw_errno (error, "the image's mount point /%s", name);
  return S_ISDIR (info.st_mode)
         || oci_throw (error, OCI_ERROR_UNSUPPORTED, "the image's /%s is not a directory", name);
}

static gboolean
add_user (TerraneBare *self, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) content = NULL;
  if (!terrane_passwd_read (self->root.path, &path, &content, error))
    return FALSE;
  /* The file is a link to a file of the store, or of other copies. */
  g_autofree char *own = path != NULL ? g_strconcat (self->root.path, path, NULL) : NULL;
  if (own != NULL && g_unlink (own) < 0)
    return oci_throw_errno (error, "%s", own);
  terrane_passwd_write (self->root.lock, content);
  return TRUE;
}

/* As another user and with Landlock, the program can neither write to files nor change other
 * attributes of inodes. */
static TerraneBareSharing
find_sharing (const TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights)
{
  if (sandbox->writable)
    return TERRANE_BARE_OWN;
  return rights->user && self->rules.ruleset >= 0 ? TERRANE_BARE_LINKS : TERRANE_BARE_COPIES;
}

static gboolean
make_root (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights,
           const TerraneSandboxFile *files, GError **error)
{
  if (rights->host)
    return TRUE;
  if (!terrane_bare_root_init (&self->root, sandbox->root, find_sharing (self, sandbox, rights),
                               !rights->root, error)
      || !check_directory (self->root.path, "tmp", error)
      || !check_directory (self->root.path, "dev", error))
    return FALSE;
  g_autofree char *tmp = g_build_filename (self->root.path, "tmp", NULL);
  g_autofree char *extra = g_strconcat (self->root.path, TERRANE_SANDBOX_FILES, NULL);
  if (rights->root)
    make_devices (self->root.path);
  if (g_chmod (tmp, 01777) < 0)
    return oci_throw_errno (error, "%s", tmp);
  if (files != NULL && files->name != NULL && g_mkdir (extra, 0755) < 0)
    return oci_throw_errno (error, "%s", extra);
  return terrane_extra_files_write (extra, files, error)
         && (!rights->user || add_user (self, error));
}

/* The program reads its image, and writes to /tmp. Without another root directory it also needs the
 * files of the host's programs and libraries, and /proc. */
static gboolean
add_rules (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights, GError **error)
{
  static const char *const readable[] = { "/usr",       "/bin",       "/sbin", "/lib",
                                          "/lib32",     "/lib64",     "/etc",  "/proc",
                                          "/nix/store", "/gnu/store", NULL };
  const uint64_t device =
      TERRANE_LANDLOCK_READ | TERRANE_LANDLOCK_WRITE_FILE | TERRANE_LANDLOCK_TRUNCATE;
  if (rights->host)
    return terrane_landlock_allow (&self->rules, "/", TERRANE_LANDLOCK_READ, error)
           && terrane_landlock_allow (&self->rules, "/dev", device, error);
  g_autofree char *tmp = g_build_filename (self->root.path, "tmp", NULL);
  g_autofree char *dev = g_build_filename (self->root.path, "dev", NULL);
  const uint64_t own = sandbox->writable ? TERRANE_LANDLOCK_ALL : TERRANE_LANDLOCK_READ;
  if (!terrane_landlock_allow_fd (&self->rules, self->root.lock, own, error)
      || !terrane_landlock_allow (&self->rules, tmp, TERRANE_LANDLOCK_ALL, error)
      || !terrane_landlock_allow (&self->rules, rights->root ? dev : "/dev", device, error))
    return FALSE;
  /* Programs that use /tmp by name, instead of TMPDIR, get this machine's. */
  if (!rights->root && !terrane_landlock_allow (&self->rules, "/tmp", TERRANE_LANDLOCK_ALL, error))
    return FALSE;
  for (const char *const *path = readable; !rights->root && *path != NULL; path++)
    if (!terrane_landlock_allow (&self->rules, *path, TERRANE_LANDLOCK_READ, error))
      return FALSE;
  return TRUE;
}

static gboolean
set_working_dir (const TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights,
                 TerraneInitSetup *setup, GError **error)
{
  const char *own = sandbox->working_dir;
  int len = g_snprintf (setup->working_dir, sizeof setup->working_dir, "%s%s",
                        rights->root || rights->host ? "" : self->root.path,
                        own != NULL && own[0] != '\0' ? own : "/");
  return (size_t) len < sizeof setup->working_dir
         || oci_throw (error, OCI_ERROR_LIMIT, "the path of the working directory is too long");
}

/* Fills the setup for the first process. */
static gboolean
make_setup (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights,
            gboolean terminal, OciFd *out_fd, GError **error)
{
  g_autofree TerraneInitSetup *setup = g_new0 (TerraneInitSetup, 1);
  g_auto (OciFd) filter = -1;
  size_t got = 0;
  *setup = (TerraneInitSetup){ .change_root = rights->root ? 1 : 0,
                               .change_user = rights->user ? 1 : 0,
                               .uid = TERRANE_SANDBOX_UID,
                               .gid = TERRANE_SANDBOX_GID,
                               .terminal = terminal ? 1 : 0,
                               .has_rules = self->rules.ruleset >= 0,
                               .file_bytes = sandbox->tmp_bytes != 0
                                                 ? sandbox->tmp_bytes
                                                 : TERRANE_SANDBOX_DEFAULT_TMP_BYTES };
  if (!set_working_dir (self, sandbox, rights, setup, error)
      || !terrane_seccomp_make (TRUE, FALSE, &filter, error)
      || !oci_read_full (filter, setup->filter, sizeof setup->filter, &got, error))
    return FALSE;
  setup->n_filter = (uint32_t) (got / sizeof setup->filter[0]);
  g_auto (OciFd) fd = memfd_create ("setup", MFD_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!oci_write_all (fd, setup, sizeof *setup, error))
    return FALSE;
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

/* Takes @fd. */
static void
pass_fd (TerraneBare *self, int fd, int child_fd)
{
  g_assert (self->n_fds < TERRANE_BARE_MAX_FDS);
  self->fds[self->n_fds++] = (OciProcessFd){ .fd = fd, .child_fd = child_fd };
}

static gboolean
pass_pipe (TerraneBare *self, int child_fd, OciFd *out_ours, GError **error)
{
  int fds[2];
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  pass_fd (self, fds[0], child_fd);
  *out_ours = fds[1];
  return TRUE;
}

static gboolean
pass_duplicate (TerraneBare *self, int fd, int child_fd, GError **error)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0)
    return oci_throw_errno (error, "duplicating a descriptor");
  pass_fd (self, copy, child_fd);
  return TRUE;
}

static gboolean
make_fds (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights, gboolean terminal,
          GError **error)
{
  size_t len = 0;
  OciFd init = -1, setup = -1;
  const char *bytes = terrane_init_blob (&len);
  if (!terrane_sealed_new ("init", bytes, len, &init, error))
    return FALSE;
  pass_fd (self, init, TERRANE_INIT_PROGRAM_FD);
  self->report = memfd_create ("report", MFD_CLOEXEC);
  if (self->report < 0 || ftruncate (self->report, sizeof (TerraneInitReport)) < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!pass_duplicate (self, self->report, TERRANE_INIT_REPORT_FD, error)
      || !make_setup (self, sandbox, rights, terminal, &setup, error))
    return FALSE;
  pass_fd (self, setup, TERRANE_INIT_SETUP_FD);
  return (!rights->root || pass_duplicate (self, self->root.lock, TERRANE_INIT_ROOT_FD, error))
         && (self->rules.ruleset < 0
             || pass_duplicate (self, self->rules.ruleset, TERRANE_INIT_RULES_FD, error))
         && pass_pipe (self, TERRANE_INIT_RELEASE_FD, &self->release, error)
         && pass_pipe (self, TERRANE_INIT_LIFE_FD, &self->life, error);
}

/* Only the program is told the number of the port. */
static gboolean
listen_somewhere (TerraneBare *self, const char *variable, GError **error)
{
  unsigned port = 0;
  if (!terrane_inlet_open_here (&self->listener, &port, error))
    return FALSE;
  g_autofree char *value = g_strdup_printf ("127.0.0.1:%u", port);
  if (variable != NULL)
    self->env = g_environ_setenv (self->env, variable, value, TRUE);
  return TRUE;
}

static void
set_env (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights)
{
  g_auto (GStrv) env = g_strdupv ((char **) sandbox->env);
  if (env == NULL)
    env = g_new0 (char *, 1);
  env = g_environ_setenv (env, "PATH", TERRANE_SANDBOX_DEFAULT_PATH, FALSE);
  self->env = rights->root || rights->host
                  ? g_steal_pointer (&env)
                  : terrane_bare_loader_env (self->root.path, (const char *const *) env);
}

static gboolean
add_program (TerraneBare *self, const TerraneSandbox *sandbox, const Rights *rights,
             const char *const *argv, GError **error)
{
  terrane_argv_add (&self->argv, TERRANE_INIT_TREE);
  if (rights->root || rights->host)
    terrane_argv_add_all (&self->argv, argv);
  else if (!terrane_bare_loader_wrap (self->root.path, sandbox->env, argv, &self->argv, error))
    return FALSE;
  (void) terrane_argv_end (&self->argv);
  return TRUE;
}

gboolean
terrane_bare_init (TerraneBare *self, const TerraneSandbox *sandbox, const char *const *argv,
                   const TerraneBareOptions *options, GError **error)
{
  Rights rights;
  *self = (TerraneBare){
    .rules = { .ruleset = -1 }, .report = -1, .release = -1, .life = -1, .listener = -1
  };
  self->root.lock = -1;
  terrane_argv_init (&self->argv);
  OCI_PREFIX (error, "--sandbox none");
  find_rights (&rights);
  rights.host = strcmp (sandbox->root, "/") == 0;
  rights.root = rights.root && !rights.host;
  self->loader = !rights.root && !rights.host;
  if (!terrane_landlock_init (&self->rules, FALSE, error)
      || !make_root (self, sandbox, &rights, options->files, error)
      || !add_rules (self, sandbox, &rights, error)
      || !make_fds (self, sandbox, &rights, options->terminal, error)
      || !add_program (self, sandbox, &rights, argv, error))
    return FALSE;
  set_env (self, sandbox, &rights);
  return !options->has_port || listen_somewhere (self, options->port_variable, error);
}

void
terrane_bare_close_fds (TerraneBare *self)
{
  for (size_t i = 0; i < self->n_fds; i++)
    oci_fd_close (oci_fd_steal (&self->fds[i].fd));
}

void
terrane_bare_clear (TerraneBare *self)
{
  terrane_bare_close_fds (self);
  terrane_argv_clear (&self->argv);
  g_clear_pointer (&self->env, g_strfreev);
  terrane_landlock_clear (&self->rules);
  oci_fd_close (oci_fd_steal (&self->report));
  oci_fd_close (oci_fd_steal (&self->release));
  oci_fd_close (oci_fd_steal (&self->life));
  oci_fd_close (oci_fd_steal (&self->listener));
  terrane_bare_root_clear (&self->root);
}

void
terrane_bare_to_process (const TerraneBare *self, OciProcess *out_process)
{
  out_process->argv = (const char *const *) self->argv.words->pdata;
  out_process->env = (const char *const *) self->env;
  out_process->fds = self->fds;
  out_process->n_fds = self->n_fds;
  out_process->program = PROGRAM;
  out_process->ends_itself = TRUE;
}
