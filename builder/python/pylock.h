/* pylock.toml: the lock file of PEP 751
 * (https://packaging.python.org/en/latest/specifications/pylock-toml/), as written by 'pip lock',
 * 'uv export', 'pdm export', 'poetry export' and 'pipenv'. */
#pragma once

#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/** Whether a file has such a name: pylock.toml or pylock.NAME.toml. @path: a path or a name */
gboolean terrane_pylock_is_name (const char *path);

/**
 * terrane_pylock_parse:
 * @name: the file's path or name: for messages, and as the base of relative paths
 *
 * Each package becomes a requirement with its marker and its possible files. One that cannot be
 * installed by terrane (from version control, a directory, only a source distribution, without an
 * accepted digest) has a fault. What the specification forbids is an error.
 *
 * Returns: (transfer full): with `pylock`
 * Errors: %OCI_ERROR_USAGE (all problems, a line each), %OCI_ERROR_UNSUPPORTED for a version of the
 *   format other than 1.x, %OCI_ERROR_LIMIT, %OCI_ERROR_FORMAT.
 */
TerraneRequirements *terrane_pylock_parse (const char *name, GBytes *data, GError **error);

/**
 * terrane_pylock_choose:
 * @self: of a pylock.toml
 * @extras: (nullable): none by default
 * @groups: (nullable): of dependencies, replacing the file's default ones
 *
 * Sets the requested extras and groups, which markers refer to.
 *
 * Errors: %OCI_ERROR_USAGE if the file does not have one.
 */
gboolean terrane_pylock_choose (TerraneRequirements *self, char *const *extras, char *const *groups,
                                const char *file, GError **error);

/** Whether the file is for the target's Python and platform; otherwise %OCI_ERROR_USAGE. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT. */
gboolean terrane_pylock_check_target (const TerraneRequirements *self,
                                      const TerranePythonTarget *target, const char *file,
                                      GError **error);

G_END_DECLS
