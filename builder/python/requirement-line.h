/* One requirement of a requirements file: "NAME[EXTRAS]==VERSION ; MARKER --hash=sha256:HEX",
 * "NAME @ URL …" (PEP 508, and pip's per-requirement options), or the URL or path of a wheel. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_parse_line:
 * @text: a logical line: continuations joined, comments removed
 * @directory: that relative paths count from, see requirement-location.h
 *
 * Extras are dropped: who wrote the file has resolved them. Hashes of other algorithms than
 * SHA-256, SHA-384 and SHA-512 do not count.
 *
 * Only what breaks the grammar is an error here. What cannot be installed has a @fault, and what is
 * not pinned lacks version or hashes: terrane_requirements_select() looks at those whose markers
 * hold.
 *
 * Returns: (transfer full) (nullable): the requirement, or %NULL with %OCI_ERROR_USAGE or
 *   %OCI_ERROR_LIMIT
 */
TerraneRequirement *terrane_requirement_parse_line (const char *text, const char *directory,
                                                    GError **error);

/** Of the text after "-e": its fault, and its marker if it has one. Returns: (transfer full) */
TerraneRequirement *terrane_requirement_new_editable (const char *text);

G_END_DECLS
