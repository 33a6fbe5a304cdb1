/* Edits a file that is written by hand: requirements.in. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_canonical:
 * @text: a requirement according to PEP 508: NAME[EXTRAS] with versions or "@ URL", and a marker
 * @out_name: (out) (transfer full) (optional): normalised
 *
 * Returns: (transfer full): the same as a line of a requirements file, with normalised names
 * Errors: %OCI_ERROR_USAGE for anything else, which would have another meaning in a file;
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
char *terrane_requirement_canonical (const char *text, char **out_name, GError **error);

/**
 * terrane_requirements_edit:
 * @name: of the file, for messages
 * @text: its content
 * @requirement: see terrane_requirement_canonical()
 *
 * Replaces the line of the same project, or among several the one with the same marker; if there is
 * none, appends a line. Everything else is unchanged, including a comment after the line.
 *
 * Returns: (transfer full): the new content
 * Errors: %OCI_ERROR_USAGE if the project has several lines with other markers; %OCI_ERROR_FORMAT,
 *   %OCI_ERROR_LIMIT.
 */
char *terrane_requirements_edit (const char *name, const char *text, const char *requirement,
                                 GError **error);

G_END_DECLS
