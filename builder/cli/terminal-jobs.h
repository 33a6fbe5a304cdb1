/* Jobs of a phase, such as recipes that are compiled: what each does now and the last that it
 * printed; two lines for each on a terminal, elsewhere a line for each step. */
#pragma once

#include "builder/progress.h"

G_BEGIN_DECLS

typedef struct _TerraneTerminalJobs TerraneTerminalJobs;

TerraneTerminalJobs *terrane_terminal_jobs_new (void);
void terrane_terminal_jobs_free (TerraneTerminalJobs *self);

/** Forgets all of them. */
void terrane_terminal_jobs_clear (TerraneTerminalJobs *self);

/**
 * terrane_terminal_jobs_take:
 * @job: whose texts are harmless
 * @live: they are drawn
 * @now: monotonic
 *
 * Returns: (transfer full) (nullable): a message that is to stay: a job is over; where nothing is
 *   drawn, it has begun with something else, or has gone on for a while
 */
char *terrane_terminal_jobs_take (TerraneTerminalJobs *self, const TerraneProgressJob *job,
                                  gboolean live, gint64 now);

/** Adds at most @height lines to the screen, each after a line break. Returns: how many */
guint terrane_terminal_jobs_draw (const TerraneTerminalJobs *self, GString *screen, guint width,
                                  guint height);

G_END_DECLS
