/* The newest wheel that could be taken instead of a locked one. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/python/index-file.h"
#include "builder/python/requirement.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/* What a newer version must meet. */
typedef struct
{
  const TerraneRequirements *constraints; /* (nullable): of the file before it was locked */
  const TerraneInventory *inventory;
  const TerranePythonTarget *target;
} TerraneNewerWheel;

/**
 * terrane_newer_wheel_find:
 * @name: of the project, normalised
 * @locked: its version now
 * @files: (element-type TerraneIndexFile): what indexes offer of it
 *
 * Returns: (transfer full) (nullable): the version
 */
char *terrane_newer_wheel_find (const TerraneNewerWheel *self, const char *name, const char *locked,
                                const GPtrArray *files);

G_END_DECLS
