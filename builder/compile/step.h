/* Runs one program of a recipe in the sandbox, passes on its output as it arrives, and ends it if
 * it exceeds a limit. */
#pragma once

#include "builder/compile/disk.h"
#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* How the program ended. */
typedef struct
{
  gboolean timed_out;
  gboolean out_of_memory;
  gboolean too_many_processes;
  gboolean out_of_disk;
  gboolean too_deep;  /* its directories are nested too deep */
  gboolean unwatched; /* its memory could not be watched */
  gboolean not_executed;
  int exit_code; /* -1 when a signal ended it */
  int signal;
  char *output; /* the end of it, as text */
} TerraneStepEnd;

void terrane_step_end_clear (TerraneStepEnd *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneStepEnd, terrane_step_end_clear)

typedef struct
{
  const TerraneSandbox *sandbox;
  const char *const *argv;
  const TerraneSandboxFile *files; /* (nullable) */
  gint64 deadline;                 /* monotonic */
  TerraneDiskWatch *disk;
  /** Receives new output, on the thread that runs the step. */
  gboolean (*output) (const char *bytes, size_t len, gpointer data, GError **error);
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneStep;

/** Runs the program. How it ended is in @out_end and not an error. Errors: those of making a
 * sandbox: %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_IO, codes of %G_FILE_ERROR; those of @output; %OCI_ERROR_CANCELLED. */
gboolean terrane_step_run (const TerraneStep *self, TerraneStepEnd *out_end, GError **error);

/** Whether it succeeded. */
gboolean terrane_step_end_is_good (const TerraneStepEnd *self);

G_END_DECLS
