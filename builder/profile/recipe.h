/* Recipes: how a tree is compiled from sources. A file of its own, which a source of kind "compile"
 * names; docs/recipe.md has its keys. */
#pragma once

#include "builder/profile/recipe-variables.h"
#include "builder/profile/source-spec.h"

G_BEGIN_DECLS

/* An archive of sources, unpacked. */
typedef struct
{
  TerraneArchiveFile file; /* always with its digest */
  char *directory;         /* where it is unpacked, normalised; "" for where steps run */
  unsigned strip_components;
} TerraneRecipeSource;

/* A patch or a script. */
typedef struct
{
  char *path;
  GBytes *content;
  OciDigest digest;
} TerraneRecipeFile;

typedef struct
{
  char *path;       /* as the process sees it */
  OciDigest digest; /* of the file */
  char *name;
  char *version;
  char *license;          /* (nullable): SPDX expression */
  char **license_files;   /* (nullable): paths below where steps run, normalised */
  GPtrArray *sources;     /* of TerraneRecipeSource */
  GPtrArray *patch_paths; /* of char * */
  GPtrArray *variables;   /* of TerraneRecipeVariable */
  GPtrArray *need_specs;  /* of TerraneRecipeNeed */
  GPtrArray *steps;       /* of char **: a program and its arguments */
  char *script_path;      /* (nullable): instead of @steps */
  json_t *environment;    /* (nullable): object of strings */
  char **include;         /* (nullable): globs against paths below the prefix */
  char **exclude;         /* (nullable): the same; wins */
  char **development;     /* (nullable): globs of what only compiling needs */
  uint64_t timeout_ms;
  uint64_t memory_bytes;
  uint64_t tmp_bytes;
  uint64_t disk_bytes;
  GPtrArray *patches;        /* of TerraneRecipeFile */
  GPtrArray *needs;          /* of TerraneRecipe, borrowed from the set: those of @need_specs */
  json_t *values;            /* object of strings: of each variable */
  TerraneRecipeFile *script; /* (nullable) */
} TerraneRecipe;

/* A recipe with all that it needs, directly or not. */
typedef struct
{
  GPtrArray *recipes; /* of TerraneRecipe: each once, after those that it needs */
} TerraneRecipeSet;

/**
 * terrane_recipe_set_load:
 * @path: of a recipe
 * @prefix: where its result will be, normalised
 * @variables: (nullable): object of strings: values of variables, which some recipe of the set has
 * @absolute: (nullable): of char *: a set that absolute paths of the recipes are added to
 *
 * Reads a recipe, its patches and its script, and the recipes that it needs. All problems of one
 * file are in one error.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_USAGE for what is wrong with it
 */
TerraneRecipeSet *terrane_recipe_set_load (const char *path, const char *prefix,
                                           const json_t *variables, GHashTable *absolute,
                                           GError **error);

/** The same for any prefix, with the defaults of variables, and with the recipes that it needs with
 * others. */
TerraneRecipeSet *terrane_recipe_set_load_all (const char *path, GError **error);

void terrane_recipe_set_free (TerraneRecipeSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRecipeSet, terrane_recipe_set_free)

/** The one that was asked for. Returns: (transfer none) */
const TerraneRecipe *terrane_recipe_set_main (const TerraneRecipeSet *self);

/** Whether a file that holds @data is a recipe by its keys; a profile never has "steps", "script"
 * or "sources". */
gboolean terrane_recipe_is_one (GBytes *data);

extern const TerraneSection terrane_recipe_section;
extern const TerraneSection terrane_recipe_source_section;

G_END_DECLS
