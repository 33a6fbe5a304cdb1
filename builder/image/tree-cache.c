#include "builder/image/tree-cache.h"

#include "builder/source/source.h"
#include "builder/store/cache.h"
#include "builder/version.h"

OciDigest
terrane_tree_key (const OciDigest *identity, const TerraneSourceSpec *spec, TerraneModes modes)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) key = json_object ();
  json_t *exclude = json_array ();
  for (char **pattern = spec->exclude; pattern != NULL && *pattern != NULL; pattern++)
    oci_json_append (exclude, oci_json_text (*pattern));
  oci_json_set (key, "assembler", oci_json_text (TERRANE_ASSEMBLER_VERSION));
  oci_json_set (key, "kind", json_integer (spec->kind));
  oci_json_set (key, "source", oci_json_text (oci_digest_hex (identity, hex)));
  oci_json_set (key, "prefix", oci_json_text (spec->prefix));
  oci_json_set (key, "strip", json_integer ((json_int_t) spec->strip_components));
  oci_json_set (key, "exclude", exclude);
  oci_json_set (key, "special", json_boolean (spec->skip_special));
  oci_json_set (key, "symlinks", json_boolean (spec->allow_outside_links));
  oci_json_set (key, "modes", json_integer (modes));
  g_autoptr (GBytes) bytes = oci_json_dump (key);
  return oci_digest_of_bytes (bytes);
}

gboolean
terrane_tree_cache_get (TerraneStore *store, const OciDigest *key, OciDigest *out_commit)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_TREES, key);
  const char *commit = terrane_cache_text (entry, "commit");
  return commit != NULL && oci_digest_parse_hex (commit, out_commit, NULL)
         && terrane_commit_exists (store, out_commit);
}

gboolean
terrane_tree_cache_put (TerraneStore *store, const OciDigest *key, const OciDigest *commit,
                        GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  return terrane_cache_put (store, TERRANE_CACHE_TREES, key, entry, error);
}

void
terrane_stored_tree_clear (TerraneStoredTree *self)
{
  g_clear_pointer (&self->tree, terrane_tree_free);
}

TerraneTree *
terrane_stored_tree_steal (TerraneStoredTree *self, TerraneStore *store, GError **error)
{
  return self->tree != NULL ? g_steal_pointer (&self->tree)
                            : terrane_commit_load (store, &self->commit, error);
}

static void
advance (gpointer data, uint64_t bytes)
{
  terrane_progress_advance (data, bytes);
}

gboolean
terrane_tree_resolve_source (TerraneStore *store, const TerraneSourceSpec *spec, TerraneModes modes,
                             unsigned jobs, const TerraneProgress *progress,
                             TerraneStoredTree *out_tree, GError **error)
{
  const TerraneSourceType *type = terrane_source_type (spec->kind);
  OciDigest identity;
  TerraneSourceReport report = { 0 };
  if (!type->identify (store, spec, &identity, error))
    return FALSE;
  OciDigest key = terrane_tree_key (&identity, spec, modes);
  if (terrane_tree_cache_get (store, &key, &out_tree->commit))
    {
      terrane_progress_info (progress, "%s: unchanged", spec->name);
      return TRUE;
    }
  terrane_progress_phase (progress, 0, "reading %s", spec->name);
  const TerraneSourceOptions options = {
    .modes = modes, .jobs = jobs, .progress = advance, .progress_data = (gpointer) progress
  };
  if (!terrane_source_ingest (store, spec, &options, &out_tree->commit, &out_tree->tree, &report,
                              error))
    return FALSE;
  if (report.special_skipped > 0)
    terrane_progress_warn (progress, "%s: left out %u devices, fifos and sockets", spec->name,
                           report.special_skipped);
  return terrane_tree_cache_put (store, &key, &out_tree->commit, error);
}
