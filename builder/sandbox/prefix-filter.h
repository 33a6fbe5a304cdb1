/* Removes a word from a stream of bytes: the location of the image's files, from the output of a
 * program. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *word;
  size_t len;
  size_t held; /* number of bytes of the word at the end that were not passed on yet */
} TerranePrefixFilter;

/** Makes a filter that removes @word. */
void terrane_prefix_filter_init (TerranePrefixFilter *self, const char *word);
void terrane_prefix_filter_clear (TerranePrefixFilter *self);

/** Appends the rest of @bytes to @out; an incomplete word waits for its continuation. */
void terrane_prefix_filter_take (TerranePrefixFilter *self, const char *bytes, size_t len,
                                 GString *out);

/** Appends what still waits, which is not a whole word. */
void terrane_prefix_filter_finish (TerranePrefixFilter *self, GString *out);

G_END_DECLS
