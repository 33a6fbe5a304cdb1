/* Jobs of a phase, such as recipes that are compiled: current activity and last output of each; two
 * lines for each on a terminal, otherwise a line for each step. */
#pragma once

#include "builder/progress.h"

G_BEGIN_DECLS

typedef struct _TerraneTerminalJobs TerraneTerminalJobs;

/** Returns: (transfer full): without jobs */
TerraneTerminalJobs *terrane_terminal_jobs_new (void);
void terrane_terminal_jobs_free (TerraneTerminalJobs *self);

/** Removes all jobs. */
void terrane_terminal_jobs_clear (TerraneTerminalJobs *self);

/**
 * terrane_terminal_jobs_take:
 * @job: with harmless texts
 * @live: whether jobs are drawn
 * @now: monotonic
 *
 * Updates a job.
 *
 * Returns: (transfer full) (nullable): a permanent message: the job is over; if nothing is drawn,
 *   also that it began something else, or has run for a while
 */
char *terrane_terminal_jobs_take (TerraneTerminalJobs *self, const TerraneProgressJob *job,
                                  gboolean live, gint64 now);

/** Appends at most @height lines to the screen, each after a line break. Returns: their number */
guint terrane_terminal_jobs_draw (const TerraneTerminalJobs *self, GString *screen, guint width,
                                  guint height);

G_END_DECLS
