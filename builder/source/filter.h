/* The step between a source and the ingest: chooses entries, renames them, places them under the
 * prefix.
 *
 *     path in the source → strip_components → include, exclude → rename → prefix → prune → modes
 *
 * Patterns and renames see the path without its first strip_components components. The target of a
 * hard link is changed in the same way; the text of a symbolic link is unchanged, even if its
 * target is renamed, unless the tree's transforms say "relocate". Parents of entries are added as
 * 0755 0:0, unless they are entries themselves. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/ingest.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _TerraneSourceFilter TerraneSourceFilter;

/**
 * terrane_source_filter_new:
 * @spec, @ingest: must outlive @self. Returns: (transfer full)
 */
TerraneSourceFilter *terrane_source_filter_new (const TerraneSourceSpec *spec, TerraneModes modes,
                                                TerraneIngest *ingest);
void terrane_source_filter_free (TerraneSourceFilter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSourceFilter, terrane_source_filter_free)

/**
 * terrane_source_take:
 * @entry: with its path as the source spells it, normalised
 * @read: reads the content of a file
 *
 * Called by a source for every entry. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO; those of @read.
 */
gboolean terrane_source_take (TerraneSourceFilter *self, const OciEntry *entry,
                              TerraneReadFunc read, gpointer data, GError **error);

/** Whether `include` and `exclude` of the source's spec leave @path in the tree. */
gboolean terrane_source_wants (TerraneSourceFilter *self, const char *path);

/** Called instead of terrane_source_take() for an entry that the source itself excludes. */
void terrane_source_skip (TerraneSourceFilter *self, const char *path);

/** Adds a note about the source for the user. */
void terrane_source_note (TerraneSourceFilter *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * terrane_source_find:
 * @id: one of terrane_finding_ids()
 * @path: of the file that the finding is about, as the source spells it
 * @fix: what to do
 *
 * Adds a warning to the findings of the image, where a profile may turn it off, about something
 * that can no longer be seen in the image.
 */
void terrane_source_find (TerraneSourceFilter *self, const char *id, const char *path,
                          const char *fix, const char *message);

/** Returns: (transfer full) (nullable): an array of {"id", "path", "message", "fix"}; paths are
 * those of the tree */
json_t *terrane_source_filter_findings (const TerraneSourceFilter *self);

/** Returns: (transfer full) (element-type utf8): the notes */
GPtrArray *terrane_source_filter_notes (const TerraneSourceFilter *self);

/** Returns: (transfer full) (nullable): what was pruned, see transform/report.h */
json_t *terrane_source_filter_pruned (const TerraneSourceFilter *self);

/** Number of devices, fifos and sockets that were skipped. */
guint terrane_source_filter_special_skipped (const TerraneSourceFilter *self);

/** Number of files and links that strip_components left out. */
guint terrane_source_filter_stripped (const TerraneSourceFilter *self);

/** Returns: (transfer full) (element-type utf8): patterns and renames that no entry matched, such
 * as "include: ‘lib’", except exclusions that start with a double star, which are for what may
 * exist */
GPtrArray *terrane_source_filter_unused (const TerraneSourceFilter *self);

/** Returns: (transfer full) (element-type utf8): likewise, for transforms that all trees share */
GPtrArray *terrane_source_filter_unused_shared (const TerraneSourceFilter *self);

G_END_DECLS
