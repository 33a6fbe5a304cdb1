/* Branches of ostree repositories: the commit. */
#include "builder/remote/ostree.h"
#include "builder/resolve/source-fetcher.h"
#include "builder/resolve/source-resolver.h"
#include "builder/source/ostree.h"
#include "builder/store/pulled.h"

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

/* Finds the current commit of the ref. */
static gboolean
find_commit (const TerraneResolution *self, const TerraneSourceSpec *spec, OciDigest *out_commit,
             GError **error)
{
  OCI_PREFIX (error, "%s.ostree", spec->where);
  return terrane_ostree_is_remote (spec) ? terrane_remote_resolve_ostree (
             self->options->remote, spec->ostree_repository, spec->ostree_ref, out_commit, error)
                                         : terrane_ostree_resolve_local (spec, out_commit, error);
}

static gboolean
answer (TerraneResolution *self, TerranePin *pin, const json_t *locked, json_t *entry,
        GError **error)
{
  OciDigestHex hex;
  const char *known = json_string_value (json_object_get (locked, "commit"));
  pin->has_digest = terrane_ostree_names_commit (pin->spec, &pin->digest) /* over a lock */
                    || (known != NULL && oci_digest_parse_hex (known, &pin->digest, NULL));
  if (!pin->has_digest && !terrane_resolution_may_ask (self))
    return TRUE; /* an entry without an answer is a difference */
  if (!pin->has_digest && !find_commit (self, pin->spec, &pin->digest, error))
    return FALSE;
  pin->has_digest = TRUE;
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&pin->digest, hex)));
  return TRUE;
}

const TerraneSourceResolver terrane_resolver_ostree = {
  .ask = ask,
  .answer = answer,
};

static gboolean
fetch (TerraneFetch *self, const TerranePin *pin, GError **error)
{
  OciDigestHex hex;
  TerraneStore *store = terrane_remote_store (self->remote);
  const char *repository = pin->spec->ostree_repository;
  if (!terrane_ostree_is_remote (pin->spec))
    return TRUE;
  OCI_PREFIX (error, "%s.ostree", pin->spec->where);
  /* Recorded before the pull, also by checksum, so that gc keeps what has arrived. */
  return terrane_store_begin_write (store, error)
         && terrane_pulled_note (store, repository, oci_digest_hex (&pin->digest, hex),
                                 &pin->digest, error)
         && terrane_remote_pull_ostree (self->remote, repository, &pin->digest, error);
}

const TerraneSourceFetcher terrane_fetcher_ostree = { .fetch = fetch };
