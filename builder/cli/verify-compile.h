/* "build --verify-compile": what recipes made twice, compared. */
#pragma once

#include "builder/build.h"

G_BEGIN_DECLS

/* A build, and the store that it was made in. */
typedef struct
{
  TerraneStore *store;
  const TerraneBuild *build;
} TerraneVerifyBuild;

/**
 * terrane_verify_compile:
 * @path: of the profile
 *
 * Adds to @verified, as "compiled", what each recipe made in both builds. Prints what differs with
 * @print. %TERRANE_ERROR_DIFFERENT when something does.
 */
gboolean terrane_verify_compile (const TerraneVerifyBuild *a, const TerraneVerifyBuild *b,
                                 const char *path, gboolean print, json_t *verified,
                                 GError **error);

G_END_DECLS
