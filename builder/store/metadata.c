#include "builder/store/metadata.h"

GVariant *
terrane_metadata_load (OstreeRepo *repo, OstreeObjectType type, const char *hex, GError **error)
{
  OciDigest expected;
  g_autoptr (GVariant) variant = NULL;
  if (!oci_digest_parse_hex (hex, &expected, error)
      || !ostree_repo_load_variant (repo, type, hex, &variant, error))
    return NULL;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (variant);
  OciDigest actual = oci_digest_of_bytes (bytes);
  if (oci_digest_equal (&actual, &expected))
    return g_steal_pointer (&variant);
  oci_throw (error, OCI_ERROR_CORRUPT,
             "the object %.12s…, %s, is damaged; 'terrane fsck --repair' removes it, and the next "
             "build makes it again",
             hex,
             type == OSTREE_OBJECT_TYPE_COMMIT     ? "a commit"
             : type == OSTREE_OBJECT_TYPE_DIR_TREE ? "a directory"
                                                   : "attributes of directories");
  return NULL;
}
