#include "builder/sandbox/overlay.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TMPFS_OPTIONS "mode=0755,size=1g"

enum
{
  LOWER_FD = 255, /* above those that wait for their final number */
};

void
terrane_overlay_init (TerraneOverlay *self, const char *root)
{
  self->root = g_strdup (root);
  self->upper = g_strconcat (root, "/upper", NULL);
  self->work = g_strconcat (root, "/work", NULL);
  self->merged = g_strconcat (root, TERRANE_OVERLAY_ROOT, NULL);
  self->options = g_strdup_printf ("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s,userxattr",
                                   LOWER_FD, self->upper, self->work);
  self->uid_map = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  self->gid_map = g_strdup_printf ("%u %u 1", getegid (), getegid ());
}

void
terrane_overlay_clear (TerraneOverlay *self)
{
  g_clear_pointer (&self->root, g_free);
  g_clear_pointer (&self->upper, g_free);
  g_clear_pointer (&self->work, g_free);
  g_clear_pointer (&self->merged, g_free);
  g_clear_pointer (&self->options, g_free);
  g_clear_pointer (&self->uid_map, g_free);
  g_clear_pointer (&self->gid_map, g_free);
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

/* The directory that the tmpfs is going to hide; opened in the namespace that uses it. */
static gboolean
open_lower (const char *root)
{
  int fd = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 && dup3 (fd, LOWER_FD, O_CLOEXEC) == LOWER_FD;
}

gboolean
terrane_overlay_prepare (gpointer data)
{
  const TerraneOverlay *self = data;
  /* Else the files in /proc/self are root's: terrane_remote_protect(). */
  return prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0
         && write_text ("/proc/self/setgroups", "deny")
         && write_text ("/proc/self/uid_map", self->uid_map)
         && write_text ("/proc/self/gid_map", self->gid_map) && open_lower (self->root)
         && mount ("tmpfs", self->root, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) == 0
         && mkdir (self->upper, 0755) == 0 && mkdir (self->work, 0700) == 0
         && mkdir (self->merged, 0755) == 0
         && mount ("overlay", self->merged, "overlay", MS_NOSUID | MS_NODEV, self->options) == 0;
}
