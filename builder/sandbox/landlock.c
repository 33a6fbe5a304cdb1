#include "builder/sandbox/landlock.h"

#include "oci/base/error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  RULE_PATH_BENEATH = 1,
};

#define ALL_OF_VERSION_1 ((UINT64_C (1) << 13) - 1)
#define OF_FILES                                                                                   \
  (TERRANE_LANDLOCK_EXECUTE | TERRANE_LANDLOCK_WRITE_FILE | TERRANE_LANDLOCK_READ_FILE             \
   | TERRANE_LANDLOCK_TRUNCATE | UINT64_C (1) << 15)

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

static long
landlock_version (void)
{
  const unsigned version_flag = 1;
  return syscall (SYS_landlock_create_ruleset, NULL, 0, version_flag);
}

gboolean
terrane_landlock_init (TerraneLandlock *self, gboolean network, GError **error)
{
  long version = landlock_version ();
  Handled handled = { .files = ALL_OF_VERSION_1 };
  *self = (TerraneLandlock){ .ruleset = -1 };
  if (version < 1)
    return TRUE;
  handled.files |=
      version >= 2 ? UINT64_C (1) << 13 : 0; /* links and renames between directories */
  handled.files |= version >= 3 ? TERRANE_LANDLOCK_TRUNCATE : 0;
  handled.files |= version >= 5 ? UINT64_C (1) << 15 : 0; /* ioctl() of devices */
  handled.network = network && version >= 4 ? 3 : 0;      /* bind and connect of TCP */
  handled.scoped = version >= 6 ? 3 : 0;                  /* abstract sockets, signals */
  size_t size = version >= 6   ? sizeof handled
                : version >= 4 ? G_STRUCT_OFFSET (Handled, scoped)
                               : G_STRUCT_OFFSET (Handled, network);
  self->handled = handled.files;
  self->scoped = handled.scoped != 0;
  self->ruleset = (int) syscall (SYS_landlock_create_ruleset, &handled, size, 0);
  return self->ruleset >= 0 || oci_throw_errno (error, "creating a ruleset of Landlock");
}

void
terrane_landlock_clear (TerraneLandlock *self)
{
  oci_fd_close (oci_fd_steal (&self->ruleset));
}

/* For anything but a directory, the kernel refuses rights of directories. */
static uint64_t
rights_of (int fd)
{
  struct stat info;
  return fstat (fd, &info) == 0 && !S_ISDIR (info.st_mode) ? OF_FILES : TERRANE_LANDLOCK_ALL;
}

gboolean
terrane_landlock_allow_fd (const TerraneLandlock *self, int fd, uint64_t rights, GError **error)
{
  const PathBeneath rule = { .allowed = rights & self->handled & rights_of (fd), .parent = fd };
  return self->ruleset < 0
         || syscall (SYS_landlock_add_rule, self->ruleset, RULE_PATH_BENEATH, &rule, 0) == 0
         || oci_throw_errno (error, "adding a rule of Landlock");
}

gboolean
terrane_landlock_allow (const TerraneLandlock *self, const char *path, uint64_t rights,
                        GError **error)
{
  g_auto (OciFd) fd = open (path, O_PATH | O_CLOEXEC);
  return fd < 0 || terrane_landlock_allow_fd (self, fd, rights, error);
}
