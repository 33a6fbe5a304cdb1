/* The Python that a base has, for `terrane init` and `terrane add`. */
#pragma once

#include "builder/cli/command.h"

#include "builder/facts/python-base.h"
#include "builder/profile/profile.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** This machine's platform, if profiles can have it, else the most usual one. */
const char *terrane_init_platform (void);

/**
 * terrane_init_find_python:
 * @directory: of the profile that will name the base
 * @base: the profile's "base"
 * @out_version: (out) (transfer full): such as "3.11"
 * @out_interpreter: (out) (transfer full) (nullable): its absolute path in the base; NULL when only
 *   the tag of an image was looked at
 *
 * An image of a registry whose repository is called "python" says its version in its tag. Any other
 * base is brought into the store, where the first build finds it again, and looked at; nothing of
 * it is executed.
 *
 * Returns: %FALSE with %OCI_ERROR_UNSUPPORTED when the base has no Python 3, or the reason why it
 *   cannot be brought
 */
gboolean terrane_init_find_python (TerraneGlobal *global, const char *directory, const json_t *base,
                                   char **out_version, char **out_interpreter, GError **error);

/**
 * terrane_base_find_python:
 * @profile: without trees
 * @out: (out caller-allocates): may have no interpreter
 *
 * Brings the base of a profile into the store and looks.
 */
gboolean terrane_base_find_python (TerraneGlobal *global, const TerraneProfile *profile,
                                   TerranePythonBase *out, GError **error);

G_END_DECLS
