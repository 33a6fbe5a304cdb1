#include "builder/store/ownership.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#define VARIABLE "TERRANE_STORE_OWNER"

/* NAME or "NAME (UID)". */
static char *
describe_user (uid_t uid)
{
  const struct passwd *entry = getpwuid (uid);
  if (entry == NULL)
    return g_strdup_printf ("the user %ju", (uintmax_t) uid);
  g_autofree char *quoted = oci_quote (entry->pw_name);
  return g_strdup_printf ("%s (%ju)", quoted, (uintmax_t) uid);
}

/* Whether @text is the number or the name of the user. */
static gboolean
names_user (const char *text, uid_t uid)
{
  guint64 number = 0;
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &number, NULL))
    return number == uid;
  const struct passwd *entry = getpwnam (text);
  return entry != NULL && entry->pw_uid == uid;
}

gboolean
terrane_ownership_check (int dfd, GError **error)
{
  struct stat st;
  if (fstat (dfd, &st) < 0)
    return oci_throw_errno (error, "reading its attributes");
  const char *allowed = g_getenv (VARIABLE);
  if (st.st_uid == geteuid () || (allowed != NULL && names_user (allowed, st.st_uid)))
    return TRUE;
  g_autofree char *owner = describe_user (st.st_uid);
  g_autofree char *self = describe_user (geteuid ());
  return oci_throw (
      error, OCI_ERROR_DENIED,
      "belongs to %s, who could change the results of builds by %s; use another --store, "
      "or set " VARIABLE "=%ju when that user is trusted",
      owner, self, (uintmax_t) st.st_uid);
}

static gboolean
close_part (int dfd, const char *name, GError **error)
{
  struct stat st;
  if (mkdirat (dfd, name, 0700) == 0)
    return TRUE;
  if (errno != EEXIST || fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return oci_throw_errno (error, "creating the directory %s", name);
  if (!S_ISDIR (st.st_mode) || st.st_uid != geteuid () || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return TRUE; /* a place that is not a directory is refused when it is opened */
  g_auto (OciFd) part = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (part < 0 || fchmod (part, S_IRWXU) < 0)
    return oci_throw_errno (error, "taking the permissions of others from %s", name);
  return TRUE;
}

gboolean
terrane_ownership_close (int dfd, GError **error)
{
  static const char *const parts[] = { "repo", "images", "downloads", "cache", "roots" };
  for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
    if (!close_part (dfd, parts[i], error))
      return FALSE;
  return TRUE;
}
