#include "builder/rootfs.h"

#include "builder/image/unpack.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"

#include "oci/image.h"

#include <fcntl.h>
#include <sys/file.h>

void
terrane_rootfs_clear (TerraneRootfs *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->config, oci_image_config_free);
  if (self->pinned)
    oci_fd_close (self->pin);
  self->pinned = FALSE;
}

/* What the build of an image remembered. */
static gboolean
find_assembled (TerraneStore *store, const OciDescriptor *manifest, OciDigest *out_commit,
                gboolean *out_found, GError **error)
{
  OciDigestText text;
  g_autoptr (OciJsonValue) entry = terrane_cache_find (store, TERRANE_CACHE_IMAGES, "manifest",
                                                       oci_digest_text (&manifest->digest, text));
  const char *commit = terrane_cache_text (entry, "commit");
  *out_found = commit != NULL && oci_digest_parse_hex (commit, out_commit, NULL);
  return !*out_found || terrane_commit_find (store, out_commit, out_found, error);
}

/* Its files are hard links: they stay when gc removes the objects. */
static gboolean
pin (TerraneRootfs *self, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_dir (AT_FDCWD, self->path, &fd, error))
    return FALSE;
  if (flock (fd, LOCK_SH) < 0)
    return oci_throw_errno (error, "locking %s", self->path);
  self->pin = oci_fd_steal (&fd);
  self->pinned = TRUE;
  return TRUE;
}

gboolean
terrane_rootfs_prepare (TerraneStore *store, const OciDescriptor *descriptor, unsigned jobs,
                        const TerraneProgress *progress, TerraneRootfs *out_rootfs, GError **error)
{
  OciDigestHex hex;
  OciDigest commit;
  TerraneStoredTree tree = { 0 };
  g_autoptr (OciManifest) manifest = NULL;
  if (!oci_image_read (terrane_store_layout (store), descriptor, &manifest, &out_rootfs->config,
                       error))
    return FALSE;
  gboolean found = FALSE;
  if (!find_assembled (store, descriptor, &commit, &found, error))
    return FALSE;
  if (!found)
    {
      gboolean ok = terrane_unpack_files (store, &descriptor->digest, manifest, out_rootfs->config,
                                          jobs, progress, &tree, error);
      commit = tree.commit;
      terrane_stored_tree_clear (&tree);
      if (!ok)
        return FALSE;
    }
  oci_digest_hex (&commit, hex);
  out_rootfs->path = g_build_filename (terrane_store_path (store), "roots", hex, NULL);
  return terrane_commit_checkout (store, &commit, hex, error) && pin (out_rootfs, error);
}
