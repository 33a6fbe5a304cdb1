#include "builder/sandbox/elsewhere.h"

#include "builder/sandbox/argv.h"
#include "builder/sandbox/init/report.h"
#include "builder/sandbox/passwd.h"
#include "builder/sandbox/podman.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum
{
  KILL_MS = 20 * 1000,
  COPY_MS = 10 * 60 * 1000,
  ENV_FD = 3,
};

struct _TerraneElsewhere
{
  const TerraneSandbox *sandbox;
  const char *const *program; /* with its arguments */
  TerraneArgv argv;           /* what is started */
  char **env;
  OciProcessFd env_fd; /* podman's: the program's variables */
  char *container;     /* (nullable): its name */
  char *directory;     /* (nullable): removed at the end */
  gboolean kept;       /* the container may still be there */
};

/* Each file in its place below @directory. */
static gboolean
write_files (const char *directory, const TerraneSandboxFile *files, GError **error)
{
  for (; files != NULL && files->name != NULL; files++)
    {
      gsize len = 0;
      const char *bytes = g_bytes_get_data (files->content, &len);
      g_autofree char *path = g_build_filename (directory, files->name, NULL);
      if (!g_file_set_contents_full (path, bytes, (gssize) len, G_FILE_SET_CONTENTS_NONE,
                                     (int) files->mode, error))
        return FALSE;
      if (g_chmod (path, files->mode) < 0)
        return oci_throw_errno (error, "%s", path);
    }
  return TRUE;
}

static uint64_t
tmp_bytes (const TerraneSandbox *sandbox)
{
  return sandbox->tmp_bytes != 0 ? sandbox->tmp_bytes : TERRANE_SANDBOX_DEFAULT_TMP_BYTES;
}

static const char *
working_dir (const TerraneSandbox *sandbox)
{
  return sandbox->working_dir != NULL && sandbox->working_dir[0] != '\0' ? sandbox->working_dir
                                                                         : "/";
}

static char **
make_env (const TerraneSandbox *sandbox)
{
  char **env = g_strdupv ((char **) sandbox->env);
  if (env == NULL)
    env = g_new0 (char *, 1);
  return g_environ_setenv (env, "PATH", TERRANE_SANDBOX_DEFAULT_PATH, FALSE);
}

static gboolean
add_files (TerraneElsewhere *self, const TerraneSandboxFile *files, GError **error)
{
  if (files == NULL || files->name == NULL)
    return TRUE;
  self->directory = g_dir_make_tmp ("terrane-XXXXXX", error);
  if (self->directory == NULL || !write_files (self->directory, files, error))
    return FALSE;
  if (g_chmod (self->directory, 0755) < 0)
    return oci_throw_errno (error, "%s", self->directory);
  terrane_argv_add_format (&self->argv, "--volume=%s:" TERRANE_SANDBOX_FILES ":ro",
                           self->directory);
  return TRUE;
}

/* The root is a layer below one that podman throws away: it puts files of its own there. */
static gboolean
prepare_podman (TerraneElsewhere *self, const TerraneSandboxFile *files,
                const TerranePodmanOptions *options, GError **error)
{
  TerraneArgv *argv = &self->argv;
  g_auto (GStrv) env = make_env (self->sandbox);
  self->env = g_get_environ (); /* podman's own: where its storage and configuration are */
  terrane_podman_add_run (argv, options);
  terrane_argv_add (argv, "--unsetenv-all");
  terrane_argv_add (argv, "--log-driver=none");
  self->container = g_strdup_printf ("terrane-%08x%08x", g_random_int (), g_random_int ());
  terrane_argv_add_format (argv, "--name=%s", self->container);
  terrane_argv_add_format (argv, "--workdir=%s", working_dir (self->sandbox));
  self->env_fd.child_fd = ENV_FD;
  if (!terrane_podman_add_env (argv, (const char *const *) env, ENV_FD, &self->env_fd.fd, error)
      || !add_files (self, files, error))
    return FALSE;
  terrane_argv_add (argv, "--rootfs");
  terrane_argv_add_format (argv, "%s:O", self->sandbox->root);
  terrane_argv_add_all (argv, self->program);
  (void) terrane_argv_end (argv);
  self->kept = TRUE;
  return TRUE;
}

static gboolean
copy_root (TerraneElsewhere *self, GError **error)
{
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *parent = g_path_get_dirname (self->sandbox->root);
  /* gc removes what a killed process leaves under such a name. */
  self->directory = g_build_filename (parent, ".copy-XXXXXX", NULL);
  if (g_mkdtemp_full (self->directory, 0755) == NULL)
    {
      g_clear_pointer (&self->directory, g_free);
      return oci_throw_errno (error, "a directory for a copy of the image in %s", parent);
    }
  g_autofree char *source = g_strconcat (self->sandbox->root, "/.", NULL);
  const char *const argv[] = { "cp", "-a", "--reflink=auto", "--", source, self->directory, NULL };
  if (!oci_process_run (argv, NULL, 0, COPY_MS, &result, error))
    return FALSE;
  return result.exit_code == 0
         || oci_throw (error, OCI_ERROR_IO, "copying the image's files: %s", result.output);
}

/* What most programs expect of /dev. A container may not allow it; then they do without. */
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
        (void) chmod (path, 0666); /* whatever the umask is */
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
         || oci_throw (error, OCI_ERROR_UNSUPPORTED, "the image's /%s is no directory", name);
}

static gboolean
add_user (const char *root, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GBytes) content = NULL;
  g_auto (OciFd) fd = -1;
  if (!terrane_passwd_read (root, &path, &content, error)
      || !oci_open_dir (AT_FDCWD, root, &fd, error))
    return FALSE;
  terrane_passwd_write (fd, content);
  return TRUE;
}

/* The files of the store are links to its objects, which nothing would protect here: a copy. */
static gboolean
prepare_none (TerraneElsewhere *self, const TerraneSandboxFile *files, GError **error)
{
  if (geteuid () != 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "--sandbox none changes the root directory, which only root may; use "
                      "bubblewrap or podman, or be root in a container that is thrown away");
  if (self->program[0][0] != '/')
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "--sandbox none needs the absolute path of a program, not %s",
                      self->program[0]);
  if (!copy_root (self, error) || !check_directory (self->directory, "tmp", error)
      || !check_directory (self->directory, "dev", error))
    return FALSE;
  make_devices (self->directory);
  if (!add_user (self->directory, error))
    return FALSE;
  g_autofree char *tmp = g_build_filename (self->directory, "tmp", NULL);
  g_autofree char *extra = g_strconcat (self->directory, TERRANE_SANDBOX_FILES, NULL);
  if (g_chmod (tmp, 01777) < 0)
    return oci_throw_errno (error, "%s", tmp);
  if (files != NULL && files->name != NULL
      && (g_mkdir (extra, 0755) < 0 || !write_files (extra, files, error)))
    return error != NULL && *error != NULL ? FALSE : oci_throw_errno (error, "%s", extra);
  terrane_argv_add_all (&self->argv, self->program);
  (void) terrane_argv_end (&self->argv);
  self->env = make_env (self->sandbox);
  return TRUE;
}

static gboolean
limit (__rlimit_resource_t resource, rlim_t value)
{
  const struct rlimit both = { .rlim_cur = value, .rlim_max = value };
  return setrlimit (resource, &both) == 0 || errno == EPERM; /* lower already */
}

/* Between fork and exec: system calls only. */
static gboolean
enter_root (const TerraneElsewhere *self)
{
  return limit (RLIMIT_NOFILE, TERRANE_INIT_MAX_FILES)
         && limit (RLIMIT_NPROC, TERRANE_INIT_MAX_PROCESSES) && limit (RLIMIT_CORE, 0)
         && chroot (self->directory) == 0 && chdir (working_dir (self->sandbox)) == 0
         && setgroups (0, NULL) == 0
         && setresgid (TERRANE_SANDBOX_GID, TERRANE_SANDBOX_GID, TERRANE_SANDBOX_GID) == 0
         && setresuid (TERRANE_SANDBOX_UID, TERRANE_SANDBOX_UID, TERRANE_SANDBOX_UID) == 0
         && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static const char *
prepare (gpointer data)
{
  return enter_root (data) ? NULL : "changing to the image's root directory and Lambda's user";
}

static gboolean
check_mounts (const TerraneSandbox *sandbox, GError **error)
{
  if (sandbox->kind == TERRANE_SANDBOX_NONE && sandbox->mounts != NULL && sandbox->mounts->len > 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "nothing is mounted there; --mount needs bubblewrap or podman");
  return terrane_podman_check_mounts (sandbox->mounts, error);
}

TerraneElsewhere *
terrane_elsewhere_new (const TerraneSandbox *sandbox, const char *const *argv,
                       const TerraneSandboxFile *files, uint64_t memory_bytes, gboolean interactive,
                       gboolean terminal, GError **error)
{
  g_autoptr (TerraneElsewhere) self = g_new0 (TerraneElsewhere, 1);
  self->sandbox = sandbox;
  self->program = argv;
  self->env_fd.fd = -1;
  terrane_argv_init (&self->argv);
  OCI_PREFIX (error, "--sandbox %s", terrane_sandbox_kind_name (sandbox->kind));
  const TerranePodmanOptions options = { .tmp_bytes = tmp_bytes (sandbox),
                                         .memory_bytes = memory_bytes,
                                         .writable = sandbox->writable,
                                         .interactive = interactive,
                                         .terminal = terminal,
                                         .mounts = sandbox->mounts,
                                         .network = sandbox->network };
  if (!check_mounts (sandbox, error))
    return NULL;
  gboolean ok = sandbox->kind == TERRANE_SANDBOX_PODMAN
                    ? prepare_podman (self, files, &options, error)
                    : prepare_none (self, files, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

void
terrane_elsewhere_kill (TerraneElsewhere *self)
{
  g_auto (OciProcessResult) result = { 0 };
  const char *const argv[] = { "podman", "rm", "--force", "--time=0", self->container, NULL };
  /* One that has ended is gone already, by --rm. */
  if (self->container != NULL && self->kept)
    (void) oci_process_run (argv, NULL, 0, KILL_MS, &result, NULL);
  self->kept = FALSE;
}

void
terrane_elsewhere_free (TerraneElsewhere *self)
{
  if (self == NULL)
    return;
  if (self->directory != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->directory, NULL); /* gc finds what is left */
  terrane_argv_clear (&self->argv);
  oci_fd_close (self->env_fd.fd);
  g_strfreev (self->env);
  g_free (self->container);
  g_free (self->directory);
  g_free (self);
}

void
terrane_elsewhere_to_process (TerraneElsewhere *self, OciProcess *out_process)
{
  out_process->argv = (const char *const *) self->argv.words->pdata;
  out_process->env = (const char *const *) self->env;
  if (self->env_fd.fd >= 0)
    {
      out_process->fds = &self->env_fd;
      out_process->n_fds = 1;
    }
  if (self->sandbox->kind == TERRANE_SANDBOX_NONE)
    {
      out_process->as_it_is = TRUE;
      out_process->prepare = prepare;
      out_process->prepare_data = self;
    }
}
