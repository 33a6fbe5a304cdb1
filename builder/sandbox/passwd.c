#include "builder/sandbox/passwd.h"

#include "builder/sandbox/root-path.h"
#include "builder/sandbox/spec.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

G_STATIC_ASSERT (TERRANE_SANDBOX_UID == 993 && TERRANE_SANDBOX_GID == 990); /* in the entry */

#define PASSWD "/etc/passwd"

enum
{
  MAX_PASSWD_BYTES = 1024 * 1024,
};

/* The third field of a line, or NULL. */
static const char *
uid_field (const char *line, const char *end)
{
  const char *field = memchr (line, ':', (size_t) (end - line));
  if (field != NULL)
    field = memchr (field + 1, ':', (size_t) (end - field - 1));
  return field != NULL ? field + 1 : NULL;
}

static gboolean
is_of_uid (const char *line, const char *end)
{
  static const char uid[] = "993:";
  const char *field = uid_field (line, end);
  return field != NULL && (size_t) (end - field) >= sizeof uid - 1
         && memcmp (field, uid, sizeof uid - 1) == 0;
}

GBytes *
terrane_passwd_add (const char *own, size_t len)
{
  static const char user[] = TERRANE_SANDBOX_USER ":";
  gboolean present = FALSE, taken = FALSE;
  const char *const stop = own + len;
  for (const char *line = own; len > 0 && line < stop;)
    {
      const char *end = memchr (line, '\n', (size_t) (stop - line));
      if (end == NULL)
        end = stop;
      present = present
                || ((size_t) (end - line) >= sizeof user - 1
                    && memcmp (line, user, sizeof user - 1) == 0);
      taken = taken || is_of_uid (line, end);
      line = end == stop ? stop : end + 1;
    }
  GString *text = g_string_new (NULL);
  if (!present && taken) /* a lookup of a uid returns the first entry */
    g_string_append (text, TERRANE_SANDBOX_PASSWD "\n");
  if (len > 0)
    g_string_append_len (text, own, (gssize) len);
  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');
  if (!present && !taken)
    g_string_append (text, TERRANE_SANDBOX_PASSWD "\n");
  return g_string_free_to_bytes (text);
}

gboolean
terrane_passwd_read (const char *root, char **out_path, GBytes **out_content, GError **error)
{
  g_auto (OciFd) root_fd = -1, fd = -1, readable = -1;
  struct stat info;
  if (!oci_open_dir (AT_FDCWD, root, &root_fd, error))
    return FALSE;
  fd = terrane_root_path_open (root_fd, PASSWD, O_PATH);
  *out_path = NULL;
  if (fd < 0 || fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    {
      *out_content = terrane_passwd_add (NULL, 0);
      return TRUE;
    }
  if (info.st_size > MAX_PASSWD_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "the image's " PASSWD " has more than %d bytes",
                      MAX_PASSWD_BYTES);
  g_autofree char *own = g_malloc (MAX_PASSWD_BYTES);
  size_t len = 0;
  readable = terrane_root_path_open (root_fd, PASSWD, O_RDONLY);
  /* The program could not read such a file either. */
  if (readable >= 0 && !oci_read_full (readable, own, MAX_PASSWD_BYTES, &len, error))
    return FALSE;
  *out_path = terrane_root_path_below (root_fd, fd);
  *out_content = terrane_passwd_add (own, len);
  return TRUE;
}

void
terrane_passwd_write (int root, GBytes *content)
{
  const struct open_how how = { .flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC,
                                .mode = 0644,
                                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  gsize len = 0;
  const char *bytes = g_bytes_get_data (content, &len);
  (void) mkdirat (root, "etc", 0755); /* usually it exists */
  int fd = (int) syscall (SYS_openat2, root, &PASSWD[1], &how, sizeof how);
  for (ssize_t n = 0; fd >= 0 && len > 0 && (n = write (fd, bytes, len)) > 0; len -= (size_t) n)
    bytes += n;
  if (fd >= 0)
    {
      (void) fchmod (fd, 0644); /* independent of the umask; it is the program's own file anyway */
      (void) close (fd);
    }
}
