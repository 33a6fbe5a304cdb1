#include "builder/sandbox/prefix-filter.h"

#include <string.h>

void
terrane_prefix_filter_init (TerranePrefixFilter *self, const char *word)
{
  *self = (TerranePrefixFilter){ .word = g_strdup (word), .len = strlen (word) };
}

void
terrane_prefix_filter_clear (TerranePrefixFilter *self)
{
  g_clear_pointer (&self->word, g_free);
}

/* For a prefix of the word, returns the longest shorter prefix that it ends with. */
static size_t
shorten (const TerranePrefixFilter *self, size_t held)
{
  size_t shorter = held - 1;
  while (shorter > 0 && memcmp (self->word, self->word + (held - shorter), shorter) != 0)
    shorter--;
  return shorter;
}

static size_t
advance (const TerranePrefixFilter *self, char byte)
{
  size_t held = self->held;
  while (held > 0 && self->word[held] != byte)
    held = shorten (self, held);
  return self->word[held] == byte ? held + 1 : 0;
}

void
terrane_prefix_filter_take (TerranePrefixFilter *self, const char *bytes, size_t len, GString *out)
{
  for (size_t i = 0; i < len; i++)
    {
      size_t now = advance (self, bytes[i]);
      /* Of the bytes held so far and this one, the first can no longer be part of the word. */
      size_t passed = self->held + 1 - now;
      g_string_append_len (out, self->word, (gssize) MIN (passed, self->held));
      if (passed > self->held)
        g_string_append_c (out, bytes[i]);
      self->held = now == self->len ? 0 : now;
    }
}

void
terrane_prefix_filter_finish (TerranePrefixFilter *self, GString *out)
{
  g_string_append_len (out, self->word, (gssize) self->held);
  self->held = 0;
}
