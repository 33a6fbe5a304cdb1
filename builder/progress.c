#include "builder/progress.h"

void
terrane_progress_phase (const TerraneProgress *self, uint64_t total, const char *format, ...)
{
  if (self->phase == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *label = g_strdup_vprintf (format, args);
  va_end (args);
  self->phase (self->data, label, total);
}

void
terrane_progress_advance (const TerraneProgress *self, uint64_t bytes)
{
  if (self->advance != NULL)
    self->advance (self->data, bytes);
}

void
terrane_progress_expect (const TerraneProgress *self, uint64_t total)
{
  if (self->expect != NULL)
    self->expect (self->data, total);
}

void
terrane_progress_item (const TerraneProgress *self, const char *name, uint64_t done, uint64_t total)
{
  if (self->item != NULL)
    self->item (self->data, name, done, total);
}

void
terrane_progress_job (const TerraneProgress *self, const TerraneProgressJob *job)
{
  if (self->job != NULL)
    self->job (self->data, job);
}

void
terrane_progress_output (const TerraneProgress *self, const char *name, const char *line)
{
  if (self->output != NULL)
    self->output (self->data, name, line);
}

void
terrane_progress_warn (const TerraneProgress *self, const char *format, ...)
{
  if (self->warn == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  self->warn (self->data, message);
}

void
terrane_progress_info (const TerraneProgress *self, const char *format, ...)
{
  if (self->info == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  self->info (self->data, message);
}
