#include "builder/sandbox/mounts.h"

#include "builder/sandbox/passwd.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Empty files use memory as well. */
#define TMPFS_OPTIONS "mode=0755,size=1g,nr_inodes=65536"
#define SKELETON "skeleton"

/* Descriptors and relative paths are used because commas, colons and backslashes in a path have a
 * meaning. */
#define LOWER "/proc/self/fd/255"
#define OVERLAY_OPTIONS "lowerdir=" LOWER ",upperdir=upper,workdir=work,userxattr"
#define READ_ONLY_OPTIONS "lowerdir=" LOWER ":empty,userxattr"

enum
{
  LOWER_FD = 255, /* above the descriptors that wait for their final number */
  KEPT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC, /* statfs() uses the same numbers */
};

enum
{
  MAX_PATH = 512, /* the longest is that of a file for the program: a path component */
  MIN_INODES = 1024,
};

static const char *const links[] = { "/dev/fd",         "/proc/self/fd",   "/dev/stdin",
                                     "/proc/self/fd/0", "/dev/stdout",     "/proc/self/fd/1",
                                     "/dev/stderr",     "/proc/self/fd/2", NULL };

static const char *const devices[] = { "/dev/null",    "/dev/zero", "/dev/full", "/dev/random",
                                       "/dev/urandom", "/dev/tty",  NULL };

const char *const *
terrane_mounts_devices (void)
{
  return devices;
}

const char *const *
terrane_mounts_links (void)
{
  return links;
}

void
terrane_mounts_clear (TerraneMounts *self)
{
  g_clear_pointer (&self->binfmt, terrane_binfmt_free);
  g_clear_pointer (&self->points, g_ptr_array_unref);
  g_clear_pointer (&self->own, g_ptr_array_unref);
  g_clear_pointer (&self->passwd_path, g_free);
  g_clear_pointer (&self->passwd, g_bytes_unref);
  g_clear_pointer (&self->tmp_options, g_free);
  g_clear_pointer (&self->uid_map, g_free);
  g_clear_pointer (&self->gid_map, g_free);
}

gboolean
terrane_mounts_are_needed (const TerraneMounts *self)
{
  return self->overlays || self->protect || self->binfmt != NULL;
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
    return TRUE; /* bubblewrap reports it if it is missing */
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

static gboolean
write_bytes (int fd, const void *bytes, size_t len)
{
  for (const char *p = bytes; len > 0;)
    {
      ssize_t n = write (fd, p, len);
      if (n <= 0)
        return FALSE;
      p += n;
      len -= (size_t) n;
    }
  return TRUE;
}

static gboolean
make_file (const char *path, const void *bytes, size_t len, mode_t mode)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean ok = fd >= 0 && write_bytes (fd, bytes, len) && fchmod (fd, mode) == 0;
  if (fd >= 0)
    (void) close (fd);
  return ok;
}

static gboolean
make_bytes (const char *path, GBytes *content, mode_t mode)
{
  gsize len = 0;
  const void *bytes = g_bytes_get_data (content, &len);
  return make_file (path, bytes, len, mode);
}

/* Below the working directory, independent of the umask. */
static gboolean
make_dir (const char *path, mode_t mode)
{
  return mkdir (path, 0700) == 0 && chmod (path, mode) == 0;
}

/* Opens the directory that the tmpfs is going to hide, in the namespace that uses it. */
static gboolean
open_lower (const char *root)
{
  int fd = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 && dup3 (fd, LOWER_FD, O_CLOEXEC) == LOWER_FD;
}

static gboolean
mount_overlay (const char *path, const char *options)
{
  return mount ("overlay", path, "overlay", MS_NOSUID | MS_NODEV, options) == 0;
}

/* "/dev/null" as "skeleton/dev/null" */
static const char *
skeleton_path (const char *path, char buffer[MAX_PATH])
{
  (void) g_strlcpy (buffer, SKELETON, MAX_PATH);
  (void) g_strlcat (buffer, path, MAX_PATH);
  return buffer;
}

/* Mounted again as an overlay, since glibc before 2.34 takes any tmpfs for /dev/shm: it looks for
 * the type in /proc/mounts. */
static gboolean
make_view (const TerraneMounts *self)
{
  char path[MAX_PATH];
  if (!make_dir (SKELETON, 0755) || !make_dir (SKELETON "/dev", 0755)
      || !make_dir (SKELETON "/files", 0755) || !make_dir (SKELETON "/nothing", 0555)
      || !make_bytes (SKELETON "/passwd", self->passwd, 0644)
      || (self->shm && !make_dir (SKELETON "/dev/shm", 0755)))
    return FALSE;
  for (const char *const *device = devices; *device != NULL; device++)
    if (!make_file (skeleton_path (*device, path), NULL, 0, 0644))
      return FALSE;
  for (const char *const *link = links; *link != NULL; link += 2)
    if (symlink (link[1], skeleton_path (link[0], path)) != 0)
      return FALSE;
  for (const TerraneSandboxFile *file = self->files; file != NULL && file->name != NULL; file++)
    {
      (void) g_strlcpy (path, SKELETON "/files/", sizeof path);
      if (g_strlcat (path, file->name, sizeof path) >= sizeof path
          || !make_bytes (path, file->content, file->mode))
        return FALSE;
    }
  return make_dir ("view", 0755) && mount_overlay ("view", "lowerdir=" SKELETON ":empty,userxattr");
}

/* An overlay reports the size of the files written to it, and a type of its own. */
static gboolean
make_tmp (const TerraneMounts *self)
{
  return make_dir ("scratch", 0755)
         && mount ("tmpfs", "scratch", "tmpfs", MS_NOSUID | MS_NODEV, self->tmp_options) == 0
         && make_dir ("scratch/upper", 01777) && make_dir ("scratch/work", 0700)
         && (!self->shm || make_dir (&TERRANE_MOUNTS_SHM[1], 01777))
         && make_dir (&TERRANE_MOUNTS_TMP[1], 0755)
         && mount_overlay (&TERRANE_MOUNTS_TMP[1],
                           "lowerdir=empty,upperdir=scratch/upper,workdir=scratch/work,userxattr");
}

static void
write_passwd (const TerraneMounts *self)
{
  int root = open (&TERRANE_MOUNTS_ROOT[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  terrane_passwd_write (root, self->passwd);
  if (root >= 0)
    (void) close (root);
}

/* Makes them in the overlay: the image's own file system has no place for them, and stays
 * unchanged. */
static const char *
make_points (const TerraneMounts *self)
{
  int root = open (&TERRANE_MOUNTS_ROOT[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
  gboolean ok = root >= 0;
  for (guint i = 0; ok && i < self->points->len; i++)
    {
      const TerraneMountPoint *point = self->points->pdata[i];
      ok = !terrane_mount_point_is_missing (point) || terrane_mount_point_make (point, root);
    }
  if (root >= 0)
    (void) close (root);
  return ok ? NULL : "a place for a mount";
}

static const char *
make_root (const TerraneMounts *self)
{
  if (!make_dir (&TERRANE_MOUNTS_ROOT[1], 0755))
    return "a directory for the image's files";
  if (self->over_root && make_dir ("upper", 0755) && make_dir ("work", 0700)
      && mount_overlay (&TERRANE_MOUNTS_ROOT[1], OVERLAY_OPTIONS))
    {
      write_passwd (self); /* through the overlay, so that the program may change it */
      return make_points (self);
    }
  if (self->writable)
    return "an overlay for --writable (Linux 5.11)";
  /* The files of an overlay have locks of their own: locks of the store's files would be seen by
   * all other processes that run this image. Some file systems cannot be below an overlay. */
  if (!self->over_root && mount_overlay (&TERRANE_MOUNTS_ROOT[1], READ_ONLY_OPTIONS))
    return NULL;
  /* Without its submounts, of which this file system in memory is one. */
  if (mount (LOWER, &TERRANE_MOUNTS_ROOT[1], NULL, MS_BIND, NULL) != 0)
    return "a mount of the image's files";
  return NULL;
}

/* Whether the root is this machine's, where its Python compiles. Nothing can be mounted over the
 * root of this process: it would still see, and write to, the directory below. */
static gboolean
is_own_root (const TerraneMounts *self)
{
  return strcmp (self->root, "/") == 0;
}

static const char *
mount_all (const TerraneMounts *self)
{
  if (!open_lower (self->root))
    return "opening the image's files";
  if (is_own_root (self)
      || mount ("tmpfs", self->root, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) != 0
      || chdir (self->root) != 0 || !make_dir ("empty", 0755))
    return "a file system in memory";
  if (!make_view (self))
    return "an overlay for /dev (Linux 5.11)";
  if (!make_tmp (self))
    return "an overlay for /tmp (Linux 5.11)";
  return make_root (self);
}

static gboolean
enter_namespaces (const TerraneMounts *self)
{
  /* Otherwise the files in /proc/self belong to root: terrane_remote_protect(). */
  return prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && unshare (CLONE_NEWUSER | CLONE_NEWNS) == 0
         && write_text ("/proc/self/setgroups", "deny")
         && write_text ("/proc/self/uid_map", self->uid_map)
         && write_text ("/proc/self/gid_map", self->gid_map);
}

const char *
terrane_mounts_prepare (gpointer data)
{
  const TerraneMounts *self = data;
  if (!enter_namespaces (self))
    return "a namespace";
  if (self->binfmt != NULL && !terrane_binfmt_prepare (self->binfmt))
    return "a list of emulators for the kernel (binfmt_misc)";
  if (self->protect && !protect_devices ())
    return "a read-only mount of a device";
  return self->overlays ? mount_all (self) : NULL;
}

/* Some kernels, and AppArmor on some, allow a namespace no mounts or no overlays; only trying
 * tells. */
static gboolean
try_out (TerraneMounts *self, gboolean (*function) (TerraneMounts *self))
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0)
    _exit (function (self) ? 0 : 1);
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return child > 0 && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static gboolean
can_prepare (TerraneMounts *self)
{
  return terrane_mounts_prepare (self) == NULL;
}

static gboolean
can_have_list (TerraneMounts *self)
{
  const TerraneBinfmt empty = { .program = -1 };
  return enter_namespaces (self) && terrane_binfmt_prepare (&empty);
}

enum
{
  YES = 1,
  NO = 2,
};

static gint overlays; /* atomic: YES, NO, or 0 while unknown */

void
terrane_mounts_learn (gboolean overlays_allowed)
{
  g_atomic_int_set (&overlays, overlays_allowed ? YES : NO);
}

/* @out_assumed: (nullable) */
static gboolean
may_have_overlays (TerraneMounts *self, gboolean *out_assumed)
{
  gboolean known = g_atomic_int_get (&overlays) != 0;
  if (!known && out_assumed != NULL)
    {
      *out_assumed = TRUE;
      return TRUE;
    }
  if (!known)
    terrane_mounts_learn (try_out (self, can_prepare));
  return g_atomic_int_get (&overlays) == YES;
}

static gboolean
list_allowed (gpointer data)
{
  static gsize allowed;
  if (g_once_init_enter (&allowed))
    g_once_init_leave (&allowed, try_out (data, can_have_list) ? YES : NO);
  return allowed == YES;
}

/* Names are looked up as on this machine; which modules of libc do that depends on the image. */
static void
add_own (GPtrArray *mounts, const char *path)
{
  g_autofree char *real = realpath (path, NULL);
  if (real == NULL || !g_file_test (real, G_FILE_TEST_IS_REGULAR))
    return;
  TerraneHostMount *mount = terrane_host_mount_new (real, path);
  mount->own = TRUE;
  g_ptr_array_add (mounts, mount);
}

static gboolean
is_missing (const GPtrArray *points)
{
  for (guint i = 0; i < points->len; i++)
    if (terrane_mount_point_is_missing (points->pdata[i]))
      return TRUE;
  return FALSE;
}

static gboolean
find_points (TerraneMounts *self, const TerraneSandbox *sandbox, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  self->own = g_ptr_array_new_with_free_func (terrane_host_mount_free);
  if (sandbox->network == TERRANE_NETWORK_HOST)
    {
      add_own (self->own, "/etc/resolv.conf");
      add_own (self->own, "/etc/hosts");
    }
  g_ptr_array_extend (all, self->own, NULL, NULL);
  if (sandbox->mounts != NULL)
    g_ptr_array_extend (all, (GPtrArray *) sandbox->mounts, NULL, NULL);
  return terrane_mount_points_find (sandbox->root, all, &self->points, error);
}

/* Without overlays, mount points cannot be created. */
static gboolean
drop_missing (GPtrArray *points, GError **error)
{
  for (guint i = 0; i < points->len;)
    {
      const TerraneMountPoint *point = points->pdata[i];
      if (!terrane_mount_point_is_missing (point))
        i++;
      else if (point->mount->own)
        g_ptr_array_remove_index (points, i);
      else
        {
          g_autofree char *quoted = oci_quote (point->mount->path);
          return oci_throw (
              error, OCI_ERROR_UNSUPPORTED,
              "--mount: %s is not in the image, and this kernel lets a namespace have "
              "no overlay to make it in; mount on a path that the image has, or in "
              "/tmp",
              quoted);
        }
    }
  return TRUE;
}

gboolean
terrane_mounts_init (TerraneMounts *self, const TerraneSandbox *sandbox,
                     const TerraneSandboxFile *files, gboolean *out_assumed, GError **error)
{
  uint64_t tmp = sandbox->tmp_bytes != 0 ? sandbox->tmp_bytes : TERRANE_SANDBOX_DEFAULT_TMP_BYTES;
  *self = (TerraneMounts){ .root = sandbox->root, .files = files, .overlays = TRUE };
  self->uid_map = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  self->gid_map = g_strdup_printf ("%u %u 1", getegid (), getegid ());
  self->tmp_options =
      g_strdup_printf ("mode=0755,size=%" G_GUINT64_FORMAT ",nr_inodes=%" G_GUINT64_FORMAT, tmp,
                       MAX (tmp / TERRANE_SANDBOX_TMP_BYTES_PER_FILE, MIN_INODES));
  if (!terrane_passwd_read (sandbox->root, &self->passwd_path, &self->passwd, error))
    return FALSE;
  if (!terrane_binfmt_new (TERRANE_BINFMT_DIRECTORY, sandbox->emulator, list_allowed, self,
                           &self->binfmt, error))
    return FALSE;
  self->protect = geteuid () == 0;
  self->writable = sandbox->writable;
  self->shm = sandbox->neutral;
  if (!find_points (self, sandbox, error))
    return FALSE;
  self->over_root = sandbox->writable || self->passwd_path == NULL || is_missing (self->points);
  /* Without overlays --writable fails, with the reason. */
  self->overlays =
      sandbox->writable || (!is_own_root (self) && may_have_overlays (self, out_assumed));
  return self->overlays || drop_missing (self->points, error);
}
