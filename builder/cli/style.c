#include "builder/cli/style.h"

#include "oci/base/number.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum
{
  MIN_COLUMNS = 20, /* a narrower terminal is not for reading */
  MAX_COLUMNS = 10000,
};

static const char *const color_words[] = { "auto", "always", "never", NULL };
static const char *the_choice = "auto";

const char *const *
terrane_color_words (void)
{
  return color_words;
}

void
terrane_color_choose (const char *word)
{
  for (size_t i = 0; color_words[i] != NULL; i++)
    if (g_strcmp0 (word, color_words[i]) == 0)
      the_choice = color_words[i];
}

gboolean
terrane_color_is_on (int fd)
{
  if (strcmp (the_choice, "auto") != 0)
    return strcmp (the_choice, "always") == 0;
  const char *term = g_getenv ("TERM"), *no_color = g_getenv ("NO_COLOR");
  return term != NULL && term[0] != '\0' && strcmp (term, "dumb") != 0
         && (no_color == NULL || no_color[0] == '\0') && isatty (fd);
}

const char *
terrane_color_start (int fd, TerraneColor color)
{
  if (color == TERRANE_COLOR_NONE || !terrane_color_is_on (fd))
    return "";
  return color == TERRANE_COLOR_FAILURE ? "\033[31m" : "\033[33m";
}

const char *
terrane_color_end (int fd, TerraneColor color)
{
  return color != TERRANE_COLOR_NONE && terrane_color_is_on (fd) ? "\033[0m" : "";
}

guint
terrane_columns (int fd)
{
  struct winsize size = { 0 };
  const char *wanted = g_getenv ("COLUMNS");
  uint64_t columns = 0;
  if (!isatty (fd))
    return 0;
  if ((wanted == NULL || !oci_parse_u64 (wanted, MAX_COLUMNS, &columns, NULL))
      && ioctl (fd, TIOCGWINSZ, &size) == 0)
    columns = size.ws_col;
  return columns >= MIN_COLUMNS ? (guint) columns : 0;
}

static guint
character_columns (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

guint
terrane_text_columns (const char *text)
{
  guint columns = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    columns += character_columns (g_utf8_get_char (p));
  return columns;
}

char *
terrane_text_cut (const char *text, guint columns)
{
  if (terrane_text_columns (text) <= columns)
    return g_strdup (text);
  guint used = 1; /* for the sign of omission */
  const char *end = text;
  for (; *end != '\0'; end = g_utf8_next_char (end))
    {
      used += character_columns (g_utf8_get_char (end));
      if (used > columns)
        break;
    }
  g_autofree char *start = g_strndup (text, (gsize) (end - text));
  return columns > 0 ? g_strconcat (start, "…", NULL) : g_strdup ("");
}
