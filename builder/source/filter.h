/* Between a source and the ingest: chooses entries, renames them, places them under the prefix.
 *
 *   path in the source → strip_components → include, exclude → rename → prefix → prune → modes
 *
 * Patterns and renames see the path without its first strip_components components. The target of a
 * hard link goes the same way; the text of a symbolic link stays as it is, also when what it leads
 * to is renamed, unless the tree's transforms say "relocate". Parents of what is taken come with it
 * as 0755 0:0, unless they are taken too. */
#pragma once

#include "builder/profile/profile.h"
#include "builder/store/ingest.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _TerraneSourceFilter TerraneSourceFilter;

/** @spec, @ingest: must outlive @self */
TerraneSourceFilter *terrane_source_filter_new (const TerraneSourceSpec *spec, TerraneModes modes,
                                                TerraneIngest *ingest);
void terrane_source_filter_free (TerraneSourceFilter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneSourceFilter, terrane_source_filter_free)

/**
 * terrane_source_take:
 * @entry: with its path as the source spells it, normalised
 *
 * Called by a source for every entry.
 */
gboolean terrane_source_take (TerraneSourceFilter *self, const OciEntry *entry,
                              TerraneReadFunc read, gpointer data, GError **error);

/** Instead of the above for an entry that the source itself found to be excluded. */
void terrane_source_skip (TerraneSourceFilter *self, const char *path);

/** Keeps something that the user should know about the source. */
void terrane_source_note (TerraneSourceFilter *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/**
 * terrane_source_find:
 * @id: one of terrane_finding_ids()
 * @path: of the file that the finding is about, as the source spells it
 * @fix: what to do
 *
 * Adds a warning to the findings of the image, where a profile may turn it off: for what cannot be
 * seen in the image any more.
 */
void terrane_source_find (TerraneSourceFilter *self, const char *id, const char *path,
                          const char *fix, const char *message);

/** Returns: (transfer full) (nullable): an array of {"id", "path", "message", "fix"}; paths are
 * those of the tree */
json_t *terrane_source_filter_findings (const TerraneSourceFilter *self);

/** Returns: (transfer full) (element-type utf8): what was noted */
GPtrArray *terrane_source_filter_notes (const TerraneSourceFilter *self);

/** Returns: (transfer full) (nullable): what was pruned, see transform/report.h */
json_t *terrane_source_filter_pruned (const TerraneSourceFilter *self);

/** Devices, fifos and sockets that were left out. */
guint terrane_source_filter_special_skipped (const TerraneSourceFilter *self);

/**
 * terrane_source_filter_unused:
 *
 * Patterns and renames that no entry matched, such as "include: ‘lib’". Exclusions that start
 * with a double star are not among them: those are for what may be there.
 *
 * Returns: (transfer full) (element-type utf8)
 */
GPtrArray *terrane_source_filter_unused (const TerraneSourceFilter *self);

/** The same for transforms that all trees share. Returns: (transfer full) (element-type utf8) */
GPtrArray *terrane_source_filter_unused_shared (const TerraneSourceFilter *self);

G_END_DECLS
