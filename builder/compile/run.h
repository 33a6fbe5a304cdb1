/* Runs the steps of a recipe in the sandbox: no network, one writable directory, and the same
 * environment on every machine. Callbacks are called on the thread that runs them. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/sandbox/emulator.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Directories of a recipe's steps, all below /tmp, which exists in every sandbox. */
#define TERRANE_COMPILE_WORK "/tmp/build"

/* Names below the working directory. */
#define TERRANE_COMPILE_SOURCES "src"
#define TERRANE_COMPILE_OUTPUT "out"

typedef struct
{
  const TerraneRecipe *recipe;
  const char *prefix;              /* where the result will be installed, normalised */
  const char *root;                /* directory: the file system that steps run in */
  const char *work;                /* absolute: a directory that contains the two names above */
  const char *log_path;            /* file for the output */
  const TerraneEmulator *emulator; /* (nullable): for another processor */
  GCancellable *cancellable;       /* (nullable) */
  /** A step begins: "step 2 of 3 (‘make’)". Returns: number of processes that it may use */
  unsigned (*begin) (const char *step, gpointer data);
  void (*output) (const char *bytes, size_t len, gpointer data);
  gpointer data;
  GPtrArray *warnings; /* of char *: the run adds what it has to say besides errors */
} TerraneCompileRun;

/* The last step that was begun, for examining what it left. */
typedef struct
{
  char *step;
  char **argv; /* with terrane_compile_shell() */
  char **env;
  char *file; /* (nullable): name of an additional file, a script or a patch */
  GBytes *content;
} TerraneCompileLast;

void terrane_compile_last_clear (TerraneCompileLast *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileLast, terrane_compile_last_clear)

/**
 * terrane_compile_run:
 * @out_last: (out caller-allocates): zero if no step was begun
 *
 * Applies the patches and runs the steps. Their output is in the log, also after a failure.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR.
 */
gboolean terrane_compile_run (const TerraneCompileRun *self, TerraneCompileLast *out_last,
                              GError **error);

/** Returns: (transfer none): words that run a program in the environment of steps, with their
 * umask: ended by %NULL, to be followed by the program and its arguments */
const char *const *terrane_compile_shell (void);

G_END_DECLS
