#include "builder/store/downloads.h"

#include "oci/partial.h"

#include <fcntl.h>
#include <time.h>

enum
{
  DAY_SECONDS = 24 * 60 * 60,
};

gboolean
terrane_downloads_open_blob (TerraneStore *store, const OciDigest *sha256, OciFd *out_fd,
                             GError **error)
{
  uint64_t size = 0;
  OciLayout *layout = terrane_store_downloads (store);
  gboolean found = FALSE;
  if (!oci_layout_find_blob (layout, sha256, &found, &size, error))
    return FALSE;
  g_autoptr (OciDescriptor) descriptor = oci_descriptor_new ("", sha256, size);
  if (!oci_layout_open_verified (layout, descriptor, out_fd, error))
    return FALSE;
  /* Records the time of use. If it cannot be set, the file is removed a little early. The time is
   * also part of how a verified blob is recognised. */
  if (futimens (*out_fd, NULL) == 0)
    oci_layout_note_verified (layout, sha256);
  return TRUE;
}

gboolean
terrane_downloads_find (TerraneStore *store, const OciDigest *sha256, gboolean *out_found,
                        GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (GError) local = NULL;
  *out_found = terrane_downloads_open_blob (store, sha256, &fd, &local);
  if (*out_found || !g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

typedef struct
{
  OciLayout *layout;
  time_t limit; /* files that were last used before are removed */
  GPtrArray *unused;
  uint64_t bytes;
} Sweep;

static void
note_unused (const OciDigest *digest, uint64_t size, gpointer data)
{
  Sweep *self = data;
  struct stat st;
  OciDigestHex hex;
  g_autofree char *path = g_strconcat ("blobs/sha256/", oci_digest_hex (digest, hex), NULL);
  if (fstatat (oci_layout_dfd (self->layout), path, &st, AT_SYMLINK_NOFOLLOW) < 0
      || st.st_mtime >= self->limit)
    return;
  g_ptr_array_add (self->unused, g_memdup2 (digest, sizeof *digest));
  self->bytes += size;
}

gboolean
terrane_downloads_sweep (TerraneStore *store, guint *out_removed, uint64_t *out_bytes,
                         GError **error)
{
  OciLayout *layout = terrane_store_downloads (store);
  g_autoptr (GPtrArray) unused = g_ptr_array_new_with_free_func (g_free);
  Sweep sweep = { .layout = layout,
                  .limit = time (NULL) - (time_t) TERRANE_DOWNLOADS_KEEP_DAYS * DAY_SECONDS,
                  .unused = unused };
  if (!oci_layout_foreach_blob (layout, note_unused, &sweep, error))
    return FALSE;
  for (guint i = 0; i < unused->len; i++)
    if (!oci_layout_remove_blob (layout, unused->pdata[i], error))
      return FALSE;
  *out_removed = unused->len;
  *out_bytes = sweep.bytes;
  return oci_partial_remove_all (layout, error);
}
