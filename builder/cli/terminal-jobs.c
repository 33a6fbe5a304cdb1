#include "builder/cli/terminal-jobs.h"

#include "builder/cli/style.h"

#include <string.h>
#include <unistd.h>

enum
{
  PLAIN_USECS = 30 * G_USEC_PER_SEC, /* between lines of a job if nothing is drawn */
  SECONDS_PER_MINUTE = 60,
};

typedef struct
{
  char *name;
  char *state;
  char *line; /* (nullable) */
  gint64 usecs;
  gint64 said; /* time of the last output, monotonic */
} Job;

struct _TerraneTerminalJobs
{
  GPtrArray *jobs; /* of Job */
  gboolean dim;
};

static void
job_free (gpointer data)
{
  Job *self = data;
  g_free (self->name);
  g_free (self->state);
  g_free (self->line);
  g_free (self);
}

TerraneTerminalJobs *
terrane_terminal_jobs_new (void)
{
  TerraneTerminalJobs *self = g_new0 (TerraneTerminalJobs, 1);
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  self->dim = terrane_color_is_on (STDERR_FILENO);
  return self;
}

void
terrane_terminal_jobs_free (TerraneTerminalJobs *self)
{
  g_ptr_array_unref (self->jobs);
  g_free (self);
}

void
terrane_terminal_jobs_clear (TerraneTerminalJobs *self)
{
  g_ptr_array_set_size (self->jobs, 0);
}

/* "7 s", "12 min 5 s" Returns: (transfer full) */
static char *
format_time (gint64 usecs)
{
  gint64 seconds = usecs / G_USEC_PER_SEC;
  return seconds < SECONDS_PER_MINUTE
             ? g_strdup_printf ("%d s", (int) seconds)
             : g_strdup_printf ("%d min %d s", (int) (seconds / SECONDS_PER_MINUTE),
                                (int) (seconds % SECONDS_PER_MINUTE));
}

static guint
find (const TerraneTerminalJobs *self, const char *name)
{
  guint i = 0;
  while (i < self->jobs->len && strcmp (((const Job *) self->jobs->pdata[i])->name, name) != 0)
    i++;
  return i;
}

/* Returns: (transfer full) (nullable) */
static char *
describe_plain (Job *self, gboolean changed, gint64 now)
{
  if (!changed && now - self->said < PLAIN_USECS)
    return NULL;
  self->said = now;
  if (changed)
    return g_strdup_printf ("%s: %s", self->name, self->state);
  g_autofree char *time = format_time (self->usecs);
  return g_strdup_printf ("%s: %s, %s%s%s", self->name, self->state, time,
                          self->line != NULL ? ": " : "", self->line != NULL ? self->line : "");
}

char *
terrane_terminal_jobs_take (TerraneTerminalJobs *self, const TerraneProgressJob *job, gboolean live,
                            gint64 now)
{
  guint i = find (self, job->name);
  if (job->over)
    {
      g_autofree char *time = format_time (job->usecs);
      if (i < self->jobs->len)
        g_ptr_array_remove_index (self->jobs, i);
      return g_strdup_printf ("%s: %s after %s", job->name, job->state, time);
    }
  if (i == self->jobs->len)
    {
      Job *fresh = g_new0 (Job, 1);
      fresh->name = g_strdup (job->name);
      g_ptr_array_add (self->jobs, fresh);
    }
  Job *known = self->jobs->pdata[i];
  gboolean changed = g_strcmp0 (known->state, job->state) != 0;
  g_free (known->state);
  g_free (known->line);
  known->state = g_strdup (job->state);
  known->line = g_strdup (job->line);
  known->usecs = job->usecs;
  return live ? NULL : describe_plain (known, changed, now);
}

static void
append_line (GString *screen, const char *text, guint width, gboolean dim)
{
  /* One column stays free, so that the cursor does not wrap. */
  g_autofree char *cut = terrane_text_cut (text, width - 1);
  g_string_append_printf (screen, "\n\r\033[K%s%s%s", dim ? "\033[2m" : "", cut,
                          dim ? "\033[0m" : "");
}

guint
terrane_terminal_jobs_draw (const TerraneTerminalJobs *self, GString *screen, guint width,
                            guint height)
{
  guint lines = 0;
  gboolean with_output = self->jobs->len * 2 <= height;
  for (guint i = 0; i < self->jobs->len && lines < height; i++)
    {
      const Job *job = self->jobs->pdata[i];
      g_autofree char *time = format_time (job->usecs);
      g_autofree char *head = g_strdup_printf ("  %s  %s  %s", job->name, time, job->state);
      append_line (screen, head, width, FALSE);
      lines++;
      if (!with_output || job->line == NULL)
        continue;
      g_autofree char *text = g_strconcat ("    ", job->line, NULL);
      append_line (screen, text, width, self->dim);
      lines++;
    }
  return lines;
}
