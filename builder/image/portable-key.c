#include "builder/image/portable-key.h"

#include "builder/image/profile-tree.h"
#include "builder/image/source-tree.h"
#include "builder/image/tree-transforms.h"
#include "builder/source/compile.h"
#include "builder/source/file-digest.h"
#include "builder/source/source.h"

/* Like the source's own identity if the profile has the digests of all its files. */
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

/* NOLINTNEXTLINE(misc-no-recursion): the source to compile in is not compiled */
static gboolean
identify_compiled (const TerraneSourceContext *context, const TerranePin *pin,
                   OciDigest *out_identity, gboolean *out_portable, GError **error)
{
  OciDigest in;
  if (!terrane_portable_key (context, pin->in, &in, out_portable, error))
    return FALSE;
  if (*out_portable)
    *out_identity = terrane_compile_identity (pin, &in);
  return TRUE;
}

/* For a tree, an image contributes the files at its paths; as a base or to compile in, all
 * files. */
static OciDigest
identify_image (const TerraneSourceContext *context, const TerranePin *pin)
{
  return pin->spec->image_paths != NULL
             ? terrane_image_tree_identity (context, pin->spec, &pin->digest)
             : pin->digest;
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
gboolean
terrane_portable_key (const TerraneSourceContext *context, const TerranePin *pin,
                      OciDigest *out_key, gboolean *out_portable, GError **error)
{
  TerraneStore *store = context->store;
  OciDigest identity;
  gboolean ok = TRUE;
  *out_portable = TRUE;
  switch (pin->spec->kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      ok = identify_archives (store, pin, &identity, error);
      break;
    case TERRANE_SOURCE_IMAGE:
      identity = identify_image (context, pin);
      break;
    case TERRANE_SOURCE_COMPILE:
      ok = identify_compiled (context, pin, &identity, out_portable, error);
      break;
    case TERRANE_SOURCE_WHEELS:
    case TERRANE_SOURCE_OSTREE:
      ok = terrane_source_type (pin->spec->kind)->identify (store, pin, &identity, error);
      break;
    default:
      *out_portable = FALSE;
      return TRUE;
    }
  if (ok && *out_portable)
    *out_key = terrane_source_tree_key (&identity, pin->spec, pin->modes);
  return ok;
}

static OciDigest
make_key (const OciDigest *source, json_t *transforms)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) key = json_object ();
  oci_json_set (key, "source", oci_json_text (oci_digest_hex (source, hex)));
  oci_json_set (key, "transforms", json_incref (transforms));
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

gboolean
terrane_portable_tree_key (const TerraneSourceContext *context, const TerranePin *pin,
                           const TerraneBase *base, OciDigest *out_key, gboolean *out_portable,
                           GError **error)
{
  OciDigest source;
  if (!terrane_portable_key (context, pin, &source, out_portable, error))
    return FALSE;
  if (!*out_portable)
    return TRUE;
  g_autoptr (OciJsonValue) transforms =
      base != NULL ? terrane_profile_tree_transform_keys (context, pin->spec, &base->root.commit,
                                                          base->config, error)
                   : json_array ();
  if (transforms == NULL)
    return FALSE;
  *out_key = make_key (&source, transforms);
  return TRUE;
}
