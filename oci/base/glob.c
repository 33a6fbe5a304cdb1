#include "oci/base/glob.h"

#include <stdint.h>
#include <string.h>

/* Matches one component; iterative with one backtrack point, so that a hostile pattern costs at
 * most length times length. */
static gboolean
match_component (const char *pattern, size_t pattern_len, const char *name, size_t name_len)
{
  size_t p = 0, n = 0, star = SIZE_MAX, resume = 0;
  while (n < name_len)
    {
      if (p < pattern_len && pattern[p] == '*')
        {
          star = p++;
          resume = n;
        }
      else if (p < pattern_len && (pattern[p] == '?' || pattern[p] == name[n]))
        {
          p++;
          n++;
        }
      else if (star != SIZE_MAX)
        {
          p = star + 1;
          n = ++resume;
        }
      else
        return FALSE;
    }
  while (p < pattern_len && pattern[p] == '*')
    p++;
  return p == pattern_len;
}

static const char *
next_component (const char *text, size_t len)
{
  return text[len] == '/' ? text + len + 1 : text + len;
}

/* @or_parent: whether it suffices to match a directory that contains @path */
static gboolean
match (const char *pattern, const char *path, gboolean or_parent)
{
  /* Only the last "**" needs another attempt: the earliest match of one before it leaves the
   * most. */
  const char *star = NULL, *resume = NULL, *start = path;
  while (*path != '\0')
    {
      if (or_parent && *pattern == '\0' && path > start)
        return TRUE;
      size_t pattern_len = strcspn (pattern, "/"), path_len = strcspn (path, "/");
      if (pattern_len == 2 && strncmp (pattern, "**", 2) == 0)
        {
          star = next_component (pattern, pattern_len);
          resume = path;
          pattern = star;
          if (*pattern == '\0')
            return TRUE;
        }
      else if (*pattern != '\0' && match_component (pattern, pattern_len, path, path_len))
        {
          pattern = next_component (pattern, pattern_len);
          path = next_component (path, path_len);
        }
      else if (star != NULL)
        {
          resume = next_component (resume, strcspn (resume, "/"));
          path = resume;
          pattern = star;
        }
      else
        return FALSE;
    }
  while (strncmp (pattern, "**", 2) == 0 && (pattern[2] == '/' || pattern[2] == '\0'))
    pattern = next_component (pattern, 2);
  return *pattern == '\0';
}

gboolean
oci_glob_match (const char *pattern, const char *path)
{
  return match (pattern, path, FALSE);
}

gboolean
oci_glob_match_any (const char *const *patterns, const char *path)
{
  for (; patterns != NULL && *patterns != NULL; patterns++)
    if (match (*patterns, path, TRUE))
      return TRUE;
  return FALSE;
}
