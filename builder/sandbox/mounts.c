#include "builder/sandbox/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TMPFS_OPTIONS "mode=0755,size=1g"

/* By descriptors and relative paths: in a path, commas, colons and backslashes have a meaning. */
#define OVERLAY_OPTIONS "lowerdir=/proc/self/fd/255,upperdir=upper,workdir=work,userxattr"

enum
{
  LOWER_FD = 255,                                /* above those that wait for their final number */
  KEPT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC, /* statfs() has the same numbers */
};

static const char *const devices[] = { "/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                       "/dev/urandom", "/dev/tty",  NULL };

const char *const *
terrane_mounts_devices (void)
{
  return devices;
}

void
terrane_mounts_init (TerraneMounts *self, const char *root)
{
  self->root = g_strdup (root);
  self->uid_map = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  self->gid_map = g_strdup_printf ("%u %u 1", getegid (), getegid ());
}

void
terrane_mounts_clear (TerraneMounts *self)
{
  g_clear_pointer (&self->root, g_free);
  g_clear_pointer (&self->uid_map, g_free);
  g_clear_pointer (&self->gid_map, g_free);
}

gboolean
terrane_mounts_are_needed (const TerraneMounts *self)
{
  return self->root != NULL || geteuid () == 0;
}

static gboolean
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  size_t len = strlen (text);
  gboolean ok = fd >= 0 && write (fd, text, len) == (ssize_t) len;
  if (fd >= 0)
    (void) close (fd);
  return ok;
}

/* A device can be written to through a read-only mount, but neither its mode nor its owner can be
 * changed. */
static gboolean
protect_device (const char *path)
{
  struct stat info;
  struct statfs system;
  if (stat (path, &info) < 0 || info.st_uid != geteuid ())
    return TRUE; /* bubblewrap says so when it is missing */
  return mount (path, path, NULL, MS_BIND, NULL) == 0 && statfs (path, &system) == 0
         && mount (NULL, path, NULL,
                   MS_REMOUNT | MS_BIND | MS_RDONLY
                       | ((unsigned long) system.f_flags & (unsigned long) KEPT_FLAGS),
                   NULL)
                == 0;
}

static gboolean
protect_devices (void)
{
  for (const char *const *device = devices; *device != NULL; device++)
    if (!protect_device (*device))
      return FALSE;
  return TRUE;
}

/* The directory that the tmpfs is going to hide; opened in the namespace that uses it. */
static gboolean
open_lower (const char *root)
{
  int fd = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 && dup3 (fd, LOWER_FD, O_CLOEXEC) == LOWER_FD;
}

static const char *
mount_root (const char *root)
{
  if (!open_lower (root))
    return "opening the image's files";
  if (mount ("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) != 0 || chdir (root) != 0
      || mkdir ("upper", 0755) != 0 || mkdir ("work", 0700) != 0
      || mkdir (&TERRANE_MOUNTS_ROOT[1], 0755) != 0)
    return "a file system in memory for what --writable changes";
  if (mount ("overlay", &TERRANE_MOUNTS_ROOT[1], "overlay", MS_NOSUID | MS_NODEV, OVERLAY_OPTIONS)
      != 0)
    return "an overlay for --writable (Linux 5.11)";
  return NULL;
}

const char *
terrane_mounts_prepare (gpointer data)
{
  const TerraneMounts *self = data;
  /* Else the files in /proc/self are root's: terrane_remote_protect(). */
  if (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0
      || !write_text ("/proc/self/setgroups", "deny")
      || !write_text ("/proc/self/uid_map", self->uid_map)
      || !write_text ("/proc/self/gid_map", self->gid_map))
    return "a namespace";
  if (!protect_devices ())
    return "a read-only mount of a device";
  return self->root != NULL ? mount_root (self->root) : NULL;
}
