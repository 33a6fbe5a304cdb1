/* Searches for wheels in package indexes, pages of links, directories of wheels and single URLs. As
 * with pip none has precedence: the digests of the requirements decide.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 * %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/python/index-file.h"
#include "builder/python/requirement.h"
#include "builder/python/target.h"
#include "builder/remote/remote.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/** Sets the places of the source's wheels: the profile's indexes, else those of the requirements
 * file, else $PIP_INDEX_URL with $PIP_EXTRA_INDEX_URL, else PyPI, and those of --find-links. With
 * `--no-index` in the requirements file only the profile's indexes count. */
void terrane_wheel_places_name (TerranePin *source, const TerraneRequirements *requirements);

/* terrane_wheel_places_search() may be called from several threads, terrane_wheel_places_ask() from
 * one. */
typedef struct _TerraneWheelPlaces TerraneWheelPlaces;

/**
 * terrane_wheel_places_new:
 * @source: with its places set; must outlive @self, as must @remote
 *
 * Reads ~/.netrc; if it cannot be read, warns. Returns: (transfer full)
 */
TerraneWheelPlaces *terrane_wheel_places_new (const TerranePin *source, TerraneRemote *remote);
void terrane_wheel_places_free (TerraneWheelPlaces *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelPlaces, terrane_wheel_places_free)

/** Whether there are servers that may be asked for wheels. */
gboolean terrane_wheel_places_has_remote (const TerraneWheelPlaces *self);

/**
 * terrane_wheel_places_ask:
 * @wanted: (element-type TerraneRequirement): projects to look for
 *
 * Searches local places first; a project with a local wheel for @target is not looked for
 * elsewhere. Servers are asked for the others, several concurrently. A failure of one of several
 * places is not an error here: see terrane_wheel_places_report().
 *
 * Errors: see the head.
 */
gboolean terrane_wheel_places_ask (TerraneWheelPlaces *self, const GPtrArray *wanted,
                                   const TerranePythonTarget *target, GError **error);

/** Returns: (transfer none) (element-type TerraneIndexFile): the files of a project that was asked
 * for; local ones have digests */
GPtrArray *terrane_wheel_places_files (const TerraneWheelPlaces *self, const char *normalised_name);

/**
 * terrane_wheel_places_report:
 * @code: (inout): set to that of a place that failed
 *
 * Returns: (transfer full): a line for each place with its answer about the project, each after a
 *   line break
 */
char *terrane_wheel_places_report (const TerraneWheelPlaces *self, const char *normalised_name,
                                   int *code);

/** Warns, once for each, of places that failed to answer about the project. */
void terrane_wheel_places_warn (TerraneWheelPlaces *self, const char *normalised_name);

/**
 * terrane_wheel_places_find:
 * @housed: the lock knows no other place of the file than the wheelhouse
 *
 * Finds a local file of that name with that digest. If there are no servers to ask, another file of
 * that name is returned, so that the difference is reported. If the wheelhouse does not exist, a
 * @housed file gets the path that it would have there: a machine whose store or cache has the tree
 * never opens it, and on others the message names it.
 *
 * Returns: (transfer full) (nullable): its path
 */
char *terrane_wheel_places_find (TerraneWheelPlaces *self, const char *normalised_name,
                                 const char *file_name, const OciDigest *sha256, gboolean housed);

/**
 * terrane_wheel_places_search:
 * @nth: of the servers, from 0
 * @out_last: (out): whether it is the last one
 *
 * Asks one server for a file.
 *
 * Returns: (transfer full) (element-type TerraneIndexFile): where it may be, at least one; the
 *   error names the place
 * Errors: see the head.
 */
GPtrArray *terrane_wheel_places_search (TerraneWheelPlaces *self, guint nth, OciHttpClient *client,
                                        const TerraneWheelPin *pin, gboolean *out_last,
                                        GCancellable *cancellable, GError **error);

/** Returns: (transfer full): the last component of a URL's path, decoded */
char *terrane_wheel_places_file_name (const char *url);

/**
 * terrane_wheel_places_authorize:
 * @asked_url: (nullable): of the requirement
 *
 * Finds the Authorization header for @url, if the requirement's URL or a place of the same origin
 * has a user, or ~/.netrc has one for its host.
 *
 * Returns: (transfer full) (nullable): a secret
 */
char *terrane_wheel_places_authorize (const TerraneWheelPlaces *self, const char *asked_url,
                                      const char *url);

G_END_DECLS
