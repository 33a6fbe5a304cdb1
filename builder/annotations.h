/* What terrane writes on the layers and images it makes (docs/layer-format.md). */
#pragma once

#define TERRANE_ANNOTATION_TREE "io.terrane.tree"
#define TERRANE_ANNOTATION_LAYER_KEY "io.terrane.layer-key"
#define TERRANE_ANNOTATION_TARGET "io.terrane.target" /* of an image; aws-lambda without */

/* Below the prefix of a compiled tree: a document for each recipe (docs/recipe.md). */
#define TERRANE_RECIPE_DOCUMENTS "share/terrane/recipes"
