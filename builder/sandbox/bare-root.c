#include "builder/sandbox/bare-root.h"

#include "oci/base/error.h"
#include "oci/base/process.h"
#include "oci/base/text-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  COPY_MS = 10 * 60 * 1000,
  MAX_LINK = 4096,
  MAX_DEPTH = 500, /* each level has a descriptor */
};

/* One copy per checkout, to which the others are linked. */
static GMutex mutex;
static GHashTable *masters; /* (nullable): checkout -> TerraneBareRoot */

/* @how: an option of cp: what the copy shares with @source */
static gboolean
copy (TerraneBareRoot *self, const char *root, const char *source, const char *how, GError **error)
{
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *parent = g_path_get_dirname (root);
  g_autofree char *path = g_build_filename (parent, ".copy-XXXXXX", NULL);
  if (g_mkdtemp_full (path, 0755) == NULL)
    return oci_throw_errno (error, "a directory for a copy of the image in %s", parent);
  self->path = g_steal_pointer (&path);
  if (!oci_open_dir (AT_FDCWD, self->path, &self->lock, error))
    return FALSE;
  if (flock (self->lock, LOCK_SH) < 0)
    return oci_throw_errno (error, "locking %s", self->path);
  g_autofree char *content = g_strconcat (source, "/.", NULL);
  const char *const argv[] = { "cp", "-a", how, "--", content, self->path, NULL };
  if (!oci_process_run (argv, NULL, 0, COPY_MS, &result, error))
    return FALSE;
  return result.exit_code == 0
         || oci_throw (error, OCI_ERROR_IO, "copying the image's files: %s", result.output);
}

/* @depth: of the directory that has the link */
static gboolean
make_relative (int dfd, const char *name, const char *target, guint depth, GError **error)
{
  g_autoptr (GString) relative = g_string_new (depth == 0 ? "." : "..");
  for (guint i = 1; i < depth; i++)
    g_string_append (relative, "/..");
  g_string_append (relative, target);
  struct stat info;
  /* An image may have directories that their owner may not write to. */
  if (fstat (dfd, &info) == 0 && (info.st_mode & S_IWUSR) == 0)
    (void) fchmod (dfd, (info.st_mode & 07777) | S_IWUSR);
  return (unlinkat (dfd, name, 0) == 0 && symlinkat (relative->str, dfd, name) == 0)
         || oci_throw_errno (error, "replacing the link %s of a copy", name);
}

static gboolean
make_links_relative (int dfd, guint depth, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (depth > MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_LIMIT, "directories in more than %d directories", MAX_DEPTH);
  if (!oci_list_names (dfd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      char target[MAX_LINK];
      struct stat info;
      const char *name = names->pdata[i];
      if (fstatat (dfd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return oci_throw_errno (error, "%s of a copy", name);
      if (S_ISDIR (info.st_mode))
        {
          g_auto (OciFd) fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          if (fd < 0 && errno == EACCES) /* the program cannot read it either */
            continue;
          if (fd < 0)
            return oci_throw_errno (error, "%s of a copy", name);
          if (!make_links_relative (fd, depth + 1, error))
            return FALSE;
        }
      ssize_t len = S_ISLNK (info.st_mode) ? readlinkat (dfd, name, target, sizeof target - 1) : 0;
      target[MAX (len, 0)] = '\0';
      if (len > 0 && target[0] == '/' && !make_relative (dfd, name, target, depth, error))
        return FALSE;
    }
  return TRUE;
}

static void
bare_root_free (gpointer data)
{
  terrane_bare_root_clear (data);
  g_free (data);
}

/* At the end of the process only: forked children leave by _exit(). */
static void
remove_masters (void)
{
  g_mutex_lock (&mutex);
  g_clear_pointer (&masters, g_hash_table_unref);
  g_mutex_unlock (&mutex);
}

/* Returns: (transfer none) (nullable) */
static const TerraneBareRoot *
find_master (const char *root, gboolean relative, GError **error)
{
  if (masters == NULL)
    {
      masters = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, bare_root_free);
      (void) atexit (remove_masters);
    }
  TerraneBareRoot *found = g_hash_table_lookup (masters, root);
  if (found != NULL)
    return found;
  TerraneBareRoot *master = g_new0 (TerraneBareRoot, 1);
  if (!terrane_bare_root_init (master, root, TERRANE_BARE_OWN, relative, error))
    {
      bare_root_free (master);
      return NULL;
    }
  g_hash_table_insert (masters, g_strdup (root), master);
  return master;
}

/* Makes a copy that needs only links. */
static gboolean
link_master (TerraneBareRoot *self, const char *root, gboolean relative, GError **error)
{
  g_mutex_lock (&mutex);
  const TerraneBareRoot *master = find_master (root, relative, error);
  gboolean ok = master != NULL && copy (self, root, master->path, "-l", error);
  g_mutex_unlock (&mutex);
  return ok;
}

gboolean
terrane_bare_root_init (TerraneBareRoot *self, const char *root, TerraneBareSharing sharing,
                        gboolean relative, GError **error)
{
  *self = (TerraneBareRoot){ .lock = -1 };
  if (sharing == TERRANE_BARE_COPIES)
    return link_master (self, root, relative, error);
  return copy (self, root, root, sharing == TERRANE_BARE_LINKS ? "-l" : "--reflink=auto", error)
         && (!relative || make_links_relative (self->lock, 0, error));
}

void
terrane_bare_root_clear (TerraneBareRoot *self)
{
  if (self->path != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->path, NULL); /* gc removes the rest */
  oci_fd_close (oci_fd_steal (&self->lock));
  g_clear_pointer (&self->path, g_free);
}
