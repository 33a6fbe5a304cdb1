#include "builder/cli/table.h"

#include "builder/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

struct _TerraneTable
{
  GPtrArray *rows; /* of GStrv; the first is the headings */
  guint n_columns;
  gboolean *right;
  glong width; /* of a line; 0: whatever it takes */
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
    row[i] = terrane_harmless_line (cells[i]);
  g_ptr_array_add (self->rows, row);
}

void
terrane_table_cut (TerraneTable *self)
{
  struct winsize size;
  if (isatty (STDOUT_FILENO) && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    self->width = size.ws_col;
}

/* The last place is for the sign that something is missing. */
static void
print_line (const TerraneTable *self, const char *line)
{
  if (self->width == 0 || g_utf8_strlen (line, -1) <= self->width)
    {
      terrane_print ("%s\n", line);
      return;
    }
  g_autofree char *cut = g_utf8_substring (line, 0, MAX (self->width - 1, 0));
  terrane_print ("%s…\n", cut);
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
  g_autofree glong *widths = g_new0 (glong, self->n_columns);
  for (guint j = 0; j < self->n_columns; j++)
    widths[j] = column_width (self, j);
  for (guint i = 0; i < self->rows->len; i++)
    {
      char **row = self->rows->pdata[i];
      GString *line = g_string_new (NULL);
      for (guint j = 0; j < self->n_columns; j++)
        {
          int pad = (int) (widths[j] - g_utf8_strlen (row[j], -1));
          g_string_append_printf (line, "%s%*s%s%*s", j > 0 ? "  " : "", self->right[j] ? pad : 0,
                                  "", row[j], self->right[j] ? 0 : pad, "");
        }
      g_autofree char *text = g_string_free (line, FALSE);
      print_line (self, g_strchomp (text));
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
