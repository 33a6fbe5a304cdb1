/* The file system in which a recipe's steps run: the profile's, with the recipes that it needs
 * installed. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  OciDigest commit;
  char *path; /* directory with the files, which must not be changed */
} TerraneCompiledRoot;

/**
 * terrane_compiled_root_make:
 * @base: commit of the file system to compile in
 * @needs: of TerraneRecipe: all that the recipe needs, directly or not
 * @commits: of OciDigest: the results of @needs
 * @verified: a set of hex digests of objects that need not be read again; extended
 * @out_root: (out caller-allocates): its path is freed by the caller
 *
 * Verifies every file: a damaged compiler would make other bytes.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of
 *   %G_IO_ERROR (from libostree).
 */
gboolean terrane_compiled_root_make (TerraneStore *store, const TerraneSourceSpec *spec,
                                     const OciDigest *base, const GPtrArray *needs,
                                     const GArray *commits, GHashTable *verified,
                                     TerraneCompiledRoot *out_root, GError **error);

G_END_DECLS
