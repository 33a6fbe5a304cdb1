/* The file system that a recipe's steps run in: the profile's, with what the recipe needs in it. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  OciDigest commit;
  char *path; /* directory with the files, which nobody may change */
} TerraneCompiledRoot;

/**
 * terrane_compiled_root_make:
 * @base: commit of the file system to compile in
 * @needs: of TerraneRecipe: all that the recipe needs, directly or not
 * @commits: of OciDigest: what each of @needs made
 * @verified: a set of hex digests, which is added to: objects that need not be read again
 * @out_root: (out caller-allocates): its path is the caller's to free
 *
 * Every file of it is verified: a damaged compiler would make other bytes.
 */
gboolean terrane_compiled_root_make (TerraneStore *store, const TerraneSourceSpec *spec,
                                     const OciDigest *base, const GPtrArray *needs,
                                     const GArray *commits, GHashTable *verified,
                                     TerraneCompiledRoot *out_root, GError **error);

G_END_DECLS
