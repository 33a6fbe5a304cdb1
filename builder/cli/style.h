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

/** Returns: (transfer none): the values of --color, %NULL-terminated: auto, always, never */
const char *const *terrane_color_words (void);

/** Sets the value of --color, before anything is printed. @word: (nullable): one of
 * terrane_color_words(); %NULL is auto. */
void terrane_color_choose (const char *word);

/**
 * terrane_color_is_on:
 * @fd: standard output or standard error
 *
 * Returns: with auto, whether @fd is a terminal with colours (TERM is set, and not dumb) and
 *   NO_COLOR (https://no-color.org) is not set; otherwise what --color says
 */
gboolean terrane_color_is_on (int fd);

/** Returns: (transfer none): the sequence that starts a colour; "" if @fd has no colours */
const char *terrane_color_start (int fd, TerraneColor color);
/** Returns: (transfer none): the sequence that ends it; "" if @fd has no colours */
const char *terrane_color_end (int fd, TerraneColor color);

/** Returns: the columns of the terminal, by COLUMNS or else by the terminal itself; 0 if @fd is not
 * a terminal, or its width is unknown */
guint terrane_columns (int fd);

/** Returns: the columns that @text takes: none for combining characters, two for wide ones. @text:
 * UTF-8 */
guint terrane_text_columns (const char *text);

/** Returns: (transfer full): @text, or its start and "…" if it takes more than @columns */
char *terrane_text_cut (const char *text, guint columns);

G_END_DECLS
