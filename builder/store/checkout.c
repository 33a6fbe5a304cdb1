#include "builder/store/commit-diff.h"
#include "builder/store/commit.h"
#include "builder/store/raw-checkout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_CHANGES = 500, /* with more, a new checkout is as fast */
  MAX_TRIES = 20,
};

/* Creates mount points that the sandbox needs and a tree may lack. */
static gboolean
make_mount_points (int roots, const char *name, GError **error)
{
  static const char *const points[] = { "proc", "dev", "tmp" };
  for (size_t i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autofree char *path = g_build_filename (name, points[i], NULL);
      if (mkdirat (roots, path, 0755) < 0 && errno != EEXIST)
        return oci_throw_errno (error, "creating %s", path);
    }
  return TRUE;
}

static gboolean
check_out (TerraneStore *store, const char *commit, const char *subpath, int dfd, const char *path,
           GError **error)
{
  OstreeRepoCheckoutAtOptions options = {
    .mode = OSTREE_REPO_CHECKOUT_MODE_USER,
    .overwrite_mode = OSTREE_REPO_CHECKOUT_OVERWRITE_NONE,
    .subpath = subpath,
  };
  return ostree_repo_checkout_at (terrane_store_repo (store), &options, dfd, path, commit, NULL,
                                  error);
}

/* Every user of a checkout has this lock; a process that changes the checkout has the exclusive
 * one. */
static gboolean
lock (int roots, const char *name, int operation, OciFd *out_fd)
{
  struct stat locked, named;
  g_auto (OciFd) fd = openat (roots, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || flock (fd, operation) < 0 || fstat (fd, &locked) < 0
      || fstatat (roots, name, &named, AT_SYMLINK_NOFOLLOW) < 0 || locked.st_ino != named.st_ino)
    return FALSE; /* in the meantime it became another commit's */
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

/* Makes the directory writable only for its owner, with the time of every checkout. */
static gboolean
change_entry (TerraneStore *store, const char *commit, int root, const TerraneCommitChange *change,
              GError **error)
{
  g_autofree char *parent = g_path_get_dirname (change->path);
  g_autofree char *name = g_path_get_basename (change->path);
  g_autofree char *subpath = g_strconcat ("/", change->path, NULL);
  struct stat before, old;
  g_auto (OciFd) dfd = -1;
  OCI_PREFIX (error, "%s", change->path);
  if (!oci_open_dir (root, parent, &dfd, error))
    return FALSE;
  if (fstat (dfd, &before) < 0 || fchmod (dfd, (before.st_mode & 07777) | 0700) < 0)
    return oci_throw_errno (error, "its directory");
  if (fstatat (dfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && !oci_remove_tree (dfd, name, error))
    return FALSE;
  if (change->present)
    {
      g_autoptr (GFile) top = NULL;
      if (!ostree_repo_read_commit (terrane_store_repo (store), commit, &top, NULL, NULL, error))
        return FALSE;
      g_autoptr (GFile) file = g_file_resolve_relative_path (top, change->path);
      gboolean is_directory =
          g_file_query_file_type (file, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL)
          == G_FILE_TYPE_DIRECTORY;
      /* A file is put into the named directory. */
      if (!check_out (store, commit, subpath, dfd, is_directory ? name : ".", error))
        return FALSE;
    }
  const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, before.st_mtim };
  if (fchmod (dfd, before.st_mode & 07777) < 0 || futimens (dfd, times) < 0)
    return oci_throw_errno (error, "its directory");
  return TRUE;
}

/* Returns the checkout with the fewest differences. */
static char *
find_similar (TerraneStore *store, const OciDigest *commit, GPtrArray **out_changes)
{
  int roots = terrane_store_roots_dfd (store);
  g_autoptr (GPtrArray) names = NULL;
  char *best = NULL;
  guint max = MAX_CHANGES;
  if (!oci_list_names (roots, ".", FALSE, &names, NULL))
    return NULL; /* a whole checkout is made instead */
  for (guint i = 0; i < names->len; i++)
    {
      OciDigest other;
      GPtrArray *changes = oci_digest_parse_hex (names->pdata[i], &other, NULL)
                               ? terrane_commit_diff (store, &other, commit, max)
                               : NULL;
      if (changes == NULL)
        continue;
      g_clear_pointer (out_changes, g_ptr_array_unref);
      g_free (best);
      *out_changes = changes;
      best = g_strdup (names->pdata[i]);
      max = changes->len;
    }
  return best;
}

/* Returns: FALSE without an error if there is no similar checkout that is not in use */
static gboolean
change_similar (TerraneStore *store, const OciDigest *commit, const char *partial, GError **error)
{
  OciDigestHex hex;
  int roots = terrane_store_roots_dfd (store);
  g_autoptr (GPtrArray) changes = NULL;
  g_autofree char *similar = find_similar (store, commit, &changes);
  g_auto (OciFd) root = -1;
  if (similar == NULL || !lock (roots, similar, LOCK_EX | LOCK_NB, &root)
      || renameat (roots, similar, roots, partial) < 0)
    return FALSE;
  oci_digest_hex (commit, hex);
  for (guint i = 0; i < changes->len; i++)
    if (!change_entry (store, hex, root, changes->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
make_checkout (TerraneStore *store, const OciDigest *commit, const char *partial, GError **error)
{
  OciDigestHex hex;
  int roots = terrane_store_roots_dfd (store);
  if (change_similar (store, commit, partial, NULL))
    return TRUE;
  (void) oci_remove_tree (roots, partial, NULL); /* a partly changed one */
  gboolean raw = FALSE;
  return terrane_commit_has_raw_names (store, commit, &raw, error)
         && check_out (store, oci_digest_hex (commit, hex), NULL, roots, partial, error)
         && (!raw || terrane_raw_checkout_restore (roots, partial, error));
}

/* A checkout gets its name when it is complete; another process may have made it, too. */
static gboolean
publish_checkout (TerraneStore *store, const OciDigest *commit, const char *name, GError **error)
{
  int roots = terrane_store_roots_dfd (store);
  g_autofree char *partial = g_strdup_printf (".%s-%08x", name, g_random_int ());
  gboolean made = terrane_store_open_repo (store, error)
                  && make_checkout (store, commit, partial, error)
                  && make_mount_points (roots, partial, error);
  gboolean ok = made && renameat (roots, partial, roots, name) == 0;
  if (ok)
    return TRUE;
  ok = made && (errno == EEXIST || errno == ENOTEMPTY);
  if (made && !ok)
    oci_throw_errno (error, "renaming");
  (void) oci_remove_tree (roots, partial, NULL); /* the first error is kept */
  return ok;
}

gboolean
terrane_commit_checkout (TerraneStore *store, const OciDigest *commit, const char *name,
                         GError **error)
{
  OciDigestHex hex;
  OciFd fd = -1;
  int roots = terrane_store_roots_dfd (store);
  OCI_PREFIX (error, "unpacking the commit %.12s…", oci_digest_hex (commit, hex));
  /* Between its creation and its locking it can become another commit's. */
  for (int i = 0; i < MAX_TRIES; i++)
    {
      if (lock (roots, name, LOCK_SH, &fd))
        {
          terrane_store_keep_fd (store, fd);
          return TRUE;
        }
      if (!publish_checkout (store, commit, name, error))
        return FALSE;
    }
  return oci_throw (error, OCI_ERROR_IO, "the directory cannot be locked: %s", g_strerror (errno));
}

/* A process that runs a program in a checkout has a lock on its directory, see TerraneRootfs. */
static gboolean
is_pinned (int roots, const char *name)
{
  g_auto (OciFd) fd = openat (roots, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Checkouts are named by their commit; names that start with a dot were left by a killed
 * process. */
gboolean
terrane_checkouts_sweep (TerraneStore *store, TerraneCheckoutFunc keep, gpointer data,
                         guint *out_removed, GError **error)
{
  int roots = terrane_store_roots_dfd (store);
  g_autoptr (GPtrArray) names = NULL;
  OCI_PREFIX (error, "the checkouts");
  if (!oci_list_names (roots, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      OciDigest commit;
      const char *name = names->pdata[i];
      if (keep != NULL && oci_digest_parse_hex (name, &commit, NULL) && keep (&commit, data))
        continue;
      if (is_pinned (roots, name))
        continue;
      if (!oci_remove_tree (roots, name, error))
        return FALSE;
      (*out_removed)++;
    }
  return TRUE;
}
