/* Explains what a build did, or would do, step by step, and why. */
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

/** Returns: (transfer full): an empty array of TerraneLayerStep */
GPtrArray *terrane_layer_steps_new (void);
/** Appends a layer. @packages: (nullable). Returns: (transfer none) */
TerraneLayerStep *terrane_layer_steps_add (GPtrArray *steps, const char *name,
                                           const char *const *packages);

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

/**
 * terrane_recipes_look:
 * @pin: of a compiled source, whose key is known
 * @compiled: (inout): set of keys in hexadecimal: compiled for trees before this one
 *
 * Finds out which recipes have to be compiled, as far as the store knows.
 *
 * Returns: (transfer full): an array of {"name", "version", "compile", "needed", "taken"}: whether
 * it has to be compiled; whether its result is there or has to be; whether a registry had it
 * Errors: codes of %G_IO_ERROR (from libostree).
 */
json_t *terrane_recipes_look (TerraneStore *store, const TerranePin *pin, GHashTable *compiled,
                              GError **error);

/**
 * terrane_explain_build:
 * @before: (nullable): inputs of the last build of the name
 * @after: inputs of this one
 * @first: whether the name had no image before
 *
 * Returns: (transfer full): {"since", "unknown", "causes", "steps"}: docs/record.md
 */
json_t *terrane_explain_build (TerraneStore *store, const TerraneStepFacts *steps,
                               const json_t *before, const json_t *after, gboolean first);

G_END_DECLS
