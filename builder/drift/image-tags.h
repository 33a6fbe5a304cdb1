/* Checks whether images in registries and files are still those of the lock. */
#pragma once

#include "builder/drift/unit.h"

G_BEGIN_DECLS

/** Checks one source. @entry: of the lock. An error means that drift as a whole cannot continue.
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean terrane_drift_ask_image (const TerraneDriftUnit *self, const TerraneSourceSpec *spec,
                                  const json_t *entry, GError **error);

G_END_DECLS
