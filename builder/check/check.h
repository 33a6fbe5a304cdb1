/* All static checks of an image. Builds and `terrane check` run the same ones. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/programs.h"
#include "builder/facts/python-dists.h"
#include "builder/profile/profile.h"

G_BEGIN_DECLS

/* What a build found is remembered with the image; another version finds anew. */
#define TERRANE_CHECKS_VERSION "3"

/* What is checked. Everything is borrowed. */
typedef struct
{
  const TerraneImageView *view;
  TerraneTarget target;
  const TerraneImageLayers *layers; /* (nullable) */
  const TerraneLayerAudit *audit;   /* (nullable): by the origin of @view's nodes less 1: of a
                                     * finished image, whose nodes have layers as origins */
  gboolean
      base_has_times; /* in a build: the base's layers are its own, and so are times of files */
  const char *today;  /* (nullable): "YYYY-MM-DD"; %NULL: nothing depends on it */
  const char *const *grids;        /* (nullable): of PROJ, that the profile promises */
  const TerraneLimitsSpec *limits; /* (nullable): what the profile allows */
  TerranePrograms *programs;       /* of @view; terrane_check_run() sets it */
  const TerranePython *python;     /* the same */
} TerraneCheck;

/**
 * terrane_check_run:
 *
 * Adds what all families that concern the target find. Fails only when files cannot be read.
 */
gboolean terrane_check_run (const TerraneCheck *check, TerraneFindings *findings, GError **error);

/** Gives findings the severity that a profile says. @specs: of TerraneCheckSpec */
void terrane_check_override (TerraneFindings *findings, const GPtrArray *specs);

G_END_DECLS
