/* One program of a recipe in the sandbox, whose output is seen as it comes, and which is ended when
 * it takes too much of anything. */
#pragma once

#include "builder/compile/disk.h"
#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* How it ended. */
typedef struct
{
  gboolean timed_out;
  gboolean out_of_memory;
  gboolean too_many_processes;
  gboolean out_of_disk;
  gboolean too_deep;  /* so are its directories */
  gboolean unwatched; /* its memory could not be watched */
  gboolean not_executed;
  int exit_code; /* -1 when a signal ended it */
  int signal;
  char *output; /* the last of it, as text */
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
  /** What it printed since the last call; on the thread that runs the step. */
  gboolean (*output) (const char *bytes, size_t len, gpointer data, GError **error);
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneStep;

/** Returns: FALSE when the sandbox could not be made, the output was refused, or it was cancelled
 * (%OCI_ERROR_CANCELLED) */
gboolean terrane_step_run (const TerraneStep *self, TerraneStepEnd *out_end, GError **error);

/** Whether it did what it should. */
gboolean terrane_step_end_is_good (const TerraneStepEnd *self);

G_END_DECLS
