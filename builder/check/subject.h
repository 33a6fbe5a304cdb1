/* The subject of all families of checks, and facts that several of them use. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/programs.h"
#include "builder/facts/python-dists.h"
#include "builder/profile/profile.h"

G_BEGIN_DECLS

/* The image to check. Everything is borrowed. */
typedef struct
{
  const TerraneImageView *view;
  TerraneTarget target;
  const TerraneImageLayers *layers; /* (nullable) */
  const TerraneLayerAudit *audit;   /* (nullable): by the tree number of @view's nodes minus 1: of a
                                       finished image, whose nodes have layers as tree numbers */
  gboolean
      base_has_times; /* in a build: the base has its own layers, and therefore times of files */
  const char *today;  /* (nullable): "YYYY-MM-DD"; %NULL to skip checks that depend on it */
  const char *const *grids;        /* (nullable): of PROJ, required by the profile */
  const TerraneLimitsSpec *limits; /* (nullable): limits of the profile */
} TerraneCheck;

/* Members of the view that is checked; borrowed. */
typedef struct
{
  TerranePrograms *programs;
  const TerranePython *python;
} TerraneCheckFacts;

G_END_DECLS
