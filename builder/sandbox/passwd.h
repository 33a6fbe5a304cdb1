/* The entry of the sandbox's user in /etc/passwd, which Lambda has in every image: its home is
 * named there, and does not exist. */
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
 * Returns: (transfer full): the same with the entry, which is found first among those of its uid
 */
GBytes *terrane_passwd_add (const char *own, size_t len);

/**
 * terrane_passwd_read:
 * @root: directory with the image's file system
 * @out_path: (out) (nullable): where the image's /etc/passwd really is, below @root, with "/"
 * first; NULL when it has no such regular file
 * @out_content: (out): what the program should see
 */
gboolean terrane_passwd_read (const char *root, char **out_path, GBytes **out_content,
                              GError **error);

/**
 * terrane_passwd_write:
 * @root: descriptor of a directory with the image's file system, which may be changed
 *
 * Writes what terrane_passwd_read() gave. There are images in which there can be no such file, as
 * when /etc leads nowhere: they go without. Only makes system calls.
 */
void terrane_passwd_write (int root, GBytes *content);

G_END_DECLS
