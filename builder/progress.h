/* Progress reports of long work. All callbacks may be NULL and are called on the thread that runs
 * the work. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;  /* "geos 3.13.1" */
  const char *state; /* current activity: "step 2 of 3 (‘make’)"; the outcome when it is over */
  const char *line;  /* (nullable): its last line of output */
  gint64 usecs;      /* time since it was started */
  gboolean over;
} TerraneProgressJob;

typedef struct
{
  /* A phase starts; @total bytes, 0 if unknown. It ends when the next one starts. */
  void (*phase) (gpointer data, const char *label, uint64_t total);
  /* That many further bytes of the phase are done. */
  void (*advance) (gpointer data, uint64_t bytes);
  /* The total of the phase has changed. */
  void (*expect) (gpointer data, uint64_t total);
  /* One of several concurrent items of the phase: @done of @total bytes; it is complete when they
   * are equal. */
  void (*item) (gpointer data, const char *name, uint64_t done, uint64_t total);
  /* Progress of a job: one of several long pieces of the phase that print output. */
  void (*job) (gpointer data, const TerraneProgressJob *job);
  /* For --verbose: a line printed by the job @name. */
  void (*output) (gpointer data, const char *name, const char *line);
  /* A message that the user should see although work continues. */
  void (*warn) (gpointer data, const char *message);
  /* A message for --verbose. */
  void (*info) (gpointer data, const char *message);
  gpointer data;
} TerraneProgress;

/** Functions that call one of the callbacks, if there is one. @self: (nullable) */
void terrane_progress_phase (const TerraneProgress *self, uint64_t total, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/** Reports that @bytes more of the phase are done. */
void terrane_progress_advance (const TerraneProgress *self, uint64_t bytes);
/** Changes the total of the phase. */
void terrane_progress_expect (const TerraneProgress *self, uint64_t total);
/** Reports one of several concurrent items. */
void terrane_progress_item (const TerraneProgress *self, const char *name, uint64_t done,
                            uint64_t total);
/** Reports the state of a job. */
void terrane_progress_job (const TerraneProgress *self, const TerraneProgressJob *job);
/** Reports a line that the job @name printed. */
void terrane_progress_output (const TerraneProgress *self, const char *name, const char *line);
/** Reports a message that the user should see. */
void terrane_progress_warn (const TerraneProgress *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
/** Reports a message for --verbose. */
void terrane_progress_info (const TerraneProgress *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

G_END_DECLS
