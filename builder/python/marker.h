/* Environment markers of requirements: PEP 508 ("Environment Markers"), with extras by PEP 685. */
#pragma once

#include "builder/python/target.h"
#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_marker_evaluate:
 * @marker: the part after the ";" of a requirement, such as `python_version < "3.10"`
 * @target: the image that the requirement is for
 * @extras: (nullable) (array zero-terminated=1): names of the requested extras. The marker is
 *   evaluated once for each, as pip does, and holds if it holds for one; without extras the
 *   variable `extra` is ""
 * @out_holds: (out): set on success only
 *
 * `python_full_version` and `implementation_version` have the target's @python_patch.
 * `platform_release` and `platform_version`, which describe the kernel, are "". Also accepts the
 * spellings of PEP 345: `os.name`, `sys.platform`, `platform.version`, `platform.machine`,
 * `platform.python_implementation`, `python_implementation`.
 *
 * As in the reference implementation (packaging), the four variables that are versions are compared
 * by PEP 440 if the right-hand side is a version; for other text, "<" and ">" never hold, and "<="
 * and ">=" mean equal.
 *
 * Errors: %OCI_ERROR_FORMAT for a marker that violates the grammar or compares what cannot be
 *   compared; %OCI_ERROR_LIMIT for more than 8192 bytes or 32 nested parentheses.
 */
gboolean terrane_marker_evaluate (const char *marker, const TerranePythonTarget *target,
                                  const char *const *extras, gboolean *out_holds, GError **error);

/* Variables of a marker in a pylock.toml besides the target (PEP 751). Names are normalised. */
typedef struct
{
  const char *const *extras; /* NULL-terminated: requested extras: the variable `extras` */
  const char *const *groups; /* likewise: `dependency_groups` */
} TerraneMarkerSets;

/** Like terrane_marker_evaluate() for a package in a pylock.toml: has the variables `extras` and
 * `dependency_groups`, which a text is in or not in, and no `extra`. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT. */
gboolean terrane_marker_evaluate_in_lock (const char *marker, const TerranePythonTarget *target,
                                          const TerraneMarkerSets *sets, gboolean *out_holds,
                                          GError **error);

/** Whether @marker holds for one patch version of @target's minor version of Python and not for
 * another; %FALSE for an invalid one. @sets: (nullable): of a pylock.toml */
gboolean terrane_marker_depends_on_patch (const char *marker, const TerranePythonTarget *target,
                                          const TerraneMarkerSets *sets);

G_END_DECLS
