#include "builder/python/index-file.h"

#include "oci/http/credentials.h"

TerraneIndexFile *
terrane_index_file_copy (const TerraneIndexFile *self)
{
  TerraneIndexFile *copy = g_memdup2 (self, sizeof *self);
  copy->file_name = g_strdup (self->file_name);
  copy->url = g_strdup (self->url);
  copy->authorization = g_strdup (self->authorization);
  copy->requires_python = g_strdup (self->requires_python);
  copy->yanked = g_strdup (self->yanked);
  return copy;
}

void
terrane_index_file_free (TerraneIndexFile *self)
{
  if (self == NULL)
    return;
  g_free (self->file_name);
  g_free (self->url);
  oci_secret_free (self->authorization);
  g_free (self->requires_python);
  g_free (self->yanked);
  g_free (self);
}
