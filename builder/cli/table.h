/* Tables on stdout. */
#pragma once

#include "builder/cli/style.h"

G_BEGIN_DECLS

/* A table of text: columns as wide as needed, numbers right-aligned. On a terminal the widest
 * columns of text are made narrower until the lines fit; otherwise nothing is cut. */
typedef struct _TerraneTable TerraneTable;

/**
 * terrane_table_new:
 * @headings: NULL-terminated; one that starts with '>' makes its column right-aligned.
 *   Returns: (transfer full)
 */
TerraneTable *terrane_table_new (const char *const *headings);
/** Adds a row. @cells: one for each column; copied */
void terrane_table_add (TerraneTable *self, const char *const *cells);
/** Sets the colour of a cell of the row that was added last. */
void terrane_table_color (TerraneTable *self, guint column, TerraneColor color);

/** Prints the table on stdout. */
void terrane_table_print (const TerraneTable *self);
void terrane_table_free (TerraneTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTable, terrane_table_free)

G_END_DECLS
