/* Sources of the files of a base or tree. Each kind of source is one file with one row in
 * TERRANE_SOURCE_KINDS.
 *
 * A source is first identified: a digest that changes whenever its content does, cheap enough to be
 * computed in every build. It is read only if no tree of that identity is stored.
 *
 * Nothing here uses the network: everything a source needs from there is in the store before, see
 * builder/resolve/fetch.h. */
#pragma once

#include "builder/source/filter.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* as in the profile */

  /* Digests the current content of the source. Everything is (transfer none). */
  gboolean (*identify) (TerraneStore *store, const TerranePin *pin, OciDigest *out_identity,
                        GError **error);

  /* Passes all entries to the filter, with paths as in the source. */
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

/** Information about the entries of a source for the user. */
typedef struct
{
  guint special_skipped;
  guint stripped;           /* number of files and links that strip_components left out */
  GPtrArray *unused;        /* of char *: see terrane_source_filter_unused() */
  GPtrArray *unused_shared; /* of char *: settings for all trees that matched nothing in this one */
  GPtrArray *notes;         /* of char *: see terrane_source_note() */
  json_t *pruned;           /* (nullable): see transform/report.h */
  json_t *findings;         /* (nullable): see terrane_source_find() */
} TerraneSourceReport;

void terrane_source_report_clear (TerraneSourceReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneSourceReport, terrane_source_report_clear)

/** Passes all entries to the filter. */
typedef gboolean (*TerraneSourceFeed) (gpointer data, TerraneSourceFilter *filter, GError **error);

/* How to read a source. */
typedef struct
{
  unsigned jobs;             /* number of threads */
  TerraneBytesFunc progress; /* (nullable) */
  gpointer progress_data;
  TerraneSourceFeed feed; /* (nullable): replaces the kind's own read() */
  gpointer feed_data;
  uint64_t look_bytes;   /* 0; otherwise nothing is written, and at most this many bytes are read */
  const char *look_keep; /* (nullable): then: see terrane_ingest_new_look() */
} TerraneSourceOptions;

/**
 * terrane_source_ingest:
 * @out_tree: (out) (transfer full): the tree of the commit
 *
 * Reads a source into the store. Errors: those of the kind's read() or of @feed; %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, and codes of
 * %G_IO_ERROR (from libostree).
 */
gboolean terrane_source_ingest (TerraneStore *store, const TerranePin *pin,
                                const TerraneSourceOptions *options, OciDigest *out_commit,
                                TerraneTree **out_tree, TerraneSourceReport *out_report,
                                GError **error);

G_END_DECLS
