/* Location of the wheel of a requirement, and its acceptable digests. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_expand:
 * @text: such as "https://user:${TOKEN}@host/simple"
 * @directory: value of ${PROJECT_ROOT} if that variable is not set: uv and PDM write it
 *
 * Substitutes environment variables as pip does: only ${NAME} of A-Z, 0-9 and "_". Unlike with pip,
 * an unset one is an error: the text would be sent as part of a URL.
 *
 * Returns: (transfer full): may be secret
 * Errors: %OCI_ERROR_USAGE.
 */
char *terrane_requirement_expand (const char *text, const char *directory, GError **error);

/**
 * terrane_requirement_locate:
 * @self: receives the URL or the path, and hashes in a fragment; otherwise a fault
 * @text: a URL of http, https or file, or a path
 * @directory: base of relative paths
 *
 * Fails only for invalid hashes.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
gboolean terrane_requirement_locate (TerraneRequirement *self, const char *text,
                                     const char *directory, GError **error);

/** Returns: (transfer full) (nullable): name of the file in a requirement's URL or path, decoded;
 * %NULL without either */
char *terrane_requirement_file_name (const TerraneRequirement *self);

/** Adds the hash "ALGORITHM:HEX". Only sets @weak_hashes for weak algorithms. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT. */
gboolean terrane_requirement_read_hash (TerraneRequirement *self, const char *text, GError **error);

/**
 * terrane_long_hash_matches:
 * @hash: "sha384:HEX" or "sha512:HEX"
 * @fd: a file, read from its start
 *
 * Whether the file has this hash.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_long_hash_matches (const char *hash, int fd, gboolean *out_matches,
                                    GError **error);

/**
 * terrane_requirement_accept:
 * @fd: a file, read from its start
 * @sha256: its digest
 *
 * If the file has one of the long hashes, its SHA-256 is acceptable from now on, and
 * terrane_requirement_accepted_as() returns that hash.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_requirement_accept (TerraneRequirement *self, int fd, const OciDigest *sha256,
                                     GError **error);

/** Returns: (transfer none) (nullable): the long hash of a file with @sha256; %NULL if the
 * requirement itself has @sha256, or does not accept it */
const char *terrane_requirement_accepted_as (const TerraneRequirement *self,
                                             const OciDigest *sha256);

G_END_DECLS
