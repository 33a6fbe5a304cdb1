/* Versions of Python projects and sets of version specifiers: PEP 440. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* An immutable version. Its numbers may have any number of digits. */
typedef struct _TerraneVersion TerraneVersion;

/**
 * terrane_version_parse:
 * @text: a version according to PEP 440 appendix B, in all spellings that it normalises
 *   ("v1.0-ALPHA.1", "1.0-1"); surrounding spaces are allowed
 *
 * Returns: (transfer full): the version
 * Errors: %OCI_ERROR_FORMAT; %OCI_ERROR_LIMIT for more than 512 bytes.
 */
TerraneVersion *terrane_version_parse (const char *text, GError **error);

void terrane_version_free (TerraneVersion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneVersion, terrane_version_free)

/** Returns: (transfer none): what was parsed, without surrounding spaces; ASCII without control
 * characters */
const char *terrane_version_text (const TerraneVersion *self);

/**
 * terrane_version_compare:
 * The total order of PEP 440 ("Summary of permitted suffixes and relative ordering"), including
 * local versions: "1.0" equals "1.0.0" and is less than "1.0+local".
 *
 * Returns: -1, 0 or 1
 */
int terrane_version_compare (const TerraneVersion *a, const TerraneVersion *b);

/** Whether it is a pre-release or a release of development (PEP 440, "Handling of pre-releases").
 */
gboolean terrane_version_is_prerelease (const TerraneVersion *self);

/**
 * terrane_version_matches:
 * @version: the candidate
 * @specifiers: comma-separated, such as ">=3.9,!=3.9.1,<4"; empty ones are skipped, so "" matches
 *   all. Operators: ~= == != <= >= < > ===, and ".*" after the version of == and !=
 * @out_matches: (out): whether @version is in the set; set on success only
 *
 * PEP 440 ("Version specifiers"). Pre-releases are treated like other versions. "===" compares the
 * text of @version case-insensitively.
 *
 * Errors: %OCI_ERROR_FORMAT for an invalid specifier, %OCI_ERROR_LIMIT for more than 8192 bytes.
 */
gboolean terrane_version_matches (const TerraneVersion *version, const char *specifiers,
                                  gboolean *out_matches, GError **error);

G_END_DECLS
