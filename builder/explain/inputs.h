/* The inputs of a build as one document: for each source its pin and everything that the key of its
 * tree digests, the transforms, the configuration, the versions that make the layers. The lock is
 * part of it. Comparing two of them explains why builds differ: builder/explain/compare.h. */
#pragma once

#include "builder/image/image.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/* Facts about a build, or one that is planned. */
typedef struct
{
  const char *name; /* of the image in the store */
  const TerranePlan *plan;
  const TerraneBase *base;
  const GArray *trees; /* of TerraneSourceTree, the first ones of the profile's that are known */
  const TerraneImage *image; /* (nullable) */
  const json_t *validation;  /* (nullable): see terrane_validate_inputs() */
} TerraneBuildFacts;

/** Returns: (transfer full): the document */
json_t *terrane_inputs_new (const TerraneBuildFacts *facts);

/** Returns: (transfer none) (nullable): the part of a source: a tree, or %NULL for the base */
json_t *terrane_inputs_source (const json_t *inputs, const char *tree);

/**
 * terrane_inputs_load:
 * @name: of an image in the store
 *
 * Returns: (transfer full) (nullable): inputs of the last build of @name, if they were kept
 */
json_t *terrane_inputs_load (TerraneStore *store, const char *name);

/** Keeps the inputs for the next build of the name, unless they are too large. A failure only costs
 * an explanation, and does not fail the build. */
void terrane_inputs_save (TerraneStore *store, const char *name, const json_t *inputs);

/** Reads a digest that is a member of a part. Returns: whether it exists */
gboolean terrane_inputs_digest (const json_t *part, const char *member, OciDigest *out_digest);

G_END_DECLS
