/* Where the bytes of a base or tree come from. One kind of source is one file with one row here.
 *
 * A source is first identified: a digest that changes whenever its content does, cheap enough to be
 * computed in every build. Only when no tree of that identity is stored is it read. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/ingest.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* as in the profile */

  /* Digests what the source holds now. (transfer none) everything. */
  gboolean (*identify) (TerraneStore *store, const TerraneSourceSpec *spec, OciDigest *out_identity,
                        GError **error);

  /* Feeds all entries to the filter, paths as in the source. */
  gboolean (*read) (TerraneStore *store, const TerraneSourceSpec *spec, gpointer filter,
                    GError **error);
} TerraneSourceType;

extern const TerraneSourceType terrane_source_archive;
extern const TerraneSourceType terrane_source_directory;

/** Returns: (transfer none): the row of @kind; images have none, see image/flatten.h */
const TerraneSourceType *terrane_source_type (TerraneSourceKind kind);

/* Between a source and the ingest: places entries under the prefix and applies what the profile
 * says about each entry. */
typedef struct _TerraneSourceFilter TerraneSourceFilter;

/**
 * terrane_source_take:
 * @entry: with its path as the source spells it, normalised
 *
 * Called by a source's read() for every entry.
 */
gboolean terrane_source_take (TerraneSourceFilter *self, const OciEntry *entry,
                              TerraneReadFunc read, gpointer data, GError **error);

/** Entries that were left out, by reason; of the last terrane_source_ingest(). */
typedef struct
{
  guint special_skipped;
} TerraneSourceReport;

/* How a source is read. */
typedef struct
{
  TerraneModes modes;        /* what to do with owners and permission bits */
  unsigned jobs;             /* threads */
  TerraneBytesFunc progress; /* (nullable) */
  gpointer progress_data;
} TerraneSourceOptions;

/**
 * terrane_source_ingest:
 *
 * @out_tree: (out) (transfer full): the tree of the commit
 *
 * Reads a source into the store.
 */
gboolean terrane_source_ingest (TerraneStore *store, const TerraneSourceSpec *spec,
                                const TerraneSourceOptions *options, OciDigest *out_commit,
                                TerraneTree **out_tree, TerraneSourceReport *out_report,
                                GError **error);

G_END_DECLS
