#include "builder/python/index-file.h"

void
terrane_index_file_free (TerraneIndexFile *self)
{
  if (self == NULL)
    return;
  g_free (self->file_name);
  g_free (self->url);
  g_free (self->requires_python);
  g_free (self->yanked);
  g_free (self);
}
