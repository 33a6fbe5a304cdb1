/* Recipes: how to compile a tree from sources. A recipe is a file to which a source of kind
 * "compile" refers; docs/recipe.md has its keys. */
#pragma once

#include "builder/profile/recipe-files.h"
#include "builder/profile/recipe-variables.h"
#include "builder/profile/source-spec.h"

G_BEGIN_DECLS

/* An archive of sources to unpack. */
typedef struct
{
  TerraneArchiveFile file; /* always with its digest */
  char *directory; /* where to unpack it, normalised; "" for the working directory of steps */
  unsigned strip_components;
} TerraneRecipeSource;

typedef struct
{
  char *path;       /* relative to the working directory of this process */
  OciDigest digest; /* of the file */
  char *name;
  char *version;
  char *license;          /* (nullable): SPDX expression */
  char **license_files;   /* (nullable): paths below the working directory of steps, normalised */
  GPtrArray *sources;     /* of TerraneRecipeSource */
  GPtrArray *patch_paths; /* of char * */
  GPtrArray *variables;   /* of TerraneRecipeVariable */
  GPtrArray *need_specs;  /* of TerraneRecipeNeed */
  GPtrArray *steps;       /* of char **: a program and its arguments */
  char *script_path;      /* (nullable): instead of @steps */
  json_t *environment;    /* (nullable): object of strings */
  char **include;         /* (nullable): globs against paths below the prefix */
  char **exclude;         /* (nullable): likewise; takes precedence */
  char **development;     /* (nullable): globs of files that only compiling needs */
  uint64_t timeout_ms;
  uint64_t memory_bytes;
  uint64_t tmp_bytes;
  uint64_t disk_bytes;
  GPtrArray *patches;        /* of TerraneRecipeFile */
  GPtrArray *needs;          /* of TerraneRecipe, borrowed from the set: those of @need_specs */
  json_t *values;            /* object of strings: of each variable */
  TerraneRecipeFile *script; /* (nullable) */
} TerraneRecipe;

/* A recipe with all recipes that it needs, directly or not. */
typedef struct
{
  GPtrArray *recipes; /* of TerraneRecipe: each once, after those that it needs */
} TerraneRecipeSet;

/**
 * terrane_recipe_set_load:
 * @path: of a recipe
 * @prefix: the normalised directory of its result
 * @variables: (nullable): object of strings: values of variables, each of which some recipe of the
 *   set has
 * @absolute: (nullable): of char *: a set to which absolute paths of the recipes are added
 *
 * Reads a recipe, its patches and its script, and the recipes that it needs. Reports all problems
 * of one file in one error.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE for an invalid recipe; %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
TerraneRecipeSet *terrane_recipe_set_load (const char *path, const char *prefix,
                                           const json_t *variables, GHashTable *absolute,
                                           GError **error);

/** Like terrane_recipe_set_load() for any prefix, with the defaults of variables, including the
 * recipes that are needed for other values. Returns: (transfer full). Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
TerraneRecipeSet *terrane_recipe_set_load_all (const char *path, GError **error);

void terrane_recipe_set_free (TerraneRecipeSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRecipeSet, terrane_recipe_set_free)

/** Returns: (transfer none): the requested recipe */
const TerraneRecipe *terrane_recipe_set_main (const TerraneRecipeSet *self);

/** Whether a file with this content is a recipe, judging by its keys: it has one that no profile
 * has, and neither a base nor trees. */
gboolean terrane_recipe_is_one (GBytes *data);

extern const TerraneSection terrane_recipe_section;
extern const TerraneSection terrane_recipe_source_section;

G_END_DECLS
