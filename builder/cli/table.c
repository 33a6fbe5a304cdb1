#include "builder/cli/table.h"

#include "builder/cli/terminal.h"

#include <string.h>
#include <unistd.h>

enum
{
  GAP = 2,        /* columns between two cells */
  MIN_WIDTH = 12, /* of a cell that is cut */
};

typedef struct
{
  char **cells;
  TerraneColor color; /* of the cell @colored */
  guint colored;
} Row;

struct _TerraneTable
{
  GPtrArray *rows; /* of Row; the first is the headings */
  guint n_columns;
  gboolean *right;
};

static void
row_free (gpointer data)
{
  Row *self = data;
  g_strfreev (self->cells);
  g_free (self);
}

static Row *
add_row (TerraneTable *self)
{
  Row *row = g_new0 (Row, 1);
  row->cells = g_new0 (char *, self->n_columns + 1);
  g_ptr_array_add (self->rows, row);
  return row;
}

TerraneTable *
terrane_table_new (const char *const *headings)
{
  TerraneTable *self = g_new0 (TerraneTable, 1);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  self->n_columns = g_strv_length ((char **) headings);
  self->right = g_new0 (gboolean, self->n_columns);
  Row *row = add_row (self);
  for (guint i = 0; i < self->n_columns; i++)
    {
      self->right[i] = headings[i][0] == '>';
      row->cells[i] = g_strdup (headings[i] + (self->right[i] ? 1 : 0));
    }
  return self;
}

void
terrane_table_add (TerraneTable *self, const char *const *cells)
{
  Row *row = add_row (self);
  for (guint i = 0; i < self->n_columns; i++)
    row->cells[i] = terrane_harmless_line (cells[i]);
}

void
terrane_table_color (TerraneTable *self, guint column, TerraneColor color)
{
  Row *row = self->rows->pdata[self->rows->len - 1];
  row->colored = column;
  row->color = color;
}

static guint
column_width (const TerraneTable *self, guint column)
{
  guint width = 0;
  for (guint i = 0; i < self->rows->len; i++)
    width = MAX (width, terrane_text_columns (((Row *) self->rows->pdata[i])->cells[column]));
  return width;
}

/* Numbers stay whole. */
static void
narrow (const TerraneTable *self, guint *widths, guint limit)
{
  guint total = GAP * (self->n_columns - 1);
  for (guint i = 0; i < self->n_columns; i++)
    total += widths[i];
  while (total > limit)
    {
      guint widest = self->n_columns;
      for (guint i = 0; i < self->n_columns; i++)
        if (!self->right[i] && widths[i] > MIN_WIDTH
            && (widest == self->n_columns || widths[i] > widths[widest]))
          widest = i;
      if (widest == self->n_columns)
        return;
      widths[widest]--;
      total--;
    }
}

/* @start, @end: (out): of the cell that has a colour, in the line
 * Returns: (transfer full): the line, without spaces at its end */
static char *
make_line (const TerraneTable *self, const Row *row, const guint *widths, gsize *start, gsize *end)
{
  GString *line = g_string_new (NULL);
  *start = *end = 0;
  for (guint j = 0; j < self->n_columns; j++)
    {
      g_autofree char *cell = terrane_text_cut (row->cells[j], widths[j]);
      guint width = terrane_text_columns (cell);
      int pad = widths[j] > width ? (int) (widths[j] - width) : 0;
      g_string_append_printf (line, "%*s%*s", j > 0 ? GAP : 0, "", self->right[j] ? pad : 0, "");
      if (j == row->colored && row->color != TERRANE_COLOR_NONE)
        *start = line->len;
      g_string_append (line, cell);
      if (j == row->colored && row->color != TERRANE_COLOR_NONE)
        *end = line->len;
      g_string_append_printf (line, "%*s", self->right[j] ? 0 : pad, "");
    }
  char *text = g_strchomp (g_string_free (line, FALSE));
  *end = MIN (*end, strlen (text));
  *start = MIN (*start, *end);
  return text;
}

/* A line that is still too wide is cut as a whole, and has no colours. */
static void
print_row (const TerraneTable *self, const Row *row, const guint *widths, guint limit)
{
  gsize start = 0, end = 0;
  g_autofree char *line = make_line (self, row, widths, &start, &end);
  if (limit > 0 && terrane_text_columns (line) > limit)
    {
      g_autofree char *cut = terrane_text_cut (line, limit);
      terrane_print ("%s\n", cut);
      return;
    }
  g_autofree char *cell = g_strndup (line + start, end - start);
  terrane_print ("%.*s", (int) start, line);
  if (end > start)
    terrane_print_colored (row->color, cell);
  terrane_print ("%s\n", line + end);
}

void
terrane_table_print (const TerraneTable *self)
{
  guint limit = terrane_columns (STDOUT_FILENO);
  g_autofree guint *widths = g_new0 (guint, self->n_columns);
  for (guint j = 0; j < self->n_columns; j++)
    widths[j] = column_width (self, j);
  if (limit > 0)
    narrow (self, widths, limit);
  for (guint i = 0; i < self->rows->len; i++)
    print_row (self, self->rows->pdata[i], widths, limit);
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
