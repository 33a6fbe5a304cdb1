/* Finds the Python of a base, for `terrane init` and `terrane add`. */
#pragma once

#include "builder/cli/command.h"

#include "builder/facts/python-base.h"
#include "builder/profile/profile.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer none): this machine's platform if profiles support it, otherwise the most
 * common one */
const char *terrane_init_platform (void);

/**
 * terrane_init_find_python:
 * @directory: of the profile that will name the base
 * @base: the profile's "base"
 * @out_version: (out) (transfer full): such as "3.11"
 * @out_interpreter: (out) (transfer full) (nullable): its absolute path in the base; NULL if only
 *   the tag of an image was used
 *
 * For an image in a registry whose repository is named "python", uses the version in its tag. Any
 * other base is fetched into the store, where the first build finds it again, and examined; nothing
 * in it is executed.
 *
 * Errors: %OCI_ERROR_UNSUPPORTED if the base has no Python 3; those of terrane_resolve() if it
 *   cannot be fetched: %TERRANE_ERROR_STALE, the codes of OCI_ERROR, and those of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_init_find_python (TerraneGlobal *global, const char *directory, const json_t *base,
                                   char **out_version, char **out_interpreter, GError **error);

/**
 * terrane_base_find_python:
 * @profile: without trees
 * @out: (out caller-allocates): may have no interpreter
 *
 * Fetches the base of a profile into the store and finds its Python. Errors: those of
 * terrane_resolve(): %TERRANE_ERROR_STALE, the codes of OCI_ERROR, and those of %G_IO_ERROR (from
 * libostree).
 */
gboolean terrane_base_find_python (TerraneGlobal *global, const TerraneProfile *profile,
                                   TerranePythonBase *out, GError **error);

G_END_DECLS
