/* Directories: what one works on stays open; one with "pin" is recorded by its commit. */
#include "builder/image/tree-cache.h"
#include "builder/resolve/source-resolver.h"

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, G_GNUC_UNUSED GError **error)
{
  json_t *entry = json_object ();
  g_autofree char *path = terrane_resolution_path (self, spec->directory);
  oci_json_set (entry, "directory", oci_json_text (path));
  return entry;
}

static gboolean
answer (TerraneResolution *self, TerraneSourceSpec *spec, G_GNUC_UNUSED const json_t *locked,
        json_t *entry, GError **error)
{
  const TerraneResolveOptions *options = self->options;
  const TerraneTreeOptions tree_options = { .modes = spec == self->profile->base
                                                         ? TERRANE_MODES_KEEP
                                                         : spec->transforms->modes,
                                            .jobs = options->jobs,
                                            .progress = options->progress };
  TerraneStoredTree tree = { 0 };
  OciDigestHex hex;
  if (!spec->pinned)
    return TRUE;
  if (!terrane_tree_resolve_source (options->store, spec, &tree_options, &tree, error))
    return FALSE;
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&tree.commit, hex)));
  terrane_stored_tree_clear (&tree);
  return TRUE;
}

const TerraneSourceResolver terrane_resolver_directory = {
  .ask = ask,
  .answer = answer,
};
