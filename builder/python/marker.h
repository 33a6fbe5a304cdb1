/* Environment markers of requirements: PEP 508 ("Environment Markers"), with extras by PEP 685. */
#pragma once

#include "builder/python/target.h"
#include "oci/base/error.h"

G_BEGIN_DECLS

/**
 * terrane_marker_evaluate:
 * @marker: what stands after the ";" of a requirement, such as `python_version < "3.10"`
 * @target: the image that the requirement is for
 * @extras: (nullable) (array zero-terminated=1): names of the extras that were asked for. The
 * marker is evaluated once for each, as pip does, and holds when it holds for one; without extras
 * the variable `extra` is ""
 * @out_holds: (out): set on success only
 *
 * `python_full_version` and `implementation_version` have the target's @python_patch.
 * `platform_release` and `platform_version`, which are the kernel's, are "". The spellings of PEP
 * 345 are known too: `os.name`, `sys.platform`, `platform.version`, `platform.machine`,
 * `platform.python_implementation`, `python_implementation`.
 *
 * As the reference implementation (packaging) does, the four variables that are versions compare by
 * PEP 440 when the right-hand side is one; of other text, "<" and ">" never hold, and "<=" and ">="
 * mean equal.
 *
 * Returns: %FALSE with %OCI_ERROR_FORMAT for a marker that breaks the grammar or compares what
 *   cannot be compared, or %OCI_ERROR_LIMIT for more than 8192 bytes or 32 nested parentheses
 */
gboolean terrane_marker_evaluate (const char *marker, const TerranePythonTarget *target,
                                  const char *const *extras, gboolean *out_holds, GError **error);

/* What a marker of a pylock.toml may ask besides the target (PEP 751). Names are normalised. */
typedef struct
{
  const char *const *extras; /* NULL-terminated: that were asked for: the variable `extras` */
  const char *const *groups; /* the same: `dependency_groups` */
} TerraneMarkerSets;

/**
 * terrane_marker_evaluate_in_lock:
 *
 * terrane_marker_evaluate() of a package in a pylock.toml: there are the variables `extras` and
 * `dependency_groups`, which a text is in or not in, and no `extra`.
 */
gboolean terrane_marker_evaluate_in_lock (const char *marker, const TerranePythonTarget *target,
                                          const TerraneMarkerSets *sets, gboolean *out_holds,
                                          GError **error);

/** Whether @marker holds for one patch version of @target's minor version of Python and not for
 * another; a broken one does not. @sets: (nullable): of a pylock.toml */
gboolean terrane_marker_depends_on_patch (const char *marker, const TerranePythonTarget *target,
                                          const TerraneMarkerSets *sets);

G_END_DECLS
