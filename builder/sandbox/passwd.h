/* The entry of the sandbox's user in /etc/passwd, which Lambda adds to every image: it names a home
 * that does not exist. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define TERRANE_SANDBOX_USER "sbx_user1051" /* as in many logs */
#define TERRANE_SANDBOX_PASSWD                                                                     \
  TERRANE_SANDBOX_USER ":x:993:990::/home/" TERRANE_SANDBOX_USER ":/sbin/nologin"

/**
 * terrane_passwd_add:
 * @own: (nullable): the image's file, of @len bytes
 *
 * Returns: (transfer full): the same with the entry, as the first one of its uid
 */
GBytes *terrane_passwd_add (const char *own, size_t len);

/**
 * terrane_passwd_read:
 * @root: directory with the image's file system
 * @out_path: (out) (transfer full) (nullable): the image's /etc/passwd without links, below @root,
 *   beginning with "/"; NULL if it has no such regular file
 * @out_content: (out) (transfer full): its content for the program
 *
 * Reads the file and adds the entry.
 *
 * Errors: %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_passwd_read (const char *root, char **out_path, GBytes **out_content,
                              GError **error);

/**
 * terrane_passwd_write:
 * @root: descriptor of a directory with the image's file system, which may be changed
 *
 * Writes the content from terrane_passwd_read(). In some images there can be no such file, for
 * example if /etc is a dangling link: they have none. Only makes system calls.
 */
void terrane_passwd_write (int root, GBytes *content);

G_END_DECLS
