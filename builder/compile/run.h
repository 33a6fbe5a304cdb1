/* The steps of a recipe, run in the sandbox: no network, one writable directory, and the same
 * environment on every machine. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/progress.h"

G_BEGIN_DECLS

/* Where a recipe's steps find what. All below /tmp, where no file system needs a place for it. */
#define TERRANE_COMPILE_WORK "/tmp/build"

/* Names below the working directory. */
#define TERRANE_COMPILE_SOURCES "src"
#define TERRANE_COMPILE_OUTPUT "out"

typedef struct
{
  const TerraneRecipe *recipe;
  const char *prefix;   /* where the result will be, normalised */
  const char *root;     /* directory: the file system that steps run in */
  const char *work;     /* absolute: a directory that has the two names above */
  const char *log_path; /* where the whole output is written */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneCompileRun;

/**
 * terrane_compile_run:
 *
 * Applies the patches and runs the steps. What they print is in the log, also after a failure.
 */
gboolean terrane_compile_run (const TerraneCompileRun *self, GError **error);

G_END_DECLS
