/* Selects the wheel that a pinned requirement installs in an image. */
#pragma once

#include "builder/python/index-file.h"
#include "builder/python/target.h"
#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_select_wheel:
 * @project: its name, in any spelling
 * @version: as pinned; matched like "==" (PEP 440): "1.0" also means "1.0.0" and "1.0+local"
 * @files: (element-type TerraneIndexFile): files that indexes offer for the project; other files
 *   are skipped
 * @hashes: SHA-256 digests that the requirement allows. A file without a digest is a candidate by
 *   its name alone, since the caller verifies every download. If @n_hashes is 0, only such files
 *   are candidates
 * @target: what the wheel must match
 *
 * Like pip: among the wheels that match and whose `requires_python` allows the target's Python,
 * prefers those with a known digest, then the greatest version, the best tag (PEP 425) and the
 * greatest build tag, then the first. Yanked files are not treated differently, since the version
 * is pinned (PEP 592). A `requires_python` that is not a specifier set is ignored.
 *
 * Errors: %OCI_ERROR_USAGE if @project or @version is not valid, or if a wheel for a C library
 *   could be used, and the target's is not known. %OCI_ERROR_NOT_FOUND if there is no such wheel;
 *   the message lists what there is instead: other versions, only a source distribution, or wheels
 *   with the reason why each does not match, closest first, a line each.
 *
 * Returns: (transfer none): an element of @files
 */
const TerraneIndexFile *terrane_select_wheel (const char *project, const char *version,
                                              const GPtrArray *files, const OciDigest *hashes,
                                              size_t n_hashes, const TerranePythonTarget *target,
                                              GError **error);

/** Whether the target's Python, or some release of its minor version if the patch version is
 * unknown, is in a specifier set; %NULL and invalid sets allow all. */
gboolean terrane_select_allows_python (const char *requires_python,
                                       const TerranePythonTarget *target);

/** Returns: (transfer full): "3.11.2", or "3.11" if the patch version is unknown */
char *terrane_select_describe_python (const TerranePythonTarget *target);

G_END_DECLS
