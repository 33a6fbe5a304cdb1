/* The file of --record. */
#pragma once

#include "builder/progress.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Whether a record can be written to @path; called before the work, which may take long. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_record_file_check (const char *path, GError **error);

/** Replaces the file atomically, mode 0644. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO. */
gboolean terrane_record_file_write (const char *path, const json_t *record, GError **error);

/** Like terrane_record_file_write(), after work that succeeded or failed: after a failure, which
 * has its own error, a record that cannot be written is a warning. Returns: whether both
 * succeeded. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO. */
gboolean terrane_record_file_keep (const char *path, const json_t *record, gboolean ok,
                                   const TerraneProgress *progress, GError **error);

/**
 * terrane_record_file_load:
 * @digest: (nullable): of the image that it must be about
 *
 * Loads the record of a build in order to extend it, or with @digest, makes a new one.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
json_t *terrane_record_file_load (const char *path, const char *digest, GError **error);

G_END_DECLS
