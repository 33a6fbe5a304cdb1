#include "builder/store/seed.h"

#include "oci/image.h"

#include <errno.h>
#include <unistd.h>

typedef struct
{
  int from, to; /* directories of the layouts */
  GError *error;
} Seed;

static void
link_blob (const OciDigest *digest, G_GNUC_UNUSED uint64_t size, gpointer data)
{
  Seed *self = data;
  OciDigestHex hex;
  g_autofree char *path = g_strconcat ("blobs/sha256/", oci_digest_hex (digest, hex), NULL);
  if (self->error == NULL && linkat (self->from, path, self->to, path, 0) < 0 && errno != EEXIST
      && errno != ENOENT) /* gc was faster: then it is fetched */
    (void) oci_throw_errno (&self->error, "linking the download %s", path);
}

gboolean
terrane_seed_downloads (TerraneStore *from, TerraneStore *to, GError **error)
{
  OciLayout *layout = terrane_store_downloads (from);
  Seed seed = { .from = oci_layout_dfd (layout),
                .to = oci_layout_dfd (terrane_store_downloads (to)) };
  gboolean ok = oci_layout_foreach_blob (layout, link_blob, &seed, error);
  if (seed.error == NULL)
    return ok;
  g_propagate_error (ok ? error : NULL, seed.error);
  return FALSE;
}

void
terrane_seed_image (TerraneStore *from, TerraneStore *to, const OciDigest *manifest)
{
  uint64_t size = 0;
  gboolean found = FALSE;
  OciLayout *layout = terrane_store_layout (from);
  if (!oci_layout_find_blob (layout, manifest, &found, &size, NULL) || !found)
    return;
  g_autoptr (OciDescriptor) descriptor =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, manifest, size);
  /* An image that cannot be copied is fetched. */
  (void) oci_image_copy (layout, descriptor, terrane_store_layout (to), NULL);
}
