/* Trees by what they were made of: tree key -> commit. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/progress.h"
#include "builder/source/source.h"
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

/** The commit of @key if it is known and still stored, which @out_found says. */
gboolean terrane_tree_cache_get (TerraneStore *store, const OciDigest *key, OciDigest *out_commit,
                                 gboolean *out_found, GError **error);
gboolean terrane_tree_cache_put (TerraneStore *store, const OciDigest *key, const OciDigest *commit,
                                 GError **error);

/* A tree that is in the store, and in memory too when it was just read. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree; /* (nullable) */
  json_t *reports;   /* (nullable) array: what each transform did, see transform/report.h */
  json_t *findings;  /* (nullable) array: see terrane_source_find() */
  GPtrArray *unused; /* (nullable) of char *: what is for all trees and matched nothing in this one;
                      * NULL when it was not read now */
  gboolean has_debug;
  OciDigest debug; /* commit of what "strip" took out and kept */
} TerraneStoredTree;

/** Like terrane_tree_cache_get(), with what transforms did when it was read. @out_tree: (out
 * caller-allocates) */
gboolean terrane_tree_cache_find (TerraneStore *store, const OciDigest *key,
                                  TerraneStoredTree *out_tree, gboolean *out_found, GError **error);

void terrane_stored_tree_clear (TerraneStoredTree *self);

/** Takes the tree out, loading it first if need be. Returns: (transfer full) (nullable) */
TerraneTree *terrane_stored_tree_steal (TerraneStoredTree *self, TerraneStore *store,
                                        GError **error);

/** Adds what was found when the tree was read to @findings of the image. */
void terrane_stored_tree_report (const TerraneStoredTree *self, const TerraneImageView *view,
                                 TerraneFindings *findings);

/* How trees are made. */
typedef struct
{
  unsigned jobs; /* threads */
  const TerraneProgress *progress;
} TerraneTreeOptions;

/**
 * terrane_tree_resolve_as:
 * @identity: of the source's content
 * @feed: (nullable): reads the source instead of its kind
 * @out_tree: (out caller-allocates)
 *
 * Reads a source into the store unless its tree is there.
 */
gboolean terrane_tree_resolve_as (TerraneStore *store, const TerranePin *pin,
                                  const OciDigest *identity, TerraneSourceFeed feed,
                                  gpointer feed_data, const TerraneTreeOptions *options,
                                  TerraneStoredTree *out_tree, GError **error);

/**
 * terrane_tree_resolve_source:
 * @pin: not of an image; gets its key
 * @out_tree: (out caller-allocates)
 *
 * Identifies a source first, unless that was done and its tree is stored.
 */
gboolean terrane_tree_resolve_source (TerraneStore *store, TerranePin *pin,
                                      const TerraneTreeOptions *options,
                                      TerraneStoredTree *out_tree, GError **error);

/** Whether terrane_tree_resolve_source() would read nothing. @pin: gets its key */
gboolean terrane_tree_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored,
                                 GError **error);

G_END_DECLS
