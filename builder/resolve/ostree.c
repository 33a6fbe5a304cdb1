/* Branches of ostree repositories: the commit. */
#include "builder/resolve/fetch.h"
#include "builder/resolve/source-resolver.h"

#include <string.h>

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, G_GNUC_UNUSED GError **error)
{
  json_t *entry = json_object ();
  g_autofree char *path = strstr (spec->ostree_repository, "://") != NULL
                              ? g_strdup (spec->ostree_repository)
                              : terrane_resolution_path (self, spec->ostree_repository);
  oci_json_set (entry, "repository", oci_json_text (path));
  oci_json_set (entry, "ref", oci_json_text (spec->ostree_ref));
  return entry;
}

static gboolean
answer (TerraneResolution *self, TerraneSourceSpec *spec, const json_t *locked, json_t *entry,
        GError **error)
{
  OciDigest commit;
  OciDigestHex hex;
  const char *known = json_string_value (json_object_get (locked, "commit"));
  if (oci_digest_parse_hex (spec->ostree_ref, &commit, NULL))
    known = spec->ostree_ref; /* whatever a lock says */
  if (known == NULL && !terrane_resolution_may_ask (self))
    return TRUE; /* an entry without an answer is a difference */
  if (known == NULL && !terrane_fetch_ostree_commit (self->options->remote, spec, &commit, error))
    return FALSE;
  spec->ostree_commit = g_strdup (known != NULL ? known : oci_digest_hex (&commit, hex));
  oci_json_set (entry, "commit", oci_json_text (spec->ostree_commit));
  return TRUE;
}

const TerraneSourceResolver terrane_resolver_ostree = {
  .ask = ask,
  .answer = answer,
};
