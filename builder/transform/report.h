/* What a transform did to a tree, as records and cache entries hold it:
 *
 *   { "transform": "prune", "files": 812, "saved": 47290000,
 *     "details": { "python-tests": { "files": 500, "saved": 16000000 } }, "notes": ["…"] }
 *
 * Files are those that it removed, changed or added; saved are the bytes that the tree is smaller,
 * negative when it grew. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct _TerraneTransformReport TerraneTransformReport;

TerraneTransformReport *terrane_transform_report_new (const char *transform);
void terrane_transform_report_free (TerraneTransformReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTransformReport, terrane_transform_report_free)

/**
 * terrane_transform_report_count:
 * @detail: (nullable): what it is counted under besides the whole
 *
 * Counts @files that the transform worked on.
 */
void terrane_transform_report_count (TerraneTransformReport *self, const char *detail,
                                     uint64_t files, int64_t saved);

/** Counts a file that stayed as it was, for @reason. */
void terrane_transform_report_keep (TerraneTransformReport *self, const char *reason);

/** Something that the user should know; after the first thirty they are only counted. */
void terrane_transform_report_note (TerraneTransformReport *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/** Whether nothing was counted, kept or noted. */
gboolean terrane_transform_report_is_empty (const TerraneTransformReport *self);

/** Returns: (transfer full) */
json_t *terrane_transform_report_to_json (const TerraneTransformReport *self);

/** "prune −812 files, −45.1 MiB (python-tests 15.3 MiB)". Returns: (transfer full) */
char *terrane_transform_report_text (const json_t *report);

G_END_DECLS
