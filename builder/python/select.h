/* The wheel that a pinned requirement installs in an image. */
#pragma once

#include "builder/python/index-file.h"
#include "builder/python/target.h"
#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_select_wheel:
 * @project: its name, in any spelling
 * @version: as pinned; files match it as by "==" (PEP 440): "1.0" also means "1.0.0" and
 * "1.0+local"
 * @files: (element-type TerraneIndexFile): what indexes offer of the project; other files are
 *   skipped
 * @hashes: the SHA-256 digests that the requirement allows. A file without one is a candidate by
 * its name alone: the caller verifies what it downloads in any case. With @n_hashes 0 only such
 * files are.
 * @target: what the wheel must fit
 *
 * Like pip: of the wheels that fit and whose `requires_python` allows the target's Python, those
 * with a known digest first, then the greatest version, the best tag (PEP 425) and the greatest
 * build tag; of equal ones the first. A yanked file is as good as another, since the version is
 * pinned (PEP 592). A `requires_python` that is not a specifier set is ignored.
 *
 * Errors: %OCI_ERROR_USAGE when @project or @version is not one, and when a wheel that is for a C
 * library could be used, and the target's is not known. %OCI_ERROR_NOT_FOUND when there is
 * no such wheel; the message says what there is instead: other versions, only a source
 * distribution, or wheels with the reason why each does not fit, nearest first, a line each.
 *
 * Returns: (transfer none) (nullable): an element of @files
 */
const TerraneIndexFile *terrane_select_wheel (const char *project, const char *version,
                                              const GPtrArray *files, const OciDigest *hashes,
                                              size_t n_hashes, const TerranePythonTarget *target,
                                              GError **error);

/** Whether the target's Python, or some release of its minor version where the patch version is not
 * known, is in a specifier set; NULL and what is not such a set allow all. */
gboolean terrane_select_allows_python (const char *requires_python,
                                       const TerranePythonTarget *target);

/** "3.11.2", or "3.11" where no more is known. Returns: (transfer full) */
char *terrane_select_describe_python (const TerranePythonTarget *target);

G_END_DECLS
