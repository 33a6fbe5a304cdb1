/* Annotations that terrane writes on layers and images (docs/layer-format.md). */
#pragma once

#include "oci/manifest.h"

G_BEGIN_DECLS

#define TERRANE_ANNOTATION_TREE "io.terrane.tree"
#define TERRANE_ANNOTATION_PACKAGES "io.terrane.packages" /* of the tree, separated by commas */
#define TERRANE_ANNOTATION_LAYER_KEY "io.terrane.layer-key"
#define TERRANE_ANNOTATION_TARGET "io.terrane.target" /* of an image; absent for aws-lambda */
#define TERRANE_ANNOTATION_CREATED "org.opencontainers.image.created"

/* Directory below the prefix of a compiled tree, with a document for each recipe
 * (docs/recipe.md). */
#define TERRANE_RECIPE_DOCUMENTS "share/terrane/recipes"

/** Annotates a layer that contains only some packages of its tree. @packages: names,
 * NULL-terminated */
void terrane_layer_set_packages (OciDescriptor *descriptor, const char *const *packages);

/** Returns: (transfer full) (nullable): the packages in that annotation; %NULL for a layer of the
 * whole tree */
char **terrane_layer_packages (const OciDescriptor *descriptor);

/** Returns: (transfer full) (nullable): a title for messages: "deps", or "deps: numpy", "deps:
 * boto3, botocore + 3" for a layer with some packages; %NULL for a layer that terrane did not
 * write */
char *terrane_layer_title (const OciDescriptor *descriptor);

G_END_DECLS
