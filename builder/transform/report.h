/* Report of a transform about a tree, in the form of records and cache entries:
 *
 *     { "transform": "prune", "files": 812, "saved": 47290000,
 *       "details": { "python-tests": { "files": 500, "saved": 16000000 } }, "notes": ["…"] }
 *
 * "files" counts those that it removed, changed or added; "saved" is the number of bytes by which
 * the tree is smaller, negative if it grew. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct _TerraneTransformReport TerraneTransformReport;

/** Returns: (transfer full): an empty report. @transform: its name, a literal */
TerraneTransformReport *terrane_transform_report_new (const char *transform);
void terrane_transform_report_free (TerraneTransformReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTransformReport, terrane_transform_report_free)

/**
 * terrane_transform_report_count:
 * @detail: (nullable): counted separately, in addition to the whole
 *
 * Counts @files that the transform worked on.
 */
void terrane_transform_report_count (TerraneTransformReport *self, const char *detail,
                                     uint64_t files, int64_t saved);

/** Counts a file that was not changed, for @reason. */
void terrane_transform_report_keep (TerraneTransformReport *self, const char *reason);

/** Adds a note for the user; after the first thirty they are only counted. */
void terrane_transform_report_note (TerraneTransformReport *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** Whether nothing was counted, kept or noted. */
gboolean terrane_transform_report_is_empty (const TerraneTransformReport *self);

/** Returns: (transfer full): the JSON form */
json_t *terrane_transform_report_to_json (const TerraneTransformReport *self);

/** Returns: (transfer full): "prune −812 files, −45.1 MiB (python-tests 15.3 MiB)" */
char *terrane_transform_report_text (const json_t *report);

G_END_DECLS
