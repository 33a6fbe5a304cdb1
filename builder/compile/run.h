/* The steps of a recipe, run in the sandbox: no network, one writable directory, and the same
 * environment on every machine. What is called back is called on the thread that runs them. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/sandbox/emulator.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a recipe's steps find what. All below /tmp, where no file system needs a place for it. */
#define TERRANE_COMPILE_WORK "/tmp/build"

/* Names below the working directory. */
#define TERRANE_COMPILE_SOURCES "src"
#define TERRANE_COMPILE_OUTPUT "out"

typedef struct
{
  const TerraneRecipe *recipe;
  const char *prefix;              /* where the result will be, normalised */
  const char *root;                /* directory: the file system that steps run in */
  const char *work;                /* absolute: a directory that has the two names above */
  const char *log_path;            /* where the output is written */
  const TerraneEmulator *emulator; /* (nullable): for another processor */
  GCancellable *cancellable;       /* (nullable) */
  /** A step begins: "step 2 of 3 (‘make’)". Returns: how many processes it may use */
  unsigned (*begin) (const char *step, gpointer data);
  void (*output) (const char *bytes, size_t len, gpointer data);
  gpointer data;
} TerraneCompileRun;

/* The last step that was begun, for who looks at what it left. */
typedef struct
{
  char *step;
  char **argv; /* of where steps run: terrane_compile_shell() */
  char **env;
  char *file; /* (nullable): name of what it had besides, a script or a patch */
  GBytes *content;
} TerraneCompileLast;

void terrane_compile_last_clear (TerraneCompileLast *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileLast, terrane_compile_last_clear)

/**
 * terrane_compile_run:
 * @out_last: (out caller-allocates): zero when no step was begun
 *
 * Applies the patches and runs the steps. What they print is in the log, also after a failure.
 */
gboolean terrane_compile_run (const TerraneCompileRun *self, TerraneCompileLast *out_last,
                              GError **error);

/** Words that run a program where steps run, with their umask: ended by %NULL; the program and its
 * arguments follow. */
const char *const *terrane_compile_shell (void);

G_END_DECLS
