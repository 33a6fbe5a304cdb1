#include "builder/sandbox/confine.h"

#include "builder/sandbox/landlock.h"
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
};

/* For a file of this size: it is in memory several times, and the result is hardly larger. */
#define MEMORY_BYTES(size) (UINT64_C (1024) * 1024 * 1024 + 8 * (size))
#define FILE_BYTES(size) (UINT64_C (16) * 1024 * 1024 + 2 * (size))

#define WRITE                                                                                      \
  (TERRANE_LANDLOCK_READ_FILE | TERRANE_LANDLOCK_READ_DIR | TERRANE_LANDLOCK_WRITE_FILE            \
   | TERRANE_LANDLOCK_REMOVE_FILE | TERRANE_LANDLOCK_MAKE_REG | TERRANE_LANDLOCK_TRUNCATE)

struct _TerraneConfinement
{
  TerraneLandlock rules;
  GBytes *filter;
  struct sock_fprog calls;
  uint64_t size;
};

static gboolean
allow_programs (TerraneConfinement *self, const char *program, GError **error)
{
  static const char *const directories[] = { "/usr",   "/bin",    "/lib",       "/lib32",
                                             "/lib64", "/libx32", "/nix/store", "/gnu/store" };
  static const char *const files[] = { "/etc/ld.so.cache", "/etc/ld.so.preload" };
  g_autofree char *found = g_find_program_in_path (program);
  g_autofree char *real = found != NULL ? realpath (found, NULL) : NULL;
  g_autofree char *home = real != NULL ? g_path_get_dirname (real) : NULL;
  if (home != NULL && !terrane_landlock_allow (&self->rules, home, TERRANE_LANDLOCK_READ, error))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (directories); i++)
    if (!terrane_landlock_allow (&self->rules, directories[i], TERRANE_LANDLOCK_READ, error))
      return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    if (!terrane_landlock_allow (&self->rules, files[i], TERRANE_LANDLOCK_READ_FILE, error))
      return FALSE;
  return TRUE;
}

/* Made once: it is the same for all programs.
 *
 * Returns: (transfer full) (nullable) */
static GBytes *
get_filter (GError **error)
{
  static GMutex mutex;
  static GBytes *filter;
  g_mutex_lock (&mutex);
  gboolean ok = filter != NULL || terrane_seccomp_make_confined (&filter, error);
  GBytes *result = ok ? g_bytes_ref (filter) : NULL;
  g_mutex_unlock (&mutex);
  return result;
}

TerraneConfinement *
terrane_confinement_new (const char *program, int input, const char *directory, uint64_t size,
                         GError **error)
{
  g_autoptr (TerraneConfinement) self = g_new0 (TerraneConfinement, 1);
  self->size = size;
  self->rules.ruleset = -1;
  self->filter = get_filter (error);
  if (self->filter == NULL || !terrane_landlock_init (&self->rules, TRUE, error)
      || !allow_programs (self, program, error)
      || !terrane_landlock_allow_fd (&self->rules, input, TERRANE_LANDLOCK_READ_FILE, error)
      || !terrane_landlock_allow (&self->rules, directory, WRITE, error))
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
  terrane_landlock_clear (&self->rules);
  g_clear_pointer (&self->filter, g_bytes_unref);
  g_free (self);
}

/* Never above the limit of this process. */
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
  if (self->rules.ruleset >= 0 && syscall (SYS_landlock_restrict_self, self->rules.ruleset, 0) < 0)
    return "confining a program by Landlock";
  if (syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &self->calls) < 0)
    return "setting the filter of system calls";
  return NULL;
}
