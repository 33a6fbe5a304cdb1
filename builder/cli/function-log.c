#include "builder/cli/function-log.h"

#include "builder/cli/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_LINE_BYTES = 64 * 1024, /* then it is shown as if it had ended */
};

void
terrane_function_log_init (TerraneFunctionLog *self)
{
  g_mutex_init (&self->mutex);
  self->line = g_string_new (NULL);
  self->terminal = isatty (STDERR_FILENO);
}

static void
show (TerraneFunctionLog *self, gsize len)
{
  g_autofree char *part = g_strndup (self->line->str, len);
  /* Runtimes write a line feed inside of a message as a carriage return, as CloudWatch wants it. */
  g_strdelimit (part, "\r", '\n');
  g_autofree char *harmless = terrane_harmless_text (part);
  fputs (harmless, stderr);
  g_string_erase (self->line, 0, (gssize) len);
}

void
terrane_function_log_clear (TerraneFunctionLog *self)
{
  if (self->line->len > 0)
    show (self, self->line->len);
  g_string_free (self->line, TRUE);
  g_mutex_clear (&self->mutex);
}

void
terrane_function_log_write (const char *bytes, size_t len, gpointer data)
{
  TerraneFunctionLog *self = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  if (!self->terminal)
    {
      (void) fwrite (bytes, 1, len, stderr);
      return;
    }
  g_string_append_len (self->line, bytes, (gssize) len);
  const char *end = memrchr (self->line->str, '\n', self->line->len);
  if (end != NULL)
    show (self, (gsize) (end - self->line->str) + 1);
  else if (self->line->len > MAX_LINE_BYTES)
    show (self, self->line->len);
}
