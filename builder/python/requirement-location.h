/* Where the wheel of a requirement is, and which digests it may have. */
#pragma once

#include "builder/python/requirement.h"

G_BEGIN_DECLS

/**
 * terrane_requirement_expand:
 * @text: such as "https://user:${TOKEN}@host/simple"
 * @directory: what ${PROJECT_ROOT} is where that variable is not set: uv and PDM write it
 *
 * Puts in environment variables as pip does: only ${NAME} of A-Z, 0-9 and "_". Unlike pip's, an
 * unset one is an error: the text would go out as part of a URL.
 *
 * Returns: (transfer full) (nullable): may be secret; %NULL with %OCI_ERROR_USAGE
 */
char *terrane_requirement_expand (const char *text, const char *directory, GError **error);

/**
 * terrane_requirement_locate:
 * @self: gets the URL or the path, and hashes of a fragment; else a fault
 * @text: a URL of http, https or file, or a path
 * @directory: that relative paths count from
 *
 * Fails for broken hashes only.
 */
gboolean terrane_requirement_locate (TerraneRequirement *self, const char *text,
                                     const char *directory, GError **error);

/** The name of the file that a requirement's URL or path leads to, decoded. Returns: (transfer
 * full) (nullable): %NULL without either */
char *terrane_requirement_file_name (const TerraneRequirement *self);

/** Adds the hash "ALGORITHM:HEX". Those of weak algorithms are noted only. */
gboolean terrane_requirement_read_hash (TerraneRequirement *self, const char *text, GError **error);

/**
 * terrane_long_hash_matches:
 * @hash: "sha384:HEX" or "sha512:HEX"
 * @fd: a file, read from its start
 */
gboolean terrane_long_hash_matches (const char *hash, int fd, gboolean *out_matches,
                                    GError **error);

/**
 * terrane_requirement_accept:
 * @fd: a file, read from its start
 * @sha256: its digest
 *
 * When the file has one of the long hashes, its SHA-256 is an acceptable one from now on, and
 * terrane_requirement_accepted_as() says by which hash.
 */
gboolean terrane_requirement_accept (TerraneRequirement *self, int fd, const OciDigest *sha256,
                                     GError **error);

/** Returns: (transfer none) (nullable): %NULL when the requirement itself has @sha256, or not */
const char *terrane_requirement_accepted_as (const TerraneRequirement *self,
                                             const OciDigest *sha256);

G_END_DECLS
