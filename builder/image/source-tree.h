/* The trees of sources: made once, and found again by the digest of their inputs. */
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
 * Returns: (transfer full): everything that a tree's commit depends on
 */
json_t *terrane_source_tree_inputs (const OciDigest *identity, const TerraneSourceSpec *spec,
                                    TerraneModes modes);

/** Returns the digest of terrane_source_tree_inputs(). */
OciDigest terrane_source_tree_key (const OciDigest *identity, const TerraneSourceSpec *spec,
                                   TerraneModes modes);

/** Finds the commit for @key. @out_found: (out): whether it is known and still stored. Errors:
 * codes of %G_IO_ERROR (from libostree). */
gboolean terrane_source_tree_find_commit (TerraneStore *store, const OciDigest *key,
                                          OciDigest *out_commit, gboolean *out_found,
                                          GError **error);
/** Stores the commit for @key. @notes: (nullable): object, see terrane_source_tree_note(). Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_source_tree_remember (TerraneStore *store, const OciDigest *key,
                                       const OciDigest *commit, const json_t *notes,
                                       GError **error);

/** Like terrane_source_tree_remember(), for a commit that another machine claims for @key. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_source_tree_claim (TerraneStore *store, const OciDigest *key,
                                    const OciDigest *commit, const json_t *notes, GError **error);
/** Returns: (transfer full) (nullable): what was noted as @name with the commit for @key. Notes are
 * about how it was made, and not part of it. */
json_t *terrane_source_tree_note (TerraneStore *store, const OciDigest *key, const char *name);
/** Adds a note, if there is a commit for @key. Errors: %OCI_ERROR_IO. */
gboolean terrane_source_tree_add_note (TerraneStore *store, const OciDigest *key, const char *name,
                                       const json_t *note, GError **error);
/** Whether the commit for @key is only claimed by another machine. */
gboolean terrane_source_tree_is_claimed (TerraneStore *store, const OciDigest *key);

/* A tree in the store, also in memory if it was just read. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree;    /* (nullable) */
  gboolean made;        /* its source was read now */
  OciDigest read;       /* commit of the tree before it was transformed */
  gboolean open;        /* its content is unknown; only in a dry run */
  gboolean transformed; /* its transforms were applied now */
  json_t *transforms; /* (nullable): what its transforms depend on, see terrane_transform_keys() */
  json_t *reports;    /* (nullable) array: results of its transforms, see transform/report.h */
  json_t *findings;   /* (nullable) array: see terrane_source_find() */
  guint stripped;     /* number of files that strip_components left out; 0 if it was not read now */
  GPtrArray *unused;  /* (nullable) of char *: settings for all trees that matched nothing in this
                         one; NULL if it was not read now */
  gboolean has_debug;
  OciDigest debug; /* commit of debug information that "strip" separated and kept */
} TerraneSourceTree;

/**
 * terrane_source_tree_find:
 * Like terrane_source_tree_find_commit(), with the reports of transforms from when it was read.
 * @out_tree: (out caller-allocates)
 *
 * Errors: codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_source_tree_find (TerraneStore *store, const OciDigest *key,
                                   TerraneSourceTree *out_tree, gboolean *out_found,
                                   GError **error);

void terrane_source_tree_clear (TerraneSourceTree *self);

/** Moves the tree out, after loading it if necessary. Returns: (transfer full). Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree). */
TerraneTree *terrane_source_tree_steal (TerraneSourceTree *self, TerraneStore *store,
                                        GError **error);

/** Adds the findings from when the tree was read to @findings of the image. */
void terrane_source_tree_report (const TerraneSourceTree *self, const TerraneImageView *view,
                                 TerraneFindings *findings);

/* How to make trees. */
typedef struct
{
  unsigned jobs; /* number of threads */
  const TerraneProgress *progress;
} TerraneSourceTreeOptions;

/**
 * terrane_source_tree_make_from:
 * @identity: of the source's content
 * @feed: (nullable): reads the source instead of its kind
 * @out_tree: (out caller-allocates)
 *
 * Reads a source into the store unless its tree is there. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, codes of %G_IO_ERROR
 * (from libostree); those of @feed.
 */
gboolean terrane_source_tree_make_from (TerraneStore *store, const TerranePin *pin,
                                        const OciDigest *identity, TerraneSourceFeed feed,
                                        gpointer feed_data, const TerraneSourceTreeOptions *options,
                                        TerraneSourceTree *out_tree, GError **error);

/**
 * terrane_source_tree_make:
 * @pin: not of an image; its key is set
 * @out_tree: (out caller-allocates)
 *
 * Identifies a source first, unless that was done and its tree is stored. Errors: as for
 * terrane_source_tree_make_from(): %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_source_tree_make (TerraneStore *store, TerranePin *pin,
                                   const TerraneSourceTreeOptions *options,
                                   TerraneSourceTree *out_tree, GError **error);

/**
 * terrane_source_tree_look:
 * @pin: not of an image, with nothing left open; its key is set
 * @out_stored: (out): whether the tree is in the store
 * @out_known: (out): whether @out_tree has its content: a local source is read to find out, unless
 *   it is large
 *
 * The result of terrane_source_tree_make(), as far as it is known without writing to the store.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_source_tree_look (TerraneStore *store, TerranePin *pin, unsigned jobs,
                                   TerraneSourceTree *out_tree, gboolean *out_stored,
                                   gboolean *out_known, GError **error);

/** Identifies a source, and before that the one that it is compiled in. @pin: its key is set.
 * Errors: those of the kind's identify(): %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, codes of
 * %G_IO_ERROR (from libostree). */
gboolean terrane_source_tree_set_key (TerraneStore *store, TerranePin *pin, OciDigest *out_identity,
                                      GError **error);

/** Whether terrane_source_tree_make() would read nothing. @pin: its key is set. Errors: codes of
 * %G_IO_ERROR (from libostree). */
gboolean terrane_source_tree_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored,
                                        GError **error);

G_END_DECLS
