/* Changes to a file that people write: requirements.in. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_canonical:
 * @text: a requirement by PEP 508: NAME[EXTRAS] with versions or "@ URL", and a marker
 * @out_name: (out) (transfer full) (optional): normalised
 *
 * Returns: (transfer full) (nullable): the same as a line of a requirements file, with normalised
 *   names; %NULL with %OCI_ERROR_USAGE for anything else, which would mean something else in a file
 */
char *terrane_requirement_canonical (const char *text, char **out_name, GError **error);

/**
 * terrane_requirements_edit:
 * @name: of the file, for messages
 * @text: what it has
 * @requirement: see terrane_requirement_canonical()
 *
 * Replaces the line of the same project, or of several the one with the same marker, and adds a
 * line at the end where there is none. All else stays byte by byte, a comment after the line as
 * well.
 *
 * Returns: (transfer full) (nullable): the text; %NULL with %OCI_ERROR_USAGE when the project has
 *   several lines with other markers
 */
char *terrane_requirements_edit (const char *name, const char *text, const char *requirement,
                                 GError **error);

G_END_DECLS
