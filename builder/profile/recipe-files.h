/* The files that a recipe names besides its sources: patches and a script. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

/* A patch or a script. */
typedef struct
{
  char *path;
  GBytes *content;
  OciDigest digest;
} TerraneRecipeFile;

/** @data: (nullable): TerraneRecipeFile */
void terrane_recipe_file_free (gpointer data);

/** Reads a file. @what: the key that names it. Returns: (transfer full). Errors: %OCI_ERROR_LIMIT,
 * %OCI_ERROR_IO. */
TerraneRecipeFile *terrane_recipe_file_load (const char *path, const char *what, GError **error);

/** Reads a patch. @number: which one of the recipe. Returns: (transfer full). Errors:
 * %OCI_ERROR_USAGE for one that changes nothing; %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
TerraneRecipeFile *terrane_recipe_patch_load (const char *path, guint number, GError **error);

G_END_DECLS
