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

/** Closes the descriptor unless it is negative; errno does not change. */
void oci_fd_close (OciFd fd);
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (OciFd, oci_fd_close, -1)

/* Transfers ownership: returns the descriptor and stores -1 in its place. */
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
 *
 * Opens a directory.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_open_dir (int dfd, const char *path, OciFd *out_fd, GError **error);

/**
 * oci_make_dirs:
 * @mode: permission bits of directories that are created (the umask applies)
 *
 * Creates @path and its missing parents, like `mkdir -p`.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_make_dirs (int dfd, const char *path, mode_t mode, GError **error);

/**
 * oci_open_file:
 * Opens @path read-only for its content; a symbolic link as last component is followed only when
 * @follow is set. Anything but a regular file is refused.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean oci_open_file (int dfd, const char *path, gboolean follow, OciFd *out_fd,
                        struct stat *out_stat, GError **error);

/**
 * oci_grant_mode:
 * @name: a file or directory of this user; symbolic links are not changed
 * @bits: permissions that its owner needs
 *
 * Adds the permissions that are missing. Errors: %OCI_ERROR_IO.
 */
gboolean oci_grant_mode (int dfd, const char *name, mode_t bits, GError **error);

/** Whether @fd is a regular file, whose reading never waits for another process. */
gboolean oci_fd_is_regular (int fd);

/** Writes all @len bytes, continuing after short writes and signals. Errors: %OCI_ERROR_IO. */
gboolean oci_write_all (int fd, const void *data, size_t len, GError **error);

/** Reads until @len bytes or the end; *@out_read < @len only at the end of the file. Errors:
 * %OCI_ERROR_IO. */
gboolean oci_read_full (int fd, void *buffer, size_t len, size_t *out_read, GError **error);

/**
 * oci_read_file:
 * @max_bytes: refuse files larger than this (%OCI_ERROR_LIMIT)
 * @out_bytes: (out) (transfer full): the content
 *
 * Reads a small regular file whole; layers and blobs are streamed instead.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean oci_read_file (int dfd, const char *path, size_t max_bytes, GBytes **out_bytes,
                        GError **error);

/** Removes @path below @dfd and everything in it, without following symbolic links, even from
 * directories without write permission. A missing @path is not an error. Errors: %OCI_ERROR_IO. */
gboolean oci_remove_tree (int dfd, const char *path, GError **error);

/**
 * oci_list_names:
 * @path: a directory; "." for @dfd itself
 * @follow: whether @path may be a symbolic link
 * @out_names: (out) (transfer full): of char *, sorted bytewise, without "." and ".."
 *
 * Reads all names before it returns, so callers may change the directory meanwhile. Not for a
 * directory that a running program fills: see sandbox/usage.c.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_list_names (int dfd, const char *path, gboolean follow, GPtrArray **out_names,
                         GError **error);

/** Reads a small file, such as those of /proc, as text truncated to @size - 1 bytes. Returns:
 * %FALSE if it cannot be read */
gboolean oci_read_text (int dfd, const char *path, char *text, size_t size);

G_END_DECLS
