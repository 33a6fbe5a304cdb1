/* Directories: a working copy is not pinned; one with "pin" is recorded by its commit. */
#include "builder/image/source-tree.h"
#include "builder/resolve/source-fetcher.h"
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
answer (TerraneResolution *self, TerranePin *pin, G_GNUC_UNUSED const json_t *locked, json_t *entry,
        GError **error)
{
  const TerraneResolveOptions *options = self->options;
  const TerraneSourceTreeOptions tree_options = { .jobs = options->jobs,
                                                  .progress = options->progress };
  TerraneSourceTree tree = { 0 };
  OciDigestHex hex;
  gboolean stored = FALSE, known = TRUE;
  if (!pin->spec->pinned)
    return TRUE;
  if (options->look
      && !terrane_source_tree_look (options->store, pin, options->jobs, &tree, &stored, &known,
                                    error))
    return FALSE;
  if (!options->look
      && !terrane_source_tree_make (options->store, pin, &tree_options, &tree, error))
    return FALSE;
  if (known) /* otherwise it is too large for a dry run */
    oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (&tree.commit, hex)));
  terrane_source_tree_clear (&tree);
  return TRUE;
}

const TerraneSourceResolver terrane_resolver_directory = {
  .ask = ask,
  .answer = answer,
};

/* It is on this machine. */
const TerraneSourceFetcher terrane_fetcher_directory = { NULL };
