/* Where the bytes of a base or tree come from. One kind of source is one file with one row in
 * TERRANE_SOURCE_KINDS.
 *
 * A source is first identified: a digest that changes whenever its content does, cheap enough to be
 * computed in every build. Only when no tree of that identity is stored is it read.
 *
 * Nothing here goes to the network: what a source needs from there is in the store before,
 * builder/resolve/fetch.h. */
#pragma once

#include "builder/source/filter.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* as in the profile */

  /* Digests what the source holds now. (transfer none) everything. */
  gboolean (*identify) (TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
                        GError **error);

  /* Feeds all entries to the filter, paths as in the source. */
  gboolean (*read) (TerraneStore *store, const TerranePin *pin, TerraneSourceFilter *filter,
                    GError **error);
} TerraneSourceType;

#define TERRANE_SOURCE_TYPE(constant, name, number)                                                \
  extern const TerraneSourceType terrane_source_##name;
TERRANE_SOURCE_KINDS (TERRANE_SOURCE_TYPE)
#undef TERRANE_SOURCE_TYPE

/** Returns: (transfer none): the type of @kind; that of images does nothing, see
 * image/profile-tree.h */
const TerraneSourceType *terrane_source_type (TerraneSourceKind kind);

/** What the user should know about the entries of a source. */
typedef struct
{
  guint special_skipped;
  GPtrArray *unused;        /* of char *: see terrane_source_filter_unused() */
  GPtrArray *unused_shared; /* of char *: what is for all trees and matched nothing in this one */
  GPtrArray *notes;         /* of char *: see terrane_source_note() */
  json_t *pruned;           /* (nullable): see transform/report.h */
  json_t *findings;         /* (nullable): see terrane_source_find() */
} TerraneSourceReport;

void terrane_source_report_clear (TerraneSourceReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneSourceReport, terrane_source_report_clear)

/** Feeds all entries to the filter. */
typedef gboolean (*TerraneSourceFeed) (gpointer data, TerraneSourceFilter *filter, GError **error);

/* How a source is read. */
typedef struct
{
  unsigned jobs;             /* threads */
  TerraneBytesFunc progress; /* (nullable) */
  gpointer progress_data;
  TerraneSourceFeed feed; /* (nullable): instead of the kind's own read() */
  gpointer feed_data;
  uint64_t look_bytes; /* 0, or nothing is written, and at most so many bytes are read */
} TerraneSourceOptions;

/**
 * terrane_source_ingest:
 *
 * @out_tree: (out) (transfer full): the tree of the commit
 *
 * Reads a source into the store.
 */
gboolean terrane_source_ingest (TerraneStore *store, const TerranePin *pin,
                                const TerraneSourceOptions *options, OciDigest *out_commit,
                                TerraneTree **out_tree, TerraneSourceReport *out_report,
                                GError **error);

G_END_DECLS
