/* Finds the newest wheel that could replace a locked one. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/python/index-file.h"
#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/* Conditions for a newer version. */
typedef struct
{
  const TerraneRequirements
      *constraints; /* (nullable): of the file that the requirements were made from */
  const TerraneInventory *inventory;
  const TerranePythonTarget *target;
} TerraneNewerWheel;

/**
 * terrane_newer_wheel_find:
 * @name: of the project, normalised
 * @locked: its current version
 * @files: (element-type TerraneIndexFile): its files in the indexes
 *
 * Returns: (transfer full) (nullable): the version; %NULL if there is none
 */
char *terrane_newer_wheel_find (const TerraneNewerWheel *self, const char *name, const char *locked,
                                const GPtrArray *files);

G_END_DECLS
