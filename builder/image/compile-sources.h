/* Unpacks the sources of a recipe into the directory in which its steps start. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/progress.h"
#include "builder/store/store.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;
  unsigned jobs; /* number of threads */
  const TerraneProgress *progress;
  const TerraneRecipe *recipe;
  int dfd;                   /* where to unpack */
  GCancellable *interrupted; /* (nullable) */
  GPtrArray *warnings;       /* of char *: what is to be said besides errors is added */
} TerraneCompileSources;

/**
 * terrane_compile_sources_unpack:
 *
 * Unpacks all of them in order.
 *
 * Errors: %OCI_ERROR_FORMAT if nothing of an archive remains; those of terrane_source_tree_make()
 * and terrane_commit_copy_out(); %OCI_ERROR_CANCELLED.
 */
gboolean terrane_compile_sources_unpack (const TerraneCompileSources *self, GError **error);

G_END_DECLS
