/* What terrane writes on the layers and images it makes (docs/layer-format.md). */
#pragma once

#include "oci/manifest.h"

G_BEGIN_DECLS

#define TERRANE_ANNOTATION_TREE "io.terrane.tree"
#define TERRANE_ANNOTATION_PACKAGES "io.terrane.packages" /* of the tree, separated by commas */
#define TERRANE_ANNOTATION_LAYER_KEY "io.terrane.layer-key"
#define TERRANE_ANNOTATION_TARGET "io.terrane.target" /* of an image; aws-lambda without */

/* Below the prefix of a compiled tree: a document for each recipe (docs/recipe.md). */
#define TERRANE_RECIPE_DOCUMENTS "share/terrane/recipes"

/** Annotates a layer that has some packages of its tree alone. @packages: names, NULL-terminated */
void terrane_layer_set_packages (OciDescriptor *descriptor, const char *const *packages);

/** What that says. Returns: (transfer full) (nullable): %NULL for a layer of all of the tree */
char **terrane_layer_packages (const OciDescriptor *descriptor);

/** "deps", or "deps: numpy", "deps: boto3, botocore + 3" with some of its packages; for people.
 * Returns: (transfer full) (nullable): %NULL for a layer that terrane did not write */
char *terrane_layer_title (const OciDescriptor *descriptor);

G_END_DECLS
