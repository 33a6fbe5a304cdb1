/* The steps of a build that is explained. */
#pragma once

#include "builder/explain/inputs.h"

G_BEGIN_DECLS

/* One layer of the image. */
typedef struct
{
  char *name;      /* of the tree, or "base" */
  char **packages; /* (nullable): of the tree's, if the layer does not have all of them */
  gboolean made;
  gboolean open; /* only a build can find out whether that is so */
  gboolean has_digest;
  OciDigest digest;
  uint64_t size;    /* compressed; 0 if unknown */
  uint64_t content; /* before compression; 0 if unknown */
} TerraneLayerStep;

typedef enum
{
  TERRANE_STEP_NOT_WANTED,
  TERRANE_STEP_REUSED,
  TERRANE_STEP_DONE,
} TerraneStepState;

/* The steps that were done, or would be done. Members named *open mean that a step not yet done may
 * turn out otherwise. */
typedef struct
{
  const TerraneBuildFacts *facts; /* its trees and base tell what is read */
  const GPtrArray
      *recipes; /* of json_t: for each tree the result of terrane_recipes_look(), or NULL */
  gboolean base_made;
  gboolean base_open;
  gboolean recipes_open;   /* what would be compiled may come from a cache */
  const GPtrArray *layers; /* of TerraneLayerStep, base first */
  TerraneStepState checks;
  TerraneStepState image; /* REUSED: it is unchanged */
  TerraneStepState validation;
  gboolean rest_open; /* for checks, image and validation */
} TerraneStepFacts;

G_END_DECLS
