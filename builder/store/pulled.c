#include "builder/store/pulled.h"

#include "builder/store/cache.h"
#include "builder/store/downloads.h"

#include <time.h>

enum
{
  DAY_SECONDS = 24 * 60 * 60,
};

static OciDigest
entry_key (const char *url, const char *ref)
{
  g_autofree char *text = g_strconcat (url, "\n", ref, NULL);
  return oci_digest_of (text, strlen (text));
}

gboolean
terrane_pulled_find (TerraneStore *store, const char *url, const char *ref, OciDigest *out_commit)
{
  OciDigest key = entry_key (url, ref);
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_PULLED, &key);
  const char *commit = terrane_cache_text (entry, "commit");
  return commit != NULL && oci_digest_parse_hex (commit, out_commit, NULL);
}

gboolean
terrane_pulled_note (TerraneStore *store, const char *url, const char *ref, const OciDigest *commit,
                     GError **error)
{
  OciDigestHex hex;
  OciDigest key = entry_key (url, ref);
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  oci_json_set (entry, "used", json_integer ((json_int_t) time (NULL)));
  return terrane_cache_put (store, TERRANE_CACHE_PULLED, &key, entry, error);
}

gboolean
terrane_pulled_find_commit (TerraneStore *store, const OciDigest *commit, gboolean *out_whole,
                            GError **error)
{
  OciDigestHex hex;
  OstreeRepoCommitState state = 0;
  g_autoptr (GError) local = NULL;
  *out_whole = FALSE;
  if (ostree_repo_load_commit (terrane_store_repo (store), oci_digest_hex (commit, hex), NULL,
                               &state, &local))
    *out_whole = (state & OSTREE_REPO_COMMIT_STATE_PARTIAL) == 0;
  else if (!g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

gboolean
terrane_pulled_is_fresh (const json_t *value, OciDigest *out_commit)
{
  const char *commit = terrane_cache_text (value, "commit");
  json_int_t used = json_integer_value (json_object_get (value, "used"));
  return used >= (json_int_t) time (NULL) - (json_int_t) TERRANE_DOWNLOADS_KEEP_DAYS * DAY_SECONDS
         && commit != NULL && oci_digest_parse_hex (commit, out_commit, NULL);
}
