/* pylock.toml: the lock file of PEP 751 (PyPA specification "pylock.toml"), as 'pip lock',
 * 'uv export', 'pdm export', 'poetry export' and 'pipenv' write it. */
#pragma once

#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/** Whether a file of this name is one: pylock.toml or pylock.NAME.toml. @path: or a name */
gboolean terrane_pylock_is_name (const char *path);

/**
 * terrane_pylock_parse:
 * @name: the file's path or name: for messages, and for paths, which count from it
 *
 * Each package becomes a requirement with its marker and the files that it may be. One that cannot
 * be installed from here (from version control, a directory, only a source distribution, without a
 * digest that counts) has a fault. What the specification forbids is an error.
 *
 * Returns: (transfer full) (nullable): with `pylock`; %NULL with %OCI_ERROR_USAGE (all problems, a
 *   line each), %OCI_ERROR_UNSUPPORTED for a version of the format that is not 1.x, or
 *   %OCI_ERROR_LIMIT
 */
TerraneRequirements *terrane_pylock_parse (const char *name, GBytes *data, GError **error);

/**
 * terrane_pylock_choose:
 * @self: of a pylock.toml
 * @extras: (nullable): none by default
 * @groups: (nullable): of dependencies, instead of the file's default ones
 *
 * Says which extras and groups are asked for: markers ask for them.
 *
 * Returns: %FALSE with %OCI_ERROR_USAGE when the file does not have one
 */
gboolean terrane_pylock_choose (TerraneRequirements *self, char *const *extras, char *const *groups,
                                const char *file, GError **error);

/** Whether the file is for the target's Python and platform; else %OCI_ERROR_USAGE. */
gboolean terrane_pylock_check_target (const TerraneRequirements *self,
                                      const TerranePythonTarget *target, const char *file,
                                      GError **error);

G_END_DECLS
