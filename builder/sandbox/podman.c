#include "builder/sandbox/podman.h"

#include "builder/sandbox/init/report.h"
#include "builder/sandbox/passwd.h"
#include "builder/sandbox/spec.h"

#include "oci/base/error.h"

#include <string.h>
#include <sys/mman.h>

enum
{
  MAX_LINE_BYTES = 60 * 1024, /* podman reads lines of less than 64 KiB */
};

gboolean
terrane_podman_check_mounts (const GPtrArray *mounts, GError **error)
{
  for (guint i = 0; mounts != NULL && i < mounts->len; i++)
    if (((const TerraneHostMount *) mounts->pdata[i])->writable)
      return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                        "--mount with rw needs bubblewrap: what a program writes in podman belongs "
                        "to another user");
  return TRUE;
}

/* A field of the line of comma-separated values that podman reads. */
static void
add_field (GString *line, const char *name, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);
  g_string_append_printf (line, ",\"%s=%s\"", name, doubled);
}

static void
add_mounts (TerraneArgv *argv, const GPtrArray *mounts)
{
  for (guint i = 0; mounts != NULL && i < mounts->len; i++)
    {
      const TerraneHostMount *mount = mounts->pdata[i];
      g_autoptr (GString) line = g_string_new ("--mount=type=bind,ro=true");
      add_field (line, "source", mount->host);
      add_field (line, "destination", mount->path);
      terrane_argv_add (argv, line->str);
    }
}

void
terrane_podman_add_run (TerraneArgv *argv, const TerranePodmanOptions *options)
{
  static const char *const words[] = { "podman",
                                       "run",
                                       "--rm",
                                       "--http-proxy=false", /* has passwords of the host */
                                       "--hostname=lambda",
                                       "--ipc=none", /* no /dev/shm */
                                       "--cap-drop=all",
                                       "--security-opt=no-new-privileges",
                                       "--image-volume=ignore",
                                       "--init=false",
                                       "--passwd-entry=" TERRANE_SANDBOX_PASSWD,
                                       NULL };
  static const char *const no_network[] = { "--network=none", "--no-hosts", NULL };
  static const char *const host_network[] = { "--network=host", NULL };
  terrane_argv_add_all (argv, words);
  terrane_argv_add_all (argv, options->network == TERRANE_NETWORK_HOST ? host_network : no_network);
  add_mounts (argv, options->mounts);
  terrane_argv_add_format (argv, "--user=%d:%d", TERRANE_SANDBOX_UID, TERRANE_SANDBOX_GID);
  terrane_argv_add_format (argv, "--tmpfs=/tmp:rw,mode=1777,size=%" G_GUINT64_FORMAT,
                           options->tmp_bytes);
  terrane_argv_add_format (argv, "--pids-limit=%d", TERRANE_INIT_MAX_PROCESSES);
  terrane_argv_add_format (argv, "--ulimit=nproc=%d:%d", TERRANE_INIT_MAX_PROCESSES,
                           TERRANE_INIT_MAX_PROCESSES);
  terrane_argv_add_format (argv, "--ulimit=nofile=%d:%d", TERRANE_INIT_MAX_FILES,
                           TERRANE_INIT_MAX_FILES);
  terrane_argv_add (argv, "--ulimit=core=0:0");
  if (options->memory_bytes != 0)
    {
      terrane_argv_add_format (argv, "--memory=%" G_GUINT64_FORMAT, options->memory_bytes);
      terrane_argv_add_format (argv, "--memory-swap=%" G_GUINT64_FORMAT, options->memory_bytes);
    }
  if (!options->writable)
    {
      terrane_argv_add (argv, "--read-only");
      terrane_argv_add (argv, "--read-only-tmpfs=false"); /* e.g. at /run and /dev/shm */
    }
  if (options->interactive)
    terrane_argv_add (argv, "--interactive");
  if (options->terminal)
    terrane_argv_add (argv, "--tty");
}

static gboolean
is_line (const char *entry)
{
  return strlen (entry) < MAX_LINE_BYTES && strpbrk (entry, "\r\n") == NULL && entry[0] != '#'
         && !g_ascii_isspace (entry[0]);
}

gboolean
terrane_podman_add_env (TerraneArgv *argv, const char *const *env, int child_fd, OciFd *out_fd,
                        GError **error)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  for (; env != NULL && *env != NULL; env++)
    {
      const char *equals = strchr (*env, '=');
      if (equals == NULL || equals == *env) /* a name alone would mean the host's variable */
        continue;
      if (is_line (*env))
        g_string_append_printf (lines, "%s\n", *env);
      else
        terrane_argv_add_format (argv, "--env=%s", *env);
    }
  g_auto (OciFd) fd = memfd_create ("environment", MFD_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!oci_write_all (fd, lines->str, lines->len, error))
    return FALSE;
  terrane_argv_add_format (argv, "--env-file=/proc/self/fd/%d", child_fd);
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}
