/* Colours and columns of a terminal. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_COLOR_NONE,
  TERRANE_COLOR_FAILURE, /* red */
  TERRANE_COLOR_WARNING, /* yellow */
} TerraneColor;

/** Values of --color, until %NULL: auto, always, never. */
const char *const *terrane_color_words (void);

/** @word: (nullable): one of these; %NULL is auto. Before anything is printed. */
void terrane_color_choose (const char *word);

/**
 * terrane_color_is_on:
 * @fd: standard output or standard error
 *
 * With auto, whether it is a terminal that can (TERM is set, and not dumb) and NO_COLOR
 * (https://no-color.org) is not set.
 */
gboolean terrane_color_is_on (int fd);

/** What starts a colour, and what ends it; "" where there are no colours. */
const char *terrane_color_start (int fd, TerraneColor color);
const char *terrane_color_end (int fd, TerraneColor color);

/** Columns of the terminal: COLUMNS, else what the terminal says. Returns: 0 when @fd is not a
 * terminal, or its width is not known */
guint terrane_columns (int fd);

/** Columns that @text takes: none for combining characters, two for wide ones. @text: UTF-8 */
guint terrane_text_columns (const char *text);

/** @text, or its start and "…" when it takes more than @columns. Returns: (transfer full) */
char *terrane_text_cut (const char *text, guint columns);

G_END_DECLS
