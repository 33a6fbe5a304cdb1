#include "builder/image/portable-key.h"

#include "builder/image/source-tree.h"
#include "builder/source/file-digest.h"
#include "builder/source/source.h"

/* As the source's own identity is where the profile has the digests of all its files. */
static gboolean
identify_archives (TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
                   GError **error)
{
  OCI_PREFIX (error, "%s.archive", pin->spec->where);
  g_autoptr (OciDigester) digester = oci_digester_new ();
  for (guint i = 0; i < pin->spec->archives->len; i++)
    {
      const TerraneArchiveFile *file = pin->spec->archives->pdata[i];
      OciDigest digest = file->sha256;
      if (!file->has_sha256 && file->url == NULL
          && !terrane_file_digest (store, file->path, &digest, error))
        return FALSE;
      oci_digester_update (digester, digest.bytes, sizeof digest.bytes);
    }
  *out_identity = oci_digester_finish (digester);
  return TRUE;
}

gboolean
terrane_portable_key (TerraneStore *store, const TerranePin *pin, OciDigest *out_key,
                      gboolean *out_portable, GError **error)
{
  OciDigest identity;
  gboolean ok = TRUE;
  *out_portable = TRUE;
  switch (pin->spec->kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      ok = identify_archives (store, pin, &identity, error);
      break;
    case TERRANE_SOURCE_IMAGE:
      identity = pin->digest;
      break;
    case TERRANE_SOURCE_WHEELS:
    case TERRANE_SOURCE_OSTREE:
      ok = terrane_source_type (pin->spec->kind)->identify (store, pin, &identity, error);
      break;
    default:
      *out_portable = FALSE;
      return TRUE;
    }
  if (ok)
    *out_key = terrane_source_tree_key (&identity, pin->spec, pin->modes);
  return ok;
}
