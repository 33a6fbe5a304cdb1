/* File descriptors that close themselves, and file access relative to directory descriptors.
 * Functions here are thread-safe as long as callers do not share a descriptor's offset. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Closed at scope exit when declared `g_auto (OciFd) fd = -1;`; errno survives the close. */
typedef int OciFd;

void oci_fd_close (OciFd fd);
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (OciFd, oci_fd_close, -1)

/* Hands the descriptor over: returns it and leaves -1 in its place. */
static inline int
oci_fd_steal (OciFd *fd)
{
  int stolen = *fd;
  *fd = -1;
  return stolen;
}

/**
 * oci_open_dir:
 * @dfd: directory descriptor or AT_FDCWD
 * @path: path of a directory relative to @dfd
 * @out_fd: (out): the opened directory
 */
gboolean oci_open_dir (int dfd, const char *path, OciFd *out_fd, GError **error);

/**
 * oci_make_dirs:
 * @mode: permission bits of directories that are created (the umask applies)
 *
 * Creates @path and its missing parents, like `mkdir -p`.
 */
gboolean oci_make_dirs (int dfd, const char *path, mode_t mode, GError **error);

/** Opens @path read-only for its content; a symbolic link as last component is followed only when
 * @follow is set. Anything but a regular file is refused. */
gboolean oci_open_file (int dfd, const char *path, gboolean follow, OciFd *out_fd,
                        struct stat *out_stat, GError **error);

/**
 * oci_grant_mode:
 * @name: a file or directory of this user's; a symbolic link is left alone
 * @bits: permissions that its owner needs
 *
 * Adds the permissions that it lacks.
 */
gboolean oci_grant_mode (int dfd, const char *name, mode_t bits, GError **error);

/** Writes all @len bytes, continuing after short writes and signals. */
gboolean oci_write_all (int fd, const void *data, size_t len, GError **error);

/** Reads until @len bytes or the end; *@out_read < @len only at the end of the file. */
gboolean oci_read_full (int fd, void *buffer, size_t len, size_t *out_read, GError **error);

/**
 * oci_read_file:
 * @max_bytes: refuse files larger than this (%OCI_ERROR_LIMIT)
 * @out_bytes: (out) (transfer full): the content
 *
 * Reads a small regular file whole. Never for layers or blobs, which stream.
 */
gboolean oci_read_file (int dfd, const char *path, size_t max_bytes, GBytes **out_bytes,
                        GError **error);

/**
 * oci_remove_tree:
 *
 * Removes @path below @dfd with everything in it, without following symbolic links and although
 * directories may lack the write permission. A path that does not exist is fine.
 */
gboolean oci_remove_tree (int dfd, const char *path, GError **error);

/**
 * oci_list_names:
 * @path: a directory; "." for @dfd itself
 * @follow: whether @path may be a symbolic link
 * @out_names: (out) (transfer full): of char *, in the order of their bytes, without "." and ".."
 *
 * All names are read before any is used, so callers may change the directory meanwhile. Not for
 * one that a running program fills: see sandbox/usage.c.
 */
gboolean oci_list_names (int dfd, const char *path, gboolean follow, GPtrArray **out_names,
                         GError **error);

/** Reads a small file, such as those of /proc, as text; what is longer than @size - 1 bytes is cut
 * off. Returns: FALSE when it cannot be read */
gboolean oci_read_text (int dfd, const char *path, char *text, size_t size);

G_END_DECLS
