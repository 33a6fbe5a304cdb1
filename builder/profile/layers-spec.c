#include "builder/profile/layers-spec.h"

#include "builder/profile/field-types.h"

enum
{
  MAX_LAYERS = 100, /* like the number of trees of a profile */
};

static const char *const wheels_words[] = { "per-tree", "per-package", "single", NULL };

static const TerraneField fields[] = {
  { .name = "wheels",
    .type = &terrane_field_word,
    .offset = offsetof (TerraneLayersSpec, wheels),
    .parts = TERRANE_PART_IMAGE,
    .words = wheels_words,
    .fallback = "\"per-tree\"",
    .help =
        "How trees of wheels become layers: one for each tree, one for each package that is large "
        "or changes often and one for the others, or a single one for all trees of wheels." },
  { .name = "max",
    .type = &terrane_field_int,
    .offset = offsetof (TerraneLayersSpec, max),
    .parts = TERRANE_PART_IMAGE,
    .min = 1,
    .max = MAX_LAYERS,
    .fallback = "8",
    .help = "With ‘per-package’, the largest number of layers of one tree of wheels." },
  { .name = NULL },
};

const TerraneSection terrane_layers_section = { .fields = fields,
                                                .size = sizeof (TerraneLayersSpec) };
