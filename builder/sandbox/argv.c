#include "builder/sandbox/argv.h"

void
terrane_argv_init (TerraneArgv *self)
{
  self->words = g_ptr_array_new_with_free_func (g_free);
}

void
terrane_argv_clear (TerraneArgv *self)
{
  g_clear_pointer (&self->words, g_ptr_array_unref);
}

void
terrane_argv_add (TerraneArgv *self, const char *word)
{
  g_ptr_array_add (self->words, g_strdup (word));
}

void
terrane_argv_add_format (TerraneArgv *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->words, g_strdup_vprintf (format, args));
  va_end (args);
}

void
terrane_argv_add_all (TerraneArgv *self, const char *const *words)
{
  for (; words != NULL && *words != NULL; words++)
    terrane_argv_add (self, *words);
}

const char *const *
terrane_argv_end (TerraneArgv *self)
{
  g_ptr_array_add (self->words, NULL);
  return (const char *const *) self->words->pdata;
}
