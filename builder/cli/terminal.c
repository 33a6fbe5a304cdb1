#include "builder/cli/terminal.h"

#include "builder/cli/terminal-jobs.h"

#include "builder/error.h"

#include "oci/base/error.h"
#include "oci/base/json.h"
#include "oci/base/number.h"
#include "oci/base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WARNING "warning: "

enum
{
  REDRAW_USECS = 100 * 1000,
  PLAIN_USECS = 5 * G_USEC_PER_SEC, /* between lines without a terminal */
  DEFAULT_WIDTH = 80,
  DEFAULT_HEIGHT = 24,
};

/* An activity, with what is known of its end. */
typedef struct
{
  char *label;
  uint64_t total; /* 0 if unknown */
  uint64_t done;
  gint64 started;
} Work;

struct _TerraneTerminal
{
  TerraneOutput output;
  TerraneProgress progress;
  gboolean live;
  Work phase;       /* its label is NULL if there is none */
  GPtrArray *items; /* of Work: what the phase does at the same time */
  TerraneTerminalJobs *jobs;
  guint lines; /* on the screen below that of the phase */
  gint64 drawn;
};

static char *
replace_misleading (const char *text, const char *except)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *harmless = g_string_new (NULL);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = g_utf8_get_char (p);
      gboolean allowed = !oci_unichar_misleads (character) || strchr (except, *p) != NULL;
      g_string_append_unichar (harmless, allowed ? character : 0xFFFD);
    }
  return g_string_free (harmless, FALSE);
}

char *
terrane_harmless_text (const char *text)
{
  return replace_misleading (text, "\n\t");
}

char *
terrane_harmless_line (const char *text)
{
  return replace_misleading (text, "");
}

static void
work_clear (Work *self)
{
  g_clear_pointer (&self->label, g_free);
}

static void
work_free (gpointer data)
{
  work_clear (data);
  g_free (data);
}

static void
terminal_size (guint *out_width, guint *out_height)
{
  struct winsize size;
  gboolean known = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0;
  guint columns = terrane_columns (STDERR_FILENO);
  *out_width = columns > 0 ? columns : DEFAULT_WIDTH;
  *out_height = known && size.ws_row > 0 ? size.ws_row : DEFAULT_HEIGHT;
}

/* "reading gdal  120.3 MB of 250.1 MB, 85.2 MB/s, 2 s left" */
static char *
describe_work (const Work *self, gint64 now)
{
  double seconds = (double) (now - self->started) / G_USEC_PER_SEC;
  double rate = seconds > 0.1 ? (double) self->done / seconds : 0;
  GString *text = g_string_new (self->label);
  g_autofree char *done = oci_format_size (self->done);
  if (self->done > 0)
    g_string_append_printf (text, "  %s", done);
  if (self->done > 0 && self->total > 0)
    {
      g_autofree char *total = oci_format_size (self->total);
      g_string_append_printf (text, " of %s", total);
    }
  if (rate > 0)
    {
      g_autofree char *per_second = oci_format_size ((uint64_t) rate);
      g_string_append_printf (text, ", %s/s", per_second);
    }
  if (rate > 0 && self->total > self->done)
    g_string_append_printf (text, ", %.0f s left",
                            (double) (self->total - self->done) / rate + 0.5);
  return g_string_free (text, FALSE);
}

static void
append_line (GString *screen, const char *indent, const Work *work, gint64 now, guint width)
{
  g_autofree char *text = describe_work (work, now);
  g_autofree char *line = g_strconcat (indent, text, NULL);
  /* One column stays free, so that the cursor does not wrap. */
  g_autofree char *cut = terrane_text_cut (line, width - 1);
  g_string_append_printf (screen, "\r\033[K%s", cut);
}

/* Moves the cursor to the beginning of the phase's line, and clears everything after it. */
static void
append_clear (const TerraneTerminal *self, GString *screen)
{
  if (self->lines > 0)
    g_string_append_printf (screen, "\033[%uA", self->lines);
  g_string_append (screen, "\r\033[J");
}

static void
draw (TerraneTerminal *self, gint64 now)
{
  self->drawn = now;
  if (!self->live)
    {
      g_autofree char *text = describe_work (&self->phase, now);
      fprintf (stderr, "terrane: %s\n", text);
      return;
    }
  guint width = 0;
  guint height = 0;
  g_autoptr (GString) screen = g_string_new (NULL);
  terminal_size (&width, &height);
  append_clear (self, screen);
  append_line (screen, "", &self->phase, now, width);
  self->lines = MIN (self->items->len, height > 2 ? height - 2 : 0);
  for (guint i = 0; i < self->lines; i++)
    {
      g_string_append_c (screen, '\n');
      append_line (screen, "  ", self->items->pdata[i], now, width);
    }
  self->lines += terrane_terminal_jobs_draw (
      self->jobs, screen, width, height > self->lines + 2 ? height - self->lines - 2 : 0);
  fputs (screen->str, stderr);
  fflush (stderr);
}

static void
clear_lines (TerraneTerminal *self)
{
  if (!self->live || self->phase.label == NULL)
    return;
  g_autoptr (GString) screen = g_string_new (NULL);
  append_clear (self, screen);
  self->lines = 0;
  fputs (screen->str, stderr);
  fflush (stderr);
}

static void
on_phase (gpointer data, const char *label, uint64_t total)
{
  TerraneTerminal *self = data;
  terrane_terminal_finish_phase (self);
  self->phase = (Work){ .label = terrane_harmless_line (label),
                        .total = total,
                        .started = g_get_monotonic_time () };
  draw (self, self->phase.started);
}

static void
draw_when_due (TerraneTerminal *self)
{
  gint64 now = g_get_monotonic_time ();
  if (now - self->drawn >= (self->live ? REDRAW_USECS : PLAIN_USECS))
    draw (self, now);
}

static void
on_advance (gpointer data, uint64_t bytes)
{
  TerraneTerminal *self = data;
  self->phase.done += bytes;
  draw_when_due (self);
}

static void
on_expect (gpointer data, uint64_t total)
{
  TerraneTerminal *self = data;
  self->phase.total = total;
}

static guint
find_item (const TerraneTerminal *self, const char *name)
{
  guint i = 0;
  while (i < self->items->len && strcmp (((const Work *) self->items->pdata[i])->label, name) != 0)
    i++;
  return i;
}

static void
on_item (gpointer data, const char *name, uint64_t done, uint64_t total)
{
  TerraneTerminal *self = data;
  g_autofree char *label = terrane_harmless_line (name);
  guint i = find_item (self, label);
  if (i == self->items->len && done == total)
    return;
  if (i == self->items->len)
    {
      Work *item = g_new0 (Work, 1);
      *item = (Work){ .label = g_strdup (label), .started = g_get_monotonic_time () };
      g_ptr_array_add (self->items, item);
    }
  Work *item = self->items->pdata[i];
  item->done = done;
  item->total = total;
  if (done == total)
    g_ptr_array_remove_index (self->items, i);
  if (self->live)
    draw_when_due (self);
}

static void
on_job (gpointer data, const TerraneProgressJob *job)
{
  TerraneTerminal *self = data;
  g_autofree char *state = terrane_harmless_line (job->state);
  g_autofree char *line = job->line != NULL ? terrane_harmless_line (job->line) : NULL;
  const TerraneProgressJob harmless = {
    .name = job->name, .state = state, .line = line, .usecs = job->usecs, .over = job->over
  };
  g_autofree char *message =
      terrane_terminal_jobs_take (self->jobs, &harmless, self->live, g_get_monotonic_time ());
  if (message != NULL)
    {
      clear_lines (self);
      terrane_print_error (message);
    }
  if (self->live)
    draw_when_due (self);
}

static void
on_output (gpointer data, const char *name, const char *line)
{
  TerraneTerminal *self = data;
  g_autofree char *harmless = terrane_harmless_line (line);
  clear_lines (self);
  fprintf (stderr, "%s | %s\n", name, harmless);
}

static void
on_message (gpointer data, const char *message)
{
  TerraneTerminal *self = data;
  clear_lines (self);
  terrane_print_error (message);
}

static void
on_warning (gpointer data, const char *message)
{
  g_autofree char *text = g_strconcat (WARNING, message, NULL);
  on_message (data, text);
}

TerraneTerminal *
terrane_terminal_new (const TerraneOutput *output)
{
  TerraneTerminal *self = g_new0 (TerraneTerminal, 1);
  const char *term = g_getenv ("TERM");
  self->output = *output;
  self->items = g_ptr_array_new_with_free_func (work_free);
  self->jobs = terrane_terminal_jobs_new ();
  self->live = isatty (STDERR_FILENO) && term != NULL && strcmp (term, "dumb") != 0;
  self->progress = (TerraneProgress){
    .phase = output->quiet ? NULL : on_phase,
    .advance = output->quiet ? NULL : on_advance,
    .expect = output->quiet ? NULL : on_expect,
    .item = output->quiet ? NULL : on_item,
    .job = output->quiet ? NULL : on_job,
    .output = output->verbose ? on_output : NULL,
    .warn = on_warning,
    .info = output->verbose ? on_message : NULL,
    .data = self,
  };
  return self;
}

const TerraneProgress *
terrane_terminal_progress (TerraneTerminal *self)
{
  return &self->progress;
}

void
terrane_terminal_finish_phase (TerraneTerminal *self)
{
  if (self->phase.label == NULL)
    return;
  gint64 now = g_get_monotonic_time ();
  clear_lines (self);
  /* On a terminal a phase leaves one line if it took long enough to be noticed. */
  if (self->live && now - self->phase.started > G_USEC_PER_SEC / 2)
    {
      g_autofree char *done = oci_format_size (self->phase.done);
      fprintf (stderr, "%s  %s%s%.1f s\n", self->phase.label, self->phase.done > 0 ? done : "",
               self->phase.done > 0 ? ", " : "",
               (double) (now - self->phase.started) / G_USEC_PER_SEC);
    }
  work_clear (&self->phase);
  g_ptr_array_set_size (self->items, 0);
  terrane_terminal_jobs_clear (self->jobs);
}

void
terrane_terminal_free (TerraneTerminal *self)
{
  if (self == NULL)
    return;
  terrane_terminal_finish_phase (self);
  g_ptr_array_unref (self->items);
  terrane_terminal_jobs_free (self->jobs);
  g_free (self);
}

/* Prints "terrane: MESSAGE" for each line that is not indented; the start of the first line, which
 * gives the severity, is coloured. */
static void
print_lines (const char *message, const char *start, TerraneColor color)
{
  g_autofree char *harmless = terrane_harmless_text (message);
  g_auto (GStrv) lines = g_strsplit (harmless, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      TerraneColor used = line == lines ? color : TERRANE_COLOR_NONE;
      const char *text = *line + (line == lines ? strlen (start) : 0);
      fprintf (stderr, "%s%s%s%s%s\n",
               (*line)[0] == ' ' ? "" : "terrane: ", terrane_color_start (STDERR_FILENO, used),
               line == lines ? start : "", terrane_color_end (STDERR_FILENO, used), text);
    }
}

void
terrane_print_error (const char *message)
{
  gboolean warning = g_str_has_prefix (message, WARNING);
  print_lines (message, warning ? WARNING : "",
               warning ? TERRANE_COLOR_WARNING : TERRANE_COLOR_NONE);
}

void
terrane_print_failure (const char *message)
{
  g_autofree char *first = g_strndup (message, strcspn (message, "\n"));
  g_autofree char *harmless = terrane_harmless_text (message);
  gboolean whole = g_str_has_prefix (harmless, first); /* without a replacement */
  print_lines (message, whole ? first : "", TERRANE_COLOR_FAILURE);
}

void
terrane_print_colored (TerraneColor color, const char *text)
{
  g_autofree char *harmless = terrane_harmless_text (text);
  printf ("%s%s%s", terrane_color_start (STDOUT_FILENO, color), harmless,
          terrane_color_end (STDOUT_FILENO, color));
}

void
terrane_print (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *harmless = terrane_harmless_text (text);
  fputs (harmless, stdout);
}

/* Printed last, when it is known whether the command failed: one document contains both. */
static json_t *the_document;
static gboolean the_document_is_printed;

void
terrane_print_json (json_t *value)
{
  json_incref (value);
  json_decref (the_document);
  the_document = value;
}

json_t *
terrane_error_to_json (const GError *error)
{
  json_t *object = json_object ();
  oci_json_set (object, "code", oci_json_text (terrane_error_word (error)));
  oci_json_set (object, "exit_code", json_integer (terrane_exit_code (error)));
  oci_json_set (object, "message", oci_json_text (error->message));
  return object;
}

void
terrane_print_result (json_t *failure)
{
  g_autoptr (OciJsonValue) document = g_steal_pointer (&the_document);
  if (failure != NULL && !json_is_object (document))
    {
      json_decref (document);
      document = json_object ();
    }
  if (failure != NULL)
    oci_json_set (document, "error", json_incref (failure));
  if (document == NULL || the_document_is_printed)
    return;
  g_autofree char *text = oci_json_dump_pretty (document);
  fputs (text, stdout);
  the_document_is_printed = TRUE;
}

gboolean
terrane_print_flush (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  return oci_throw_errno (error, "writing the result to standard output");
}
