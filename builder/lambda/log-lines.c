#include "builder/lambda/log-lines.h"

#define PREFIX "[ERROR] " /* logging of the same client has a tab there, and no parts */

#define NBSP_FIRST '\xc2'
#define NBSP_SECOND '\xa0'

static void
end_line (TerraneLogLines *self)
{
  /* A message may contain line breaks before its first part. */
  self->error = self->error && !self->parts;
  self->parts = FALSE;
  self->indent = FALSE;
  self->prefix = 0;
}

static void
look_for_prefix (TerraneLogLines *self, char c)
{
  if (self->prefix == G_MAXUINT)
    return;
  self->prefix = c == PREFIX[self->prefix] ? self->prefix + 1 : G_MAXUINT;
  if (self->prefix != sizeof PREFIX - 1)
    return;
  self->error = TRUE;
  self->prefix = G_MAXUINT;
}

/* Returns: whether the byte was part of an indentation, and has been handled */
static gboolean
take_indent (TerraneLogLines *self, char c, GString *out)
{
  if (self->held)
    {
      self->held = FALSE;
      if (c == NBSP_SECOND)
        {
          g_string_append_c (out, ' ');
          return TRUE;
        }
      g_string_append_c (out, NBSP_FIRST);
      self->indent = FALSE;
      return FALSE;
    }
  self->held = self->indent && c == NBSP_FIRST;
  self->indent = self->indent && (self->held || c == ' ');
  return self->held;
}

void
terrane_log_lines_take (TerraneLogLines *self, const char *bytes, size_t len, GString *out)
{
  for (size_t i = 0; i < len; i++)
    {
      char c = bytes[i];
      gboolean returned = self->returned;
      self->returned = FALSE;
      if (take_indent (self, c, out))
        continue;
      if (c == '\n')
        {
          end_line (self);
          if (!returned)
            g_string_append_c (out, c);
        }
      else if (c == '\r' && self->error)
        {
          self->parts = self->indent = self->returned = TRUE;
          g_string_append_c (out, '\n');
        }
      else
        {
          look_for_prefix (self, c);
          g_string_append_c (out, c);
        }
    }
}
