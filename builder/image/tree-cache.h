/* Trees by what they were made of: tree key -> commit. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/progress.h"
#include "builder/store/commit.h"

G_BEGIN_DECLS

/**
 * terrane_tree_key:
 * @identity: of the source's content
 *
 * Digests everything that a tree's commit depends on.
 */
OciDigest terrane_tree_key (const OciDigest *identity, const TerraneSourceSpec *spec,
                            TerraneModes modes);

/** The commit of @key if it is known and still stored. */
gboolean terrane_tree_cache_get (TerraneStore *store, const OciDigest *key, OciDigest *out_commit);
gboolean terrane_tree_cache_put (TerraneStore *store, const OciDigest *key, const OciDigest *commit,
                                 GError **error);

/* A tree that is in the store, and in memory too when it was just read. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree; /* (nullable) */
} TerraneStoredTree;

void terrane_stored_tree_clear (TerraneStoredTree *self);

/** Takes the tree out, loading it first if need be. Returns: (transfer full) (nullable) */
TerraneTree *terrane_stored_tree_steal (TerraneStoredTree *self, TerraneStore *store,
                                        GError **error);

/**
 * terrane_tree_resolve_source:
 * @out_tree: (out caller-allocates)
 *
 * Identifies an archive or directory and reads it into the store unless its tree is there.
 */
gboolean terrane_tree_resolve_source (TerraneStore *store, const TerraneSourceSpec *spec,
                                      TerraneModes modes, unsigned jobs,
                                      const TerraneProgress *progress, TerraneStoredTree *out_tree,
                                      GError **error);

G_END_DECLS
