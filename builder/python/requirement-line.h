/* One requirement of a requirements file: "NAME[EXTRAS]==VERSION ; MARKER --hash=sha256:HEX" or
 * "NAME @ URL …" (PEP 508, and pip's per-requirement options). */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/* How messages end that a generated file would not have caused. */
#define TERRANE_PINNED_ADVICE                                                                      \
  "; generate the file with 'pip-compile --generate-hashes' or "                                   \
  "'uv pip compile --generate-hashes'"

/**
 * terrane_requirement_parse_line:
 * @text: a logical line: continuations joined, comments removed
 *
 * Extras are dropped: who wrote the file has resolved them. Hashes of other algorithms than
 * SHA-256 are passed over; one of SHA-256 there must be, as --hash or as fragment of the URL.
 *
 * Returns: (transfer full) (nullable): the requirement, or %NULL with %OCI_ERROR_USAGE or
 *   %OCI_ERROR_LIMIT
 */
TerraneRequirement *terrane_requirement_parse_line (const char *text, GError **error);

/**
 * terrane_requirement_expand:
 * @text: such as "https://user:${TOKEN}@host/simple"
 *
 * Puts in environment variables as pip does: only ${NAME} of A-Z, 0-9 and "_". Unlike pip's, an
 * unset one is an error: the text would go out as part of a URL.
 *
 * Returns: (transfer full) (nullable): may be secret; %NULL with %OCI_ERROR_USAGE
 */
char *terrane_requirement_expand (const char *text, GError **error);

G_END_DECLS
