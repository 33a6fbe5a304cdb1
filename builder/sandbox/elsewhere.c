#include "builder/sandbox/elsewhere.h"

#include "builder/sandbox/argv.h"
#include "builder/sandbox/extra-files.h"
#include "builder/sandbox/podman.h"

#include "oci/base/error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

enum
{
  KILL_MS = 20 * 1000,
  ENV_FD = 3,
};

struct _TerraneElsewhere
{
  const TerraneSandbox *sandbox;
  const char *const *program; /* with its arguments */
  TerraneArgv argv;           /* the command that is started */
  char **env;
  OciProcessFd env_fd; /* podman's: the variables of the program */
  char *container;     /* (nullable): its name */
  char *directory;     /* (nullable): removed at the end */
  gboolean kept;       /* the container may still be there */
};

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
  if (self->directory == NULL || !terrane_extra_files_write (self->directory, files, error))
    return FALSE;
  if (g_chmod (self->directory, 0755) < 0)
    return oci_throw_errno (error, "%s", self->directory);
  terrane_argv_add_format (&self->argv, "--volume=%s:" TERRANE_SANDBOX_FILES ":ro",
                           self->directory);
  return TRUE;
}

/* The root is a layer below one that podman discards: podman puts files of its own there. */
static gboolean
prepare_podman (TerraneElsewhere *self, const TerraneSandboxFile *files,
                const TerranePodmanOptions *options, GError **error)
{
  TerraneArgv *argv = &self->argv;
  g_auto (GStrv) env = make_env (self->sandbox);
  self->env = g_get_environ (); /* for podman itself: its storage and configuration depend on it */
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
  OCI_PREFIX (error, "--sandbox podman");
  const TerranePodmanOptions options = { .tmp_bytes = tmp_bytes (sandbox),
                                         .memory_bytes = memory_bytes,
                                         .writable = sandbox->writable,
                                         .interactive = interactive,
                                         .terminal = terminal,
                                         .mounts = sandbox->mounts,
                                         .network = sandbox->network };
  return terrane_podman_check_mounts (sandbox->mounts, error)
                 && prepare_podman (self, files, &options, error)
             ? g_steal_pointer (&self)
             : NULL;
}

void
terrane_elsewhere_kill (TerraneElsewhere *self)
{
  g_auto (OciProcessResult) result = { 0 };
  const char *const argv[] = { "podman", "rm", "--force", "--time=0", self->container, NULL };
  /* A container that has ended is already removed, by --rm. */
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
    (void) oci_remove_tree (AT_FDCWD, self->directory, NULL); /* gc removes the rest */
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
}
