/* Which layer each package of a tree of wheels goes into, as the lock has it. */
#pragma once

#include "builder/resolve/resolution.h"

G_BEGIN_DECLS

/* What is known of one package when it is assigned. */
typedef struct
{
  json_t *wheel;      /* of the lock, borrowed; has a "name" */
  const char *before; /* (nullable): the layer that the lock had it in */
  uint64_t size;      /* of the file, bytes; 0 when it is not known */
  gboolean own;       /* a file of the project itself, which changes more often than others */
} TerraneWheelToAssign;

/**
 * terrane_wheel_layers_assign:
 * @wheels: of TerraneWheelToAssign
 * @max: layers, at least 1
 *
 * Sets "layer" of each wheel. Who has a layer keeps it, whatever its size and version are by now.
 * A new package that is large or often changes gets one of its own while there are fewer than @max,
 * and that of packages that it is always updated with when these have one; all the rest is in one
 * layer. When there are more than @max, the smallest are given up.
 */
void terrane_wheel_layers_assign (GArray *wheels, guint max);

/**
 * terrane_wheel_layers_pin:
 * @pin: of all @wheels; else the lock is stale, and nothing happens
 * @active: requirements in the order of @wheels
 * @wheels: as the lock will have them
 *
 * Assigns the wheels of one source as the profile wants it, starting with what the lock says.
 */
void terrane_wheel_layers_pin (const TerraneResolution *self, const TerraneSourceSpec *spec,
                               TerraneWheelsPin *pin, const GPtrArray *active, json_t *wheels);

G_END_DECLS
