/* What a build does, step by step, and why: of one that was done, and of one that is planned. */
#pragma once

#include "builder/explain/inputs.h"

G_BEGIN_DECLS

/* One layer of the image. */
typedef struct
{
  char *name;      /* of the tree, or "base" */
  char **packages; /* (nullable): of the tree's, when it has not all of them */
  gboolean made;
  gboolean open; /* whether that is so depends on what only a build finds out */
  gboolean has_digest;
  OciDigest digest;
  uint64_t size;    /* compressed; 0: not known */
  uint64_t content; /* before compression; 0: not known */
} TerraneLayerStep;

/** Returns: (transfer full): for TerraneLayerStep */
GPtrArray *terrane_layer_steps_new (void);
/** @packages: (nullable) */
TerraneLayerStep *terrane_layer_steps_add (GPtrArray *steps, const char *name,
                                           const char *const *packages);

typedef enum
{
  TERRANE_STEP_NOT_WANTED,
  TERRANE_STEP_REUSED,
  TERRANE_STEP_DONE,
} TerraneStepState;

/* What is, or would be, done. What of it is not done yet is marked open where that may be
 * otherwise. */
typedef struct
{
  const TerraneBuildFacts *facts; /* trees and base say what is read */
  const GPtrArray *recipes;       /* of json_t: for each tree terrane_recipes_look(), or NULL */
  gboolean base_made;
  gboolean base_open;
  gboolean recipes_open;   /* what would be compiled may be had from elsewhere */
  const GPtrArray *layers; /* of TerraneLayerStep, base first */
  TerraneStepState checks;
  TerraneStepState image; /* REUSED: it is unchanged */
  TerraneStepState validation;
  gboolean rest_open; /* these three */
} TerraneStepFacts;

/**
 * terrane_recipes_look:
 * @pin: of what is compiled; its key is known
 * @compiled: (inout): a set of keys in hexadecimal: of what is compiled for trees before this one
 *
 * Which recipes have to be compiled, as far as the store tells.
 *
 * Returns: (transfer full) (nullable): an array of {"name", "version", "compile"}; %NULL with
 * @error
 */
json_t *terrane_recipes_look (TerraneStore *store, const TerranePin *pin, GHashTable *compiled,
                              GError **error);

/**
 * terrane_explain:
 * @before: (nullable): of the last build of the name
 * @after: of this one
 * @first: whether the name had no image before
 *
 * Returns: (transfer full): {"since", "unknown", "causes", "steps"}: docs/record.md
 */
json_t *terrane_explain_build (TerraneStore *store, const TerraneStepFacts *steps,
                               const json_t *before, const json_t *after, gboolean first);

G_END_DECLS
