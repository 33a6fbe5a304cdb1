/* Adds files to what the steps of a recipe have installed: the texts of its licence, read from the
 * sources before the steps run, and others. */
#pragma once

#include "builder/profile/recipe.h"

G_BEGIN_DECLS

/**
 * terrane_license_files_read:
 * @sources: directory that the sources were unpacked to
 * @out_files: (out) (transfer full): of GBytes, in the order of the recipe
 *
 * Follows no symbolic link, since they come from the archives.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_license_files_read (const TerraneRecipe *recipe, int sources,
                                     GPtrArray **out_files, GError **error);

/**
 * terrane_license_files_write:
 * @output: directory that will be the prefix
 * @files: from terrane_license_files_read()
 *
 * Replaces files that the steps have installed there. Follows no symbolic link, since they were
 * made by the steps.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_license_files_write (const TerraneRecipe *recipe, int output,
                                      const GPtrArray *files, GError **error);

/** Adds one file to @output in the same way. @place: below the prefix. Errors: %OCI_ERROR_IO. */
gboolean terrane_compiled_output_add (int output, const char *place, GBytes *content,
                                      GError **error);

/** Returns: (transfer full): place of the licence text @path below the prefix */
char *terrane_license_file_place (const TerraneRecipe *recipe, const char *path);

G_END_DECLS
