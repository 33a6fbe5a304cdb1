/* The texts of licences that a recipe names: taken out of its sources before its steps run, and put
 * beside what they have installed. */
#pragma once

#include "builder/profile/recipe.h"

G_BEGIN_DECLS

/**
 * terrane_license_files_read:
 * @sources: directory that the sources were unpacked in
 * @out_files: (out) (transfer full): of GBytes, in the order of the recipe
 *
 * No symbolic link is followed: the archives made them.
 */
gboolean terrane_license_files_read (const TerraneRecipe *recipe, int sources,
                                     GPtrArray **out_files, GError **error);

/**
 * terrane_license_files_write:
 * @output: directory that will be the prefix
 * @files: what the above gave
 *
 * Replaces what the steps have installed there. No symbolic link is followed: the steps made them.
 */
gboolean terrane_license_files_write (const TerraneRecipe *recipe, int output,
                                      const GPtrArray *files, GError **error);

/** Where the text of @path is below the prefix. Returns: (transfer full) */
char *terrane_license_file_place (const TerraneRecipe *recipe, const char *path);

G_END_DECLS
