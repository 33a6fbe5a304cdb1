/* Checks whether the sources of a profile are still those of the lock: tags of images, refs of
 * ostree repositories, archives. */
#pragma once

#include "builder/drift/unit.h"

G_BEGIN_DECLS

/** Checks the base and every tree except wheels, see wheels.h. Results are in the report; an error
 * means that drift as a whole cannot continue. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_drift_ask_sources (const TerraneDriftUnit *self, GError **error);

G_END_DECLS
