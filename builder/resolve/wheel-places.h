/* Where wheels come from: package indexes, directories of wheels, single URLs. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/python/requirement.h"
#include "builder/python/target.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_wheel_places_list:
 * @wanted: (element-type TerraneRequirement): projects to look for
 *
 * Asks the profile's indexes, else those of the requirements file, else $PIP_INDEX_URL with
 * $PIP_EXTRA_INDEX_URL, else PyPI; several at a time. Files of the profile's wheelhouse come first,
 * with their digests; a project of which one of them fits @target is looked for nowhere else. With
 * `--no-index` in the requirements file no index is asked.
 *
 * Returns: (transfer full) (nullable) (element-type utf8 GPtrArray): normalised name ->
 *   TerraneIndexFile; a project that nobody has is an empty list
 */
GHashTable *terrane_wheel_places_list (TerraneRemote *remote, const TerraneSourceSpec *spec,
                                       const TerraneRequirements *requirements,
                                       const GPtrArray *wanted, const TerranePythonTarget *target,
                                       GError **error);

/** The path of a file in the wheelhouse. Returns: (transfer full) (nullable) */
char *terrane_wheel_places_find (const TerraneSourceSpec *spec,
                                 const TerraneRequirements *requirements, const char *file_name,
                                 GError **error);

/** The last component of a URL's path, decoded. Returns: (transfer full) */
char *terrane_wheel_places_file_name (const char *url);

/** The Authorization header for a wheel of @requirement, if its URL or an index of the same origin
 * was given with a user. Returns: (transfer full) (nullable): a secret */
char *terrane_wheel_places_authorize (const TerraneSourceSpec *spec,
                                      const TerraneRequirements *requirements,
                                      const TerraneRequirement *requirement, const char *url);

G_END_DECLS
