/* What a build is made of, as one document: for each source what it was pinned to and everything
 * that the key of its tree digests, the transforms, the configuration, who makes the layers. The
 * lock is part of it. Two of them say why a build is another one: builder/explain/compare.h. */
#pragma once

#include "builder/image/image.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/* What is known of a build, or of one that is planned. */
typedef struct
{
  const char *name; /* of the image in the store */
  const TerranePlan *plan;
  const TerraneBase *base;
  const GArray *trees;       /* of TerraneSourceTree, as many as there are of the profile's */
  const TerraneImage *image; /* (nullable) */
  const json_t *validation;  /* (nullable): see terrane_validate_inputs() */
} TerraneBuildFacts;

/** Returns: (transfer full) */
json_t *terrane_inputs_new (const TerraneBuildFacts *facts);

/** The part of a source: of a tree, or with %NULL of the base. Returns: (transfer none) (nullable)
 */
json_t *terrane_inputs_source (const json_t *inputs, const char *tree);

/**
 * terrane_inputs_load:
 * @name: of an image in the store
 *
 * Returns: (transfer full) (nullable): of the last build of @name, unless it kept none
 */
json_t *terrane_inputs_load (TerraneStore *store, const char *name);

/** Keeps them for the next build of their name, unless they are too many. A failure costs an
 * explanation, and is not one of the build. */
void terrane_inputs_save (TerraneStore *store, const char *name, const json_t *inputs);

/** A digest that is a member of a part. Returns: whether there is one */
gboolean terrane_inputs_digest (const json_t *part, const char *member, OciDigest *out_digest);

G_END_DECLS
