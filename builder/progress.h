/* How long work tells somebody outside what it is doing. All callbacks may be NULL and are called
 * on the thread that runs the work. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;  /* "geos 3.13.1" */
  const char *state; /* what it does: "step 2 of 3 (‘make’)"; how it ended, when it is over */
  const char *line;  /* (nullable): the last line that it printed */
  gint64 usecs;      /* since it was started */
  gboolean over;
} TerraneProgressJob;

typedef struct
{
  /* A piece of work starts; @total bytes, 0 when unknown. It ends when the next one starts. */
  void (*phase) (gpointer data, const char *label, uint64_t total);
  /* So many more bytes of the phase are done. */
  void (*advance) (gpointer data, uint64_t bytes);
  /* The total of the phase turned out to be another. */
  void (*expect) (gpointer data, uint64_t total);
  /* One of several things that the phase does at the same time: @done of @total bytes; it is over
   * when both are equal. */
  void (*item) (gpointer data, const char *name, uint64_t done, uint64_t total);
  /* How far a job is: one of several pieces of work of the phase that take long and say much. */
  void (*job) (gpointer data, const TerraneProgressJob *job);
  /* For --verbose: a line that the job @name printed. */
  void (*output) (gpointer data, const char *name, const char *line);
  /* Something that the user should know although work goes on. */
  void (*warn) (gpointer data, const char *message);
  /* Something for --verbose. */
  void (*info) (gpointer data, const char *message);
  gpointer data;
} TerraneProgress;

void terrane_progress_phase (const TerraneProgress *self, uint64_t total, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void terrane_progress_advance (const TerraneProgress *self, uint64_t bytes);
void terrane_progress_expect (const TerraneProgress *self, uint64_t total);
void terrane_progress_item (const TerraneProgress *self, const char *name, uint64_t done,
                            uint64_t total);
void terrane_progress_job (const TerraneProgress *self, const TerraneProgressJob *job);
void terrane_progress_output (const TerraneProgress *self, const char *name, const char *line);
void terrane_progress_warn (const TerraneProgress *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
void terrane_progress_info (const TerraneProgress *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

G_END_DECLS
