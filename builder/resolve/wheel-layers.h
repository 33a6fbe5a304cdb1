/* Assigns each package of a tree of wheels to a layer, as recorded in the lock. */
#pragma once

#include "builder/resolve/resolution.h"

G_BEGIN_DECLS

/* Input of the assignment about one package. */
typedef struct
{
  json_t *wheel;      /* of the lock, borrowed; has a "name" */
  const char *before; /* (nullable): its layer in the lock */
  uint64_t size;      /* of the file, in bytes; 0 if unknown */
  gboolean own;       /* a file of the project itself, which changes more often than others */
} TerraneWheelToAssign;

/**
 * terrane_wheel_layers_assign:
 * @wheels: of TerraneWheelToAssign
 * @max: number of layers, at least 1
 *
 * Sets "layer" of each wheel. A package that has a layer keeps it, even if its size and version
 * have changed. A new package that is large or often changes gets its own while there are fewer
 * than @max, or that of packages that it is always updated with if these have one; all others share
 * one layer. If there are more than @max, the smallest are dissolved.
 */
void terrane_wheel_layers_assign (GArray *wheels, guint max);

/**
 * terrane_wheel_layers_pin:
 * @pin: of all @wheels; otherwise the lock is stale, and nothing happens
 * @active: requirements in the order of @wheels
 * @wheels: as the lock will have them
 *
 * Assigns the wheels of one source according to the profile, starting with the assignment in the
 * lock.
 */
void terrane_wheel_layers_pin (const TerraneResolution *self, const TerraneSourceSpec *spec,
                               TerraneWheelsPin *pin, const GPtrArray *active, json_t *wheels);

G_END_DECLS
