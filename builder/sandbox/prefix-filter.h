/* Removes a word from a stream of bytes: where the image's files really are, from what a program
 * prints about them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *word;
  size_t len;
  size_t held; /* bytes of the word that came last and were not passed on */
} TerranePrefixFilter;

void terrane_prefix_filter_init (TerranePrefixFilter *self, const char *word);
void terrane_prefix_filter_clear (TerranePrefixFilter *self);

/** Appends to @out what is left of @bytes; the start of a word waits for the rest of it. */
void terrane_prefix_filter_take (TerranePrefixFilter *self, const char *bytes, size_t len,
                                 GString *out);

/** What still waits is not a whole word. */
void terrane_prefix_filter_finish (TerranePrefixFilter *self, GString *out);

G_END_DECLS
