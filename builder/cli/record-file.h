/* The file of --record. */
#pragma once

#include "builder/progress.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Whether a record could be written there: before the work, which may take long. */
gboolean terrane_record_file_check (const char *path, GError **error);

/** Replaces the file in one step, mode 0644. */
gboolean terrane_record_file_write (const char *path, const json_t *record, GError **error);

/** The same at the end of work that was a success or not: after a failure, which has its own error,
 * a record that cannot be written is a warning. Returns: whether both were successes */
gboolean terrane_record_file_keep (const char *path, const json_t *record, gboolean ok,
                                   const TerraneProgress *progress, GError **error);

/**
 * terrane_record_file_load:
 * @digest: (nullable): of the image that it must be about
 *
 * The record that a build has left, to add to it, or, with @digest, a new one.
 *
 * Returns: (transfer full) (nullable)
 */
json_t *terrane_record_file_load (const char *path, const char *digest, GError **error);

G_END_DECLS
