#include "builder/sandbox/host-mount.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXPECTED "expected HOST:PATH or HOST:PATH:rw"

enum
{
  MAX_MOUNTINFO_BYTES = 16 * 1024 * 1024,
  MAX_PATH_BYTES = 3 * 1024,  /* below PATH_MAX, which counts the root of the sandbox as well */
  FIELDS_BEFORE_OPTIONAL = 6, /* of a line of mountinfo; the fifth is the mount point */
  POINT_FIELD = 4,
};

/* File systems that give access to the kernel: /proc/PID/root of another process of this user is a
 * way out, however it is mounted; the others change the machine. */
static const char *const kernel_types[] = { "proc",       "sysfs",    "cgroup",   "cgroup2",
                                            "securityfs", "debugfs",  "tracefs",  "configfs",
                                            "bpf",        "pstore",   "efivarfs", "selinuxfs",
                                            "devpts",     "devtmpfs", "mqueue",   "binfmt_misc",
                                            "fusectl",    "nsfs",     NULL };

void
terrane_host_mount_free (gpointer data)
{
  TerraneHostMount *self = data;
  g_free (self->host);
  g_free (self->path);
  g_free (self);
}

TerraneHostMount *
terrane_host_mount_new (const char *host, const char *path)
{
  TerraneHostMount *self = g_new0 (TerraneHostMount, 1);
  self->host = g_strdup (host);
  self->path = g_strdup (path);
  return self;
}

gboolean
terrane_host_mount_is_within (const char *path, const char *directory)
{
  size_t len = strlen (directory);
  if (strcmp (directory, "/") == 0)
    return TRUE;
  return strncmp (path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

const char *
terrane_host_mount_taken (const char *path)
{
  static const char *const taken[] = { "/proc", "/dev", "/sys", "/tmp/terrane", NULL };
  for (const char *const *point = taken; *point != NULL; point++)
    if (terrane_host_mount_is_within (path, *point))
      return *point;
  return NULL;
}

/* "/a//b/./c/" as "/a/b/c"; NULL with "..", whose meaning depends on links. */
static char *
clean_path (const char *path)
{
  g_autoptr (GString) clean = g_string_new (NULL);
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    {
      if (strcmp (*part, "..") == 0)
        return NULL;
      if ((*part)[0] != '\0' && strcmp (*part, ".") != 0)
        g_string_append_printf (clean, "/%s", *part);
    }
  return g_strdup (clean->len > 0 ? clean->str : "/");
}

static gboolean
check_path (const char *path, const char *quoted, GError **error)
{
  if (strcmp (path, "/") == 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: / is the image; mount on a directory in it, such as /mnt/data", quoted);
  if (strcmp (path, "/tmp") == 0)
    return oci_throw (
        error, OCI_ERROR_USAGE,
        "%s: /tmp is the function's own, with a limit (--tmp); mount on a path in it, "
        "such as /tmp/data",
        quoted);
  const char *point = terrane_host_mount_taken (path);
  return point == NULL
         || oci_throw (error, OCI_ERROR_USAGE, "%s: %s belongs to the sandbox; mount elsewhere",
                       quoted, point);
}

/* Otherwise a place that cannot be made would only be found late. */
static gboolean
is_too_long (const char *path)
{
  for (const char *name = path; *name != '\0';)
    {
      size_t len = strcspn (name, "/");
      if (len > NAME_MAX)
        return TRUE;
      name += len + (name[len] == '/' ? 1 : 0);
    }
  return strlen (path) > MAX_PATH_BYTES;
}

/* Returns where PATH begins: at the last slash after a colon. */
static const char *
find_path (const char *text)
{
  const char *found = NULL;
  for (const char *p = strstr (text, ":/"); p != NULL; p = strstr (p + 1, ":/"))
    found = p + 1;
  return found;
}

static TerraneHostMount *
throw_form (const char *text, const char *quoted, GError **error)
{
  const char *hint = "";
  if (g_str_has_prefix (text, "type=") || strstr (text, ",target=") != NULL
      || strstr (text, ",destination=") != NULL || g_str_has_prefix (text, "source="))
    hint = "; the words of docker's --mount are not known here";
  else if (strchr (text, ':') != NULL)
    hint = "; PATH begins with /";
  (void) oci_throw (error, OCI_ERROR_USAGE, EXPECTED ", got %s%s", quoted, hint);
  return NULL;
}

TerraneHostMount *
terrane_host_mount_parse (const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  const char *start = find_path (text);
  if (start == NULL || start == text + 1)
    return throw_form (text, quoted, error);
  const char *colon = strchr (start, ':');
  const char *mode = colon != NULL ? colon + 1 : "ro";
  const gboolean writable = strcmp (mode, "rw") == 0;
  if (!g_utf8_validate (start, -1, NULL) || (!writable && strcmp (mode, "ro") != 0))
    {
      g_autofree char *word = oci_quote (mode);
      (void) oci_throw (error, OCI_ERROR_USAGE,
                        EXPECTED ", got %s: after PATH there is rw, ro or nothing, not %s "
                                 "(PATH itself has no colon)",
                        quoted, word);
      return NULL;
    }
  g_autofree char *written =
      g_strndup (start, colon != NULL ? (gsize) (colon - start) : strlen (start));
  g_autofree char *path = clean_path (written);
  if (path == NULL)
    {
      (void) oci_throw (error, OCI_ERROR_USAGE, "%s: PATH has “..” in it; give where that leads",
                        quoted);
      return NULL;
    }
  if (is_too_long (path))
    {
      (void) oci_throw (error, OCI_ERROR_USAGE, "%s: PATH is too long", quoted);
      return NULL;
    }
  if (!check_path (path, quoted, error))
    return NULL;
  g_autofree char *host = g_strndup (text, (gsize) (start - 1 - text));
  TerraneHostMount *self = terrane_host_mount_new (host, path);
  self->writable = writable;
  return self;
}

static gboolean
is_kernel_type (const char *type)
{
  for (const char *const *known = kernel_types; *known != NULL; known++)
    if (strcmp (type, *known) == 0)
      return TRUE;
  return FALSE;
}

/* A mount includes everything mounted below it, and the mount that contains it counts as well: the
 * last line of mountinfo whose mount point is at or above @host. */
static gboolean
check_mountinfo (const char *host, const char *text, const char *quoted, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *around = NULL;
  size_t around_len = 0;
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) halves = g_strsplit (*line, " - ", 2);
      g_auto (GStrv) fields = g_strsplit (halves[0] != NULL ? halves[0] : "", " ", -1);
      if (g_strv_length (fields) < FIELDS_BEFORE_OPTIONAL || halves[1] == NULL)
        continue;
      g_autofree char *point = g_strcompress (fields[POINT_FIELD]); /* "\040" is a space */
      g_autofree char *type = g_strndup (halves[1], strcspn (halves[1], " "));
      if (terrane_host_mount_is_within (host, point) && strlen (point) >= around_len)
        {
          around_len = strlen (point);
          g_free (around);
          around = g_steal_pointer (&type);
        }
      else if (terrane_host_mount_is_within (point, host) && is_kernel_type (type))
        {
          g_autofree char *where = oci_quote (point);
          return oci_throw (error, OCI_ERROR_USAGE,
                            "%s contains %s, a file system of the kernel (%s), by which a program "
                            "could leave the sandbox; mount something smaller",
                            quoted, where, type);
        }
    }
  return around == NULL || !is_kernel_type (around)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s is in a file system of the kernel (%s), by which a program could leave "
                       "the sandbox",
                       quoted, around);
}

static gboolean
check_store (const TerraneHostMount *self, const char *store, const char *quoted, GError **error)
{
  g_autofree char *real = store != NULL ? realpath (store, NULL) : NULL;
  if (real == NULL || !self->writable
      || (!terrane_host_mount_is_within (real, self->host)
          && !terrane_host_mount_is_within (self->host, real)))
    return TRUE;
  g_autofree char *where = oci_quote (real);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s has terrane's store %s in it or is in it, where the program must not "
                    "write; mount without rw, or something else",
                    quoted, where);
}

static gboolean
check_host (TerraneHostMount *self, const char *mountinfo, const char *store, GError **error)
{
  struct stat info;
  g_autofree char *quoted = oci_quote (self->host);
  g_autofree char *real = realpath (self->host, NULL);
  OCI_PREFIX (error, "--mount");
  if (real == NULL && errno == ENOENT)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "%s does not exist on this machine; make it first (terrane makes nothing "
                      "there)",
                      quoted);
  if (real == NULL || stat (real, &info) < 0)
    return oci_throw_errno (error, "%s", quoted);
  if (!S_ISDIR (info.st_mode) && !S_ISREG (info.st_mode))
    return oci_throw (error, OCI_ERROR_USAGE, "%s is neither a directory nor a regular file",
                      quoted);
  g_free (self->host);
  self->host = g_steal_pointer (&real);
  self->directory = S_ISDIR (info.st_mode);
  return check_mountinfo (self->host, mountinfo, quoted, error)
         && check_store (self, store, quoted, error);
}

gboolean
terrane_host_mounts_check (GPtrArray *mounts, const char *store, GError **error)
{
  g_autofree char *mountinfo = g_malloc (MAX_MOUNTINFO_BYTES);
  g_auto (OciFd) fd = -1;
  size_t got = 0;
  if (mounts->len == 0)
    return TRUE;
  if (!oci_open_file (AT_FDCWD, "/proc/self/mountinfo", TRUE, &fd, NULL, error)
      || !oci_read_full (fd, mountinfo, MAX_MOUNTINFO_BYTES - 1, &got, error))
    return FALSE;
  mountinfo[got] = '\0';
  for (guint i = 0; i < mounts->len; i++)
    if (!check_host (mounts->pdata[i], mountinfo, store, error))
      return FALSE;
  return TRUE;
}
