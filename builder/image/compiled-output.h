/* What is put beside what the steps of a recipe have installed: the texts of its licence, taken out
 * of the sources before the steps run, and other files. */
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

/** Adds one file to @output, as the above does. @place: below the prefix */
gboolean terrane_compiled_output_add (int output, const char *place, GBytes *content,
                                      GError **error);

/** Where the text of @path is below the prefix. Returns: (transfer full) */
char *terrane_license_file_place (const TerraneRecipe *recipe, const char *path);

G_END_DECLS
