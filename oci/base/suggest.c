#include "oci/base/suggest.h"

#include "oci/base/error.h"

#include <stdint.h>
#include <string.h>

enum
{
  MAX_WORD = 64,
};

/* Levenshtein distance of two short words; long ones are far from everything. */
static size_t
edit_distance (const char *a, const char *b)
{
  size_t m = strlen (a), n = strlen (b);
  if (m > MAX_WORD || n > MAX_WORD)
    return SIZE_MAX;
  size_t row[MAX_WORD + 1];
  for (size_t j = 0; j <= n; j++)
    row[j] = j;
  for (size_t i = 1; i <= m; i++)
    {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= n; j++)
        {
          size_t above = row[j];
          size_t replace = diagonal + (g_ascii_tolower (a[i - 1]) != g_ascii_tolower (b[j - 1]));
          row[j] = MIN (replace, MIN (above, row[j - 1]) + 1);
          diagonal = above;
        }
    }
  return row[n];
}

const char *
oci_nearest_word (const char *word, const char *const *candidates)
{
  const char *nearest = NULL;
  size_t len = strlen (word);
  size_t best = MAX (len / 3, (size_t) (len > 3 ? 2 : 1)) + 1;
  for (; *candidates != NULL; candidates++)
    {
      size_t distance = edit_distance (word, *candidates);
      if (distance < best)
        {
          best = distance;
          nearest = *candidates;
        }
    }
  return nearest;
}

char *
oci_suggest (const char *meant)
{
  g_autofree char *quoted = meant != NULL ? oci_quote (meant) : NULL;
  return quoted != NULL ? g_strdup_printf ("; did you mean %s?", quoted) : g_strdup ("");
}

char *
oci_did_you_mean (const char *word, const char *const *candidates)
{
  return oci_suggest (oci_nearest_word (word, candidates));
}
