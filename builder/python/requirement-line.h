/* One requirement of a requirements file: "NAME[EXTRAS]==VERSION ; MARKER --hash=sha256:HEX",
 * "NAME @ URL …" (PEP 508, and pip's per-requirement options), or the URL or path of a wheel. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_parse_line:
 * @text: a logical line: continuations joined, comments removed
 * @directory: base of relative paths, see requirement-location.h
 *
 * Drops extras, which the writer of the file has resolved. Ignores hashes of algorithms other than
 * SHA-256, SHA-384 and SHA-512.
 *
 * Only violations of the grammar are errors here. A requirement that cannot be installed has a
 * @fault, and one that is not pinned lacks version or hashes: terrane_requirements_select()
 * examines those whose markers hold.
 *
 * Returns: (transfer full): the requirement
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
TerraneRequirement *terrane_requirement_parse_line (const char *text, const char *directory,
                                                    GError **error);

/** Makes a requirement from the text after "-e": with a fault, and its marker if it has one.
 * Returns: (transfer full) */
TerraneRequirement *terrane_requirement_new_editable (const char *text);

G_END_DECLS
