/* "build --verify-compile": compares the results of recipes that were compiled twice. */
#pragma once

#include "builder/build.h"

G_BEGIN_DECLS

/* A build with its store. */
typedef struct
{
  TerraneStore *store;
  const TerraneBuild *build;
} TerraneVerifyBuild;

/**
 * terrane_verify_compile:
 * @path: of the profile
 * @print: whether to print the differences
 *
 * Adds the results of each recipe in both builds to @verified, as "compiled".
 * %TERRANE_ERROR_DIFFERENT if any of them differ. Errors: %TERRANE_ERROR_DIFFERENT,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, and codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_verify_compile (const TerraneVerifyBuild *a, const TerraneVerifyBuild *b,
                                 const char *path, gboolean print, json_t *verified,
                                 GError **error);

/** Returns: (transfer full): which JOBS a recipe of "compiled" had in both builds */
char *terrane_verify_compile_jobs (const json_t *row);

G_END_DECLS
