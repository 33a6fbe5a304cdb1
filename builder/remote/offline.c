#include "builder/remote/remote-private.h"

#include "oci/image.h"

gboolean
terrane_remote_fail_offline (const char *what, GError **error)
{
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "--offline: %s is not in the store", what);
}

OciDescriptor *
terrane_remote_find_stored (TerraneRemote *self, const OciReference *reference,
                            const OciPlatform *platform, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  uint64_t size = 0;
  g_autofree char *name = oci_reference_text (reference);
  if (!reference->has_digest)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND,
                 "--offline: only the registry knows which image %s is now; use a lock, or write a "
                 "digest instead of the tag",
                 name);
      return NULL;
    }
  gboolean there = FALSE;
  if (!oci_layout_find_blob (layout, &reference->digest, &there, &size, error))
    return NULL;
  if (!there)
    {
      terrane_remote_fail_offline (name, error);
      return NULL;
    }
  g_autoptr (OciDescriptor) unknown =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &reference->digest, size);
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, unknown, OCI_MANIFEST_MAX_BYTES, error);
  g_autofree char *type = raw != NULL ? oci_manifest_document_type (name, raw, NULL, error) : NULL;
  if (type == NULL)
    return NULL;
  g_autoptr (OciDescriptor) found = oci_descriptor_new (type, &reference->digest, size);
  g_autoptr (OciDescriptor) manifest =
      oci_image_find_manifest (layout, found, platform, NULL, NULL, error);
  if (manifest == NULL || !oci_image_read (layout, manifest, NULL, NULL, error))
    return NULL;
  return g_steal_pointer (&manifest);
}
