#include "builder/sandbox/confine.h"

#include "builder/sandbox/seccomp.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  MAX_CPU_SECONDS = 300,
  RULE_PATH_BENEATH = 1,
};

/* Of a file of this size: it is in memory several times, and what is made of it is hardly larger.
 */
#define MEMORY_BYTES(size) (UINT64_C (1024) * 1024 * 1024 + 8 * (size))
#define FILE_BYTES(size) (UINT64_C (16) * 1024 * 1024 + 2 * (size))

/* Rights of landlock(7); headers of the system may be older than its kernel. */
#define EXECUTE (UINT64_C (1) << 0)
#define WRITE_FILE (UINT64_C (1) << 1)
#define READ_FILE (UINT64_C (1) << 2)
#define READ_DIR (UINT64_C (1) << 3)
#define REMOVE_FILE (UINT64_C (1) << 5)
#define MAKE_REG (UINT64_C (1) << 8)
#define TRUNCATE (UINT64_C (1) << 14)
#define ALL_OF_VERSION_1 ((UINT64_C (1) << 13) - 1)
#define READ (READ_FILE | READ_DIR | EXECUTE)
#define WRITE (READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE)

typedef struct
{
  uint64_t files;
  uint64_t network;
  uint64_t scoped;
} Handled;

typedef struct
{
  uint64_t allowed;
  int32_t parent;
} __attribute__ ((packed)) PathBeneath;

struct _TerraneConfinement
{
  OciFd ruleset; /* -1 where the kernel has no Landlock */
  uint64_t handled;
  GBytes *filter;
  struct sock_fprog calls;
  uint64_t size;
};

static long
landlock_version (void)
{
  const unsigned version_flag = 1;
  return syscall (SYS_landlock_create_ruleset, NULL, 0, version_flag);
}

static gboolean
make_ruleset (TerraneConfinement *self, GError **error)
{
  long version = landlock_version ();
  Handled handled = { .files = ALL_OF_VERSION_1 };
  if (version < 1)
    return TRUE;
  handled.files |=
      version >= 2 ? UINT64_C (1) << 13 : 0; /* links and renames between directories */
  handled.files |= version >= 3 ? TRUNCATE : 0;
  handled.files |= version >= 5 ? UINT64_C (1) << 15 : 0; /* ioctl() of devices */
  handled.network = version >= 4 ? 3 : 0;                 /* bind and connect of TCP */
  handled.scoped = version >= 6 ? 3 : 0;                  /* abstract sockets, signals */
  size_t size = version >= 6   ? sizeof handled
                : version >= 4 ? G_STRUCT_OFFSET (Handled, scoped)
                               : G_STRUCT_OFFSET (Handled, network);
  self->handled = handled.files;
  self->ruleset = (int) syscall (SYS_landlock_create_ruleset, &handled, size, 0);
  return self->ruleset >= 0 || oci_throw_errno (error, "creating a ruleset of Landlock");
}

static gboolean
allow_fd (TerraneConfinement *self, int fd, uint64_t rights, GError **error)
{
  const PathBeneath rule = { .allowed = rights & self->handled, .parent = fd };
  return self->ruleset < 0
         || syscall (SYS_landlock_add_rule, self->ruleset, RULE_PATH_BENEATH, &rule, 0) == 0
         || oci_throw_errno (error, "adding a rule of Landlock");
}

/* A place that is not there needs no permission. */
static gboolean
allow (TerraneConfinement *self, const char *path, uint64_t rights, GError **error)
{
  g_auto (OciFd) fd = open (path, O_PATH | O_CLOEXEC);
  return fd < 0 || allow_fd (self, fd, rights, error);
}

static gboolean
allow_programs (TerraneConfinement *self, const char *program, GError **error)
{
  static const char *const directories[] = { "/usr",   "/bin",    "/lib",       "/lib32",
                                             "/lib64", "/libx32", "/nix/store", "/gnu/store" };
  static const char *const files[] = { "/etc/ld.so.cache", "/etc/ld.so.preload" };
  g_autofree char *found = g_find_program_in_path (program);
  g_autofree char *real = found != NULL ? realpath (found, NULL) : NULL;
  g_autofree char *home = real != NULL ? g_path_get_dirname (real) : NULL;
  if (home != NULL && !allow (self, home, READ, error))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (directories); i++)
    if (!allow (self, directories[i], READ, error))
      return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    if (!allow (self, files[i], READ_FILE, error))
      return FALSE;
  return TRUE;
}

TerraneConfinement *
terrane_confinement_new (const char *program, int input, const char *directory, uint64_t size,
                         GError **error)
{
  g_autoptr (TerraneConfinement) self = g_new0 (TerraneConfinement, 1);
  self->ruleset = -1;
  self->size = size;
  if (!terrane_seccomp_make_confined (&self->filter, error) || !make_ruleset (self, error)
      || !allow_programs (self, program, error) || !allow_fd (self, input, READ_FILE, error)
      || !allow (self, directory, WRITE, error))
    return NULL;
  size_t bytes = 0;
  self->calls.filter = (struct sock_filter *) g_bytes_get_data (self->filter, &bytes);
  self->calls.len = (unsigned short) (bytes / sizeof (struct sock_filter));
  return g_steal_pointer (&self);
}

void
terrane_confinement_free (TerraneConfinement *self)
{
  if (self == NULL)
    return;
  oci_fd_close (self->ruleset);
  g_clear_pointer (&self->filter, g_bytes_unref);
  g_free (self);
}

/* Never above what this process has itself. */
static gboolean
set_limit (int what, uint64_t value)
{
  struct rlimit limit;
  if (getrlimit ((unsigned) what, &limit) < 0)
    return FALSE;
  limit.rlim_max = MIN (limit.rlim_max, (rlim_t) value);
  limit.rlim_cur = MIN (limit.rlim_cur, limit.rlim_max);
  return setrlimit ((unsigned) what, &limit) == 0;
}

const char *
terrane_confinement_prepare (gpointer data)
{
  TerraneConfinement *self = data;
  if (!set_limit (RLIMIT_AS, MEMORY_BYTES (self->size))
      || !set_limit (RLIMIT_FSIZE, FILE_BYTES (self->size))
      || !set_limit (RLIMIT_CPU, MAX_CPU_SECONDS) || !set_limit (RLIMIT_CORE, 0))
    return "setting the limits of a confined program";
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return "giving up new privileges";
  if (self->ruleset >= 0 && syscall (SYS_landlock_restrict_self, self->ruleset, 0) < 0)
    return "confining a program by Landlock";
  if (syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &self->calls) < 0)
    return "setting the filter of system calls";
  return NULL;
}
