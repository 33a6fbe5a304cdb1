/* "layers" of a profile: the number of layers for its trees. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

/* Layers of trees of wheels. */
typedef enum
{
  TERRANE_LAYERS_PER_TREE,
  TERRANE_LAYERS_PER_PACKAGE, /* one for each package that is large or changes often */
  TERRANE_LAYERS_SINGLE,      /* one for all trees of wheels */
} TerraneLayersMode;

typedef struct
{
  TerraneLayersMode wheels;
  unsigned max; /* layers per package of one tree of wheels, at least 1 */
} TerraneLayersSpec;

extern const TerraneSection terrane_layers_section;

G_END_DECLS
