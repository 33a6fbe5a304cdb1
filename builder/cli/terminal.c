#include "builder/cli/terminal.h"

#include "oci/base/error.h"
#include "oci/base/json.h"
#include "oci/base/number.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum
{
  REDRAW_USECS = 100 * 1000,
  PLAIN_USECS = 5 * G_USEC_PER_SEC, /* between lines where there is no terminal */
  DEFAULT_WIDTH = 80,
};

struct _TerraneTerminal
{
  TerraneOutput output;
  TerraneProgress progress;
  gboolean live;
  char *label; /* of the current phase, or NULL */
  uint64_t total;
  uint64_t done;
  gint64 started;
  gint64 drawn;
};

static int
terminal_width (void)
{
  struct winsize size;
  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                          : DEFAULT_WIDTH;
}

/* "reading gdal  120.3 MB of 250.1 MB, 85.2 MB/s, 2 s left" */
static char *
describe_phase (const TerraneTerminal *self, gint64 now)
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
draw (TerraneTerminal *self, gint64 now)
{
  g_autofree char *text = describe_phase (self, now);
  self->drawn = now;
  if (!self->live)
    {
      fprintf (stderr, "terrane: %s\n", text);
      return;
    }
  /* One column stays free, so that the cursor does not wrap. */
  g_autofree char *cut =
      g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), (glong) terminal_width () - 1));
  fprintf (stderr, "\r\033[K%s", cut);
  fflush (stderr);
}

static void
clear_line (const TerraneTerminal *self)
{
  if (self->live && self->label != NULL)
    {
      fputs ("\r\033[K", stderr);
      fflush (stderr);
    }
}

static void
on_phase (gpointer data, const char *label, uint64_t total)
{
  TerraneTerminal *self = data;
  terrane_terminal_finish_phase (self);
  self->label = g_strdup (label);
  self->total = total;
  self->done = 0;
  self->started = g_get_monotonic_time ();
  draw (self, self->started);
}

static void
on_advance (gpointer data, uint64_t bytes)
{
  TerraneTerminal *self = data;
  self->done += bytes;
  gint64 now = g_get_monotonic_time ();
  if (now - self->drawn >= (self->live ? REDRAW_USECS : PLAIN_USECS))
    draw (self, now);
}

static void
on_message (gpointer data, const char *message)
{
  TerraneTerminal *self = data;
  clear_line (self);
  terrane_print_error (message);
}

static void
on_warning (gpointer data, const char *message)
{
  g_autofree char *text = g_strconcat ("warning: ", message, NULL);
  on_message (data, text);
}

TerraneTerminal *
terrane_terminal_new (const TerraneOutput *output)
{
  TerraneTerminal *self = g_new0 (TerraneTerminal, 1);
  const char *term = g_getenv ("TERM");
  self->output = *output;
  self->live = isatty (STDERR_FILENO) && term != NULL && strcmp (term, "dumb") != 0;
  self->progress = (TerraneProgress){
    .phase = output->quiet ? NULL : on_phase,
    .advance = output->quiet ? NULL : on_advance,
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
  if (self->label == NULL)
    return;
  gint64 now = g_get_monotonic_time ();
  clear_line (self);
  /* On a terminal a phase leaves one line behind when it took long enough to be noticed. */
  if (self->live && now - self->started > G_USEC_PER_SEC / 2)
    {
      g_autofree char *done = oci_format_size (self->done);
      fprintf (stderr, "%s  %s%s%.1f s\n", self->label, self->done > 0 ? done : "",
               self->done > 0 ? ", " : "", (double) (now - self->started) / G_USEC_PER_SEC);
    }
  g_clear_pointer (&self->label, g_free);
}

void
terrane_terminal_free (TerraneTerminal *self)
{
  if (self == NULL)
    return;
  terrane_terminal_finish_phase (self);
  g_free (self);
}

void
terrane_print_error (const char *message)
{
  g_auto (GStrv) lines = g_strsplit (message, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    fprintf (stderr, "%s%s\n", (*line)[0] == ' ' ? "" : "terrane: ", *line);
}

void
terrane_print (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vfprintf (stdout, format, args);
  va_end (args);
}

void
terrane_print_json (const json_t *value)
{
  g_autofree char *text = oci_json_dump_pretty (value);
  fputs (text, stdout);
}

gboolean
terrane_print_flush (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  return oci_throw_errno (error, "writing the result to standard output");
}

struct _TerraneTable
{
  GPtrArray *rows; /* of GStrv; the first is the headings */
  guint n_columns;
  gboolean *right;
};

TerraneTable *
terrane_table_new (const char *const *headings)
{
  TerraneTable *self = g_new0 (TerraneTable, 1);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  self->n_columns = g_strv_length ((char **) headings);
  self->right = g_new0 (gboolean, self->n_columns);
  char **row = g_new0 (char *, self->n_columns + 1);
  for (guint i = 0; i < self->n_columns; i++)
    {
      self->right[i] = headings[i][0] == '>';
      row[i] = g_strdup (headings[i] + (self->right[i] ? 1 : 0));
    }
  g_ptr_array_add (self->rows, row);
  return self;
}

void
terrane_table_add (TerraneTable *self, const char *const *cells)
{
  char **row = g_new0 (char *, self->n_columns + 1);
  for (guint i = 0; i < self->n_columns; i++)
    row[i] = g_strdup (cells[i]);
  g_ptr_array_add (self->rows, row);
}

static glong
column_width (const TerraneTable *self, guint column)
{
  glong width = 0;
  for (guint i = 0; i < self->rows->len; i++)
    width = MAX (width, g_utf8_strlen (((char **) self->rows->pdata[i])[column], -1));
  return width;
}

void
terrane_table_print (const TerraneTable *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      char **row = self->rows->pdata[i];
      GString *line = g_string_new (NULL);
      for (guint j = 0; j < self->n_columns; j++)
        {
          int pad = (int) (column_width (self, j) - g_utf8_strlen (row[j], -1));
          g_string_append_printf (line, "%s%*s%s%*s", j > 0 ? "  " : "", self->right[j] ? pad : 0,
                                  "", row[j], self->right[j] ? 0 : pad, "");
        }
      g_autofree char *text = g_string_free (line, FALSE);
      terrane_print ("%s\n", g_strchomp (text));
    }
}

void
terrane_table_free (TerraneTable *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->rows);
  g_free (self->right);
  g_free (self);
}
