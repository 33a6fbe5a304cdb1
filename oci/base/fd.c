#include "oci/base/fd.h"

#include "oci/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  PATH_BYTES = 40, /* "/proc/self/fd/2147483647" */
  ALL_BITS = 07777,
};

void
oci_fd_close (OciFd fd)
{
  int saved = errno;
  if (fd >= 0)
    (void) close (fd);
  errno = saved;
}

gboolean
oci_open_dir (int dfd, const char *path, OciFd *out_fd, GError **error)
{
  int fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    {
      g_autofree char *quoted = oci_quote (path);
      return oci_throw_errno (error, "opening the directory %s", quoted);
    }
  *out_fd = fd;
  return TRUE;
}

gboolean
oci_make_dirs (int dfd, const char *path, mode_t mode, GError **error)
{
  g_autofree char *copy = g_strdup (path);
  for (char *slash = strchr (copy + 1, '/');; slash = strchr (slash + 1, '/'))
    {
      if (slash != NULL)
        *slash = '\0';
      if (mkdirat (dfd, copy, mode) < 0 && errno != EEXIST)
        {
          g_autofree char *quoted = oci_quote (copy);
          return oci_throw_errno (error, "creating the directory %s", quoted);
        }
      if (slash == NULL)
        return TRUE;
      *slash = '/';
    }
}

gboolean
oci_open_file (int dfd, const char *path, gboolean follow, OciFd *out_fd, struct stat *out_stat,
               GError **error)
{
  g_autofree char *quoted = oci_quote (path);
  /* O_NONBLOCK: a fifo in place of the file must not hang us before fstat() can refuse it. */
  g_auto (OciFd) fd =
      openat (dfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
  if (fd < 0 && errno == ELOOP && !follow)
    return oci_throw (error, OCI_ERROR_FORMAT, "%s is a symbolic link, not a regular file", quoted);
  if (fd < 0)
    return oci_throw_errno (error, "opening %s", quoted);

  struct stat st;
  if (fstat (fd, &st) < 0)
    return oci_throw_errno (error, "reading the attributes of %s", quoted);
  if (!S_ISREG (st.st_mode))
    return oci_throw (error, OCI_ERROR_FORMAT, "%s is %s, not a regular file", quoted,
                      S_ISDIR (st.st_mode) ? "a directory" : "a special file");
  if (out_stat != NULL)
    *out_stat = st;
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

gboolean
oci_fd_is_regular (int fd)
{
  struct stat st;
  return fstat (fd, &st) == 0 && S_ISREG (st.st_mode);
}

/* Uses its own descriptor, which no link can replace. */
gboolean
oci_grant_mode (int dfd, const char *name, mode_t bits, GError **error)
{
  struct stat st;
  char path[PATH_BYTES];
  g_autofree char *quoted = oci_quote (name);
  g_auto (OciFd) pin = openat (dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (pin < 0 || fstat (pin, &st) < 0)
    return oci_throw_errno (error, "looking at %s", quoted);
  if (S_ISLNK (st.st_mode) || (st.st_mode & bits) == bits)
    return TRUE;
  (void) g_snprintf (path, sizeof path, "/proc/self/fd/%d", pin);
  return chmod (path, (st.st_mode & ALL_BITS) | bits) == 0
         || oci_throw_errno (error, "giving permissions to %s", quoted);
}

gboolean
oci_write_all (int fd, const void *data, size_t len, GError **error)
{
  const char *p = data;
  while (len > 0)
    {
      ssize_t n = write (fd, p, len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return oci_throw_errno (error, "writing");
      p += n;
      len -= (size_t) n;
    }
  return TRUE;
}

gboolean
oci_read_full (int fd, void *buffer, size_t len, size_t *out_read, GError **error)
{
  size_t got = 0;
  while (got < len)
    {
      ssize_t n = read (fd, (char *) buffer + got, len - got);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return oci_throw_errno (error, "reading");
      if (n == 0)
        break;
      got += (size_t) n;
    }
  *out_read = got;
  return TRUE;
}

gboolean
oci_read_file (int dfd, const char *path, size_t max_bytes, GBytes **out_bytes, GError **error)
{
  g_auto (OciFd) fd = -1;
  struct stat st = { 0 };
  if (!oci_open_file (dfd, path, TRUE, &fd, &st, error))
    return FALSE;
  g_autofree char *quoted = oci_quote (path);
  if (st.st_size < 0 || (uint64_t) st.st_size > max_bytes)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has %jd bytes, more than the %zu allowed here",
                      quoted, (intmax_t) st.st_size, max_bytes);

  /* One byte more than announced, to notice a file that has grown meanwhile. */
  size_t size = (size_t) st.st_size;
  g_autofree char *data = g_try_malloc (size + 1);
  if (data == NULL)
    return oci_throw (error, OCI_ERROR_LIMIT, "no memory for the %zu bytes of %s", size, quoted);
  size_t got = 0;
  if (!oci_read_full (fd, data, size + 1, &got, error))
    {
      g_prefix_error (error, "%s: ", quoted);
      return FALSE;
    }
  if (got > size)
    return oci_throw (error, OCI_ERROR_IO, "%s changed while it was read", quoted);
  *out_bytes = g_bytes_new_take (g_steal_pointer (&data), got);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Returns: FALSE with errno set when the directory cannot be read to its end */
static gboolean
read_names (DIR *dir, GPtrArray *names)
{
  for (;;)
    {
      errno = 0; /* to distinguish the end from a failure */
      const struct dirent *entry = readdir (dir);
      if (entry == NULL)
        return errno == 0;
      if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
}

gboolean
oci_list_names (int dfd, const char *path, gboolean follow, GPtrArray **out_names, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *quoted = oci_quote (path);
  g_auto (OciFd) fd =
      openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      oci_throw_errno (error, "listing the directory %s", quoted);
      return FALSE;
    }
  (void) oci_fd_steal (&fd); /* owned by dir now */
  gboolean ok = read_names (dir, names);
  int failure = errno;
  (void) closedir (dir);
  errno = failure;
  if (!ok)
    {
      oci_throw_errno (error, "listing the directory %s", quoted);
      return FALSE;
    }
  g_ptr_array_sort (names, compare_names);
  *out_names = g_steal_pointer (&names);
  return TRUE;
}

enum
{
  MAX_REMOVED_DEPTH = 100, /* descriptors; deeper directories are moved up first */
};

/* A tree that is being removed. */
typedef struct
{
  OciFd top;
  guint moved; /* number of directories that were moved to the top */
} Removal;

static gboolean remove_children (Removal *self, int dfd, const char *name, unsigned depth,
                                 GError **error);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_REMOVED_DEPTH */
static gboolean
remove_one (Removal *self, int dfd, const char *name, unsigned depth, GError **error)
{
  if (unlinkat (dfd, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if (errno == EISDIR || errno == EPERM)
    return remove_children (self, dfd, name, depth, error)
           && (unlinkat (dfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT
               || oci_throw_errno (error, "removing %s", name));
  return oci_throw_errno (error, "removing %s", name);
}

/* Each level has a descriptor open. */
static gboolean
move_up (Removal *self, int dfd, const char *name, GError **error)
{
  g_autofree char *fresh = g_strdup_printf (".deep-%u-%08x", self->moved++, g_random_int ());
  (void) !fchmodat (dfd, name, S_IRWXU, 0); /* its ".." changes */
  return renameat (dfd, name, self->top, fresh) == 0
         || oci_throw_errno (error, "removing %s", name);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_REMOVED_DEPTH */
static gboolean
remove_listed (Removal *self, int fd, const char *name, unsigned depth, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (fd, ".", FALSE, &names, error))
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    if (!remove_one (self, fd, names->pdata[i], depth + 1, error))
      return FALSE;
  return TRUE;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_REMOVED_DEPTH */
static gboolean
remove_children (Removal *self, int dfd, const char *name, unsigned depth, GError **error)
{
  if (depth > MAX_REMOVED_DEPTH)
    return move_up (self, dfd, name, error);
  g_auto (OciFd) fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == EACCES && fchmodat (dfd, name, S_IRWXU, 0) == 0)
    fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return oci_throw_errno (error, "opening %s", name);
  (void) fchmod (fd, S_IRWXU); /* the unlinks below report failures */
  if (depth == 0)
    self->top = fd;
  guint moved = self->moved;
  gboolean ok = remove_listed (self, fd, name, depth, error);
  while (ok && depth == 0 && self->moved != moved)
    {
      moved = self->moved;
      ok = remove_listed (self, fd, name, depth, error);
    }
  return ok;
}

gboolean
oci_remove_tree (int dfd, const char *path, GError **error)
{
  Removal self = { .top = -1 };
  return remove_one (&self, dfd, path, 0, error);
}

gboolean
oci_read_text (int dfd, const char *path, char *text, size_t size)
{
  g_auto (OciFd) fd = openat (dfd, path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, size - 1, &got, NULL))
    return FALSE;
  text[got] = '\0';
  return TRUE;
}
