/* The trees of sources: made once, and found again by what they were made of. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/progress.h"
#include "builder/source/source.h"
#include "builder/store/commit.h"

G_BEGIN_DECLS

/**
 * terrane_source_tree_inputs:
 * @identity: of the source's content
 *
 * Everything that a tree's commit depends on.
 *
 * Returns: (transfer full)
 */
json_t *terrane_source_tree_inputs (const OciDigest *identity, const TerraneSourceSpec *spec,
                                    TerraneModes modes);

/** The digest of the same. */
OciDigest terrane_source_tree_key (const OciDigest *identity, const TerraneSourceSpec *spec,
                                   TerraneModes modes);

/** The commit of @key if it is known and still stored, which @out_found says. */
gboolean terrane_source_tree_find_commit (TerraneStore *store, const OciDigest *key,
                                          OciDigest *out_commit, gboolean *out_found,
                                          GError **error);
gboolean terrane_source_tree_remember (TerraneStore *store, const OciDigest *key,
                                       const OciDigest *commit, GError **error);

/** As terrane_source_tree_remember(), of what another machine says that @key gives. */
gboolean terrane_source_tree_claim (TerraneStore *store, const OciDigest *key,
                                    const OciDigest *commit, GError **error);
gboolean terrane_source_tree_is_claimed (TerraneStore *store, const OciDigest *key);

/* A tree that is in the store, and in memory too when it was just read. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree;    /* (nullable) */
  gboolean made;        /* its source was read now */
  OciDigest read;       /* commit of the tree before it was transformed */
  gboolean open;        /* what is in it is not known; only when it was looked at */
  gboolean transformed; /* its transforms were applied now */
  json_t *transforms;   /* (nullable): what they depend on, see terrane_transform_keys() */
  json_t *reports;      /* (nullable) array: what each transform did, see transform/report.h */
  json_t *findings;     /* (nullable) array: see terrane_source_find() */
  GPtrArray *unused; /* (nullable) of char *: what is for all trees and matched nothing in this one;
                      * NULL when it was not read now */
  gboolean has_debug;
  OciDigest debug; /* commit of what "strip" took out and kept */
} TerraneSourceTree;

/** Like terrane_source_tree_find_commit(), with what transforms did when it was read. @out_tree:
 * (out caller-allocates) */
gboolean terrane_source_tree_find (TerraneStore *store, const OciDigest *key,
                                   TerraneSourceTree *out_tree, gboolean *out_found,
                                   GError **error);

void terrane_source_tree_clear (TerraneSourceTree *self);

/** Takes the tree out, loading it first if need be. Returns: (transfer full) (nullable) */
TerraneTree *terrane_source_tree_steal (TerraneSourceTree *self, TerraneStore *store,
                                        GError **error);

/** Adds what was found when the tree was read to @findings of the image. */
void terrane_source_tree_report (const TerraneSourceTree *self, const TerraneImageView *view,
                                 TerraneFindings *findings);

/* How trees are made. */
typedef struct
{
  unsigned jobs; /* threads */
  const TerraneProgress *progress;
} TerraneSourceTreeOptions;

/**
 * terrane_source_tree_make_from:
 * @identity: of the source's content
 * @feed: (nullable): reads the source instead of its kind
 * @out_tree: (out caller-allocates)
 *
 * Reads a source into the store unless its tree is there.
 */
gboolean terrane_source_tree_make_from (TerraneStore *store, const TerranePin *pin,
                                        const OciDigest *identity, TerraneSourceFeed feed,
                                        gpointer feed_data, const TerraneSourceTreeOptions *options,
                                        TerraneSourceTree *out_tree, GError **error);

/**
 * terrane_source_tree_make:
 * @pin: not of an image; gets its key
 * @out_tree: (out caller-allocates)
 *
 * Identifies a source first, unless that was done and its tree is stored.
 */
gboolean terrane_source_tree_make (TerraneStore *store, TerranePin *pin,
                                   const TerraneSourceTreeOptions *options,
                                   TerraneSourceTree *out_tree, GError **error);

/**
 * terrane_source_tree_look:
 * @pin: not of an image, and nothing of it is open; gets its key
 * @out_stored: (out): whether the tree is in the store
 * @out_known: (out): whether @out_tree says what it is or would be: a source that is on this
 * machine is read to tell, unless that is much
 *
 * What terrane_source_tree_make() would give, without bringing anything into the store.
 */
gboolean terrane_source_tree_look (TerraneStore *store, TerranePin *pin, unsigned jobs,
                                   TerraneSourceTree *out_tree, gboolean *out_stored,
                                   gboolean *out_known, GError **error);

/** Identifies a source, and before that the one that it is compiled in. @pin: gets its key */
gboolean terrane_source_tree_set_key (TerraneStore *store, TerranePin *pin, OciDigest *out_identity,
                                      GError **error);

/** Whether terrane_source_tree_make() would read nothing. @pin: gets its key */
gboolean terrane_source_tree_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored,
                                        GError **error);

G_END_DECLS
