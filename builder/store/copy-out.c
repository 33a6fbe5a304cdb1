#include "builder/store/commit.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum
{
  MAX_DEPTH = 500, /* each level has a descriptor */
  ALL_BITS = 07777,
  EPOCH = 315532800, /* 1980-01-01: the first day of zip files */
};

/* Sets one time for all files, so that no program considers one file older than another; and makes
 * directories usable for their owner, as a later commit may add files to them.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static gboolean
make_usable (int dfd, guint depth, GError **error)
{
  static const struct timespec times[] = { { .tv_sec = EPOCH }, { .tv_sec = EPOCH } };
  g_autoptr (GPtrArray) names = NULL;
  if (depth > MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_LIMIT, "directories in more than %d directories", MAX_DEPTH);
  if (!oci_list_names (dfd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      struct stat info;
      const char *name = names->pdata[i];
      if (fstatat (dfd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return oci_throw_errno (error, "looking at a file");
      if (S_ISDIR (info.st_mode))
        {
          g_auto (OciFd) fd = -1;
          if ((info.st_mode & S_IRWXU) != S_IRWXU
              && fchmodat (dfd, name, (info.st_mode & ALL_BITS) | S_IRWXU, 0) < 0)
            return oci_throw_errno (error, "opening a directory to its owner");
          if (!oci_open_dir (dfd, name, &fd, error) || !make_usable (fd, depth + 1, error))
            return FALSE;
        }
      if (utimensat (dfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return oci_throw_errno (error, "setting the time of a file");
    }
  return TRUE;
}

/* OSTree opens an existing directory by following links: a link of an earlier commit would lead out
 * of @data, a descriptor. Parents come first, so no link is followed here. */
static gboolean
check_way (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  struct stat info;
  const int *dfd = data;
  const gboolean is_directory = node->type == OCI_ENTRY_DIRECTORY;
  if (fstatat (*dfd, path, &info, AT_SYMLINK_NOFOLLOW) == 0)
    {
      if (is_directory == (S_ISDIR (info.st_mode) != 0))
        return TRUE;
      g_autofree char *quoted = oci_quote (path);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "%s is %sa directory, and %s in what was unpacked before", quoted,
                        is_directory ? "" : "not ",
                        S_ISLNK (info.st_mode)   ? "a symbolic link"
                        : S_ISDIR (info.st_mode) ? "one"
                                                 : "a file");
    }
  return errno == ENOENT || oci_throw_errno (error, "looking at a file");
}

static gboolean
check_ways (TerraneStore *store, const OciDigest *commit, int dfd, GError **error)
{
  g_autoptr (TerraneTree) tree = terrane_commit_load (store, commit, error);
  return tree != NULL && terrane_tree_foreach (tree, check_way, &dfd, error);
}

gboolean
terrane_commit_copy_out (TerraneStore *store, const OciDigest *commit, int dfd, GError **error)
{
  OciDigestHex hex;
  gboolean raw = FALSE;
  OstreeRepoCheckoutAtOptions options = {
    .mode = OSTREE_REPO_CHECKOUT_MODE_USER,
    .overwrite_mode = OSTREE_REPO_CHECKOUT_OVERWRITE_UNION_FILES,
    .force_copy = TRUE,
  };
  if (!terrane_commit_has_raw_names (store, commit, &raw, error))
    return FALSE;
  if (raw)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "it has names that are not UTF-8");
  if (!check_ways (store, commit, dfd, error))
    return FALSE;
  OCI_PREFIX (error, "copying the commit %.12s…", oci_digest_hex (commit, hex));
  return ostree_repo_checkout_at (terrane_store_repo (store), &options, dfd, ".",
                                  oci_digest_hex (commit, hex), NULL, error)
         && make_usable (dfd, 0, error);
}
