/* Where wheels come from: package indexes, pages of links, directories of wheels, single URLs. All
 * of them are equal, as with pip: the digests of the requirements decide. */
#pragma once

#include "builder/python/index-file.h"
#include "builder/python/requirement.h"
#include "builder/python/target.h"
#include "builder/remote/remote.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/**
 * terrane_wheel_places_name:
 *
 * Sets where the source's wheels come from: the profile's indexes, else those of the requirements
 * file, else $PIP_INDEX_URL with $PIP_EXTRA_INDEX_URL, else PyPI, and what --find-links names. With
 * `--no-index` in the requirements file no index counts but the profile's.
 */
void terrane_wheel_places_name (TerranePin *source, const TerraneRequirements *requirements);

/* Several threads may search; one asks. */
typedef struct _TerraneWheelPlaces TerraneWheelPlaces;

/**
 * terrane_wheel_places_new:
 * @source: whose places were named; must outlive @self, as must @remote
 *
 * Reads ~/.netrc; one that cannot be read is a warning.
 */
TerraneWheelPlaces *terrane_wheel_places_new (const TerranePin *source, TerraneRemote *remote);
void terrane_wheel_places_free (TerraneWheelPlaces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelPlaces, terrane_wheel_places_free)

/** Whether servers may be asked for wheels. */
gboolean terrane_wheel_places_has_remote (const TerraneWheelPlaces *self);

/**
 * terrane_wheel_places_ask:
 * @wanted: (element-type TerraneRequirement): projects to look for
 *
 * Looks into what is local first; a project of which a wheel there fits @target is looked for
 * nowhere else. The others are asked for, several at a time. That one of several places fails is
 * no error here: see terrane_wheel_places_report().
 */
gboolean terrane_wheel_places_ask (TerraneWheelPlaces *self, const GPtrArray *wanted,
                                   const TerranePythonTarget *target, GError **error);

/** What the places offer of a project that was asked for: those of files here have digests.
 * Returns: (transfer none) (element-type TerraneIndexFile) */
GPtrArray *terrane_wheel_places_files (const TerraneWheelPlaces *self, const char *normalised_name);

/**
 * terrane_wheel_places_report:
 * @code: (inout): becomes that of a place that failed
 *
 * Returns: (transfer full): a line for each place with what it answered about the project, each
 *   with a line break before it
 */
char *terrane_wheel_places_report (const TerraneWheelPlaces *self, const char *normalised_name,
                                   int *code);

/** Warns, once for each, of places that failed to answer about the project. */
void terrane_wheel_places_warn (TerraneWheelPlaces *self, const char *normalised_name);

/**
 * terrane_wheel_places_find:
 *
 * The path of a local file of that name with that digest; where there are no servers to ask,
 * another file of that name will do, so that the difference is said.
 *
 * Returns: (transfer full) (nullable)
 */
char *terrane_wheel_places_find (TerraneWheelPlaces *self, const char *normalised_name,
                                 const char *file_name, const OciDigest *sha256);

/**
 * terrane_wheel_places_search:
 * @nth: of the servers, from 0
 * @out_last: (out): whether there are no more
 *
 * Asks one server for a file.
 *
 * Returns: (transfer full) (nullable) (element-type TerraneIndexFile): where it may be, at least
 *   one; else an error with the place
 */
GPtrArray *terrane_wheel_places_search (TerraneWheelPlaces *self, guint nth, OciHttpClient *client,
                                        const TerraneWheelPin *pin, gboolean *out_last,
                                        GCancellable *cancellable, GError **error);

/** The last component of a URL's path, decoded. Returns: (transfer full) */
char *terrane_wheel_places_file_name (const char *url);

/**
 * terrane_wheel_places_authorize:
 * @asked_url: (nullable): of the requirement
 *
 * The Authorization header for @url, if the requirement's URL or a place of the same origin was
 * given with a user, or ~/.netrc has one for its host.
 *
 * Returns: (transfer full) (nullable): a secret
 */
char *terrane_wheel_places_authorize (const TerraneWheelPlaces *self, const char *asked_url,
                                      const char *url);

G_END_DECLS
