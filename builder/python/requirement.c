#include "builder/python/requirement.h"

#include "builder/python/name.h"

#include <string.h>

enum
{
  MAX_NAME = 200,
  MAX_VERSION = 200,
};

TerraneRequirement *
terrane_requirement_new (const char *name)
{
  TerraneRequirement *self = g_new0 (TerraneRequirement, 1);
  self->name = g_strdup (name);
  self->normalised = terrane_python_normalise_name (name);
  self->hashes = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  self->long_hashes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

TerraneRequirement *
terrane_requirement_copy (const TerraneRequirement *self)
{
  TerraneRequirement *copy = terrane_requirement_new (self->name);
  copy->version = g_strdup (self->version);
  copy->specifiers = g_strdup (self->specifiers);
  copy->url = g_strdup (self->url);
  copy->path = g_strdup (self->path);
  copy->marker = g_strdup (self->marker);
  copy->requires_python = g_strdup (self->requires_python);
  copy->files = self->files != NULL ? g_ptr_array_ref (self->files) : NULL;
  g_array_append_vals (copy->hashes, self->hashes->data, self->hashes->len);
  for (guint i = 0; i < self->long_hashes->len; i++)
    g_ptr_array_add (copy->long_hashes, g_strdup (self->long_hashes->pdata[i]));
  copy->weak_hashes = self->weak_hashes;
  copy->fault = g_strdup (self->fault);
  copy->file = g_strdup (self->file);
  copy->line = self->line;
  return copy;
}

char *
terrane_requirement_where (const TerraneRequirement *self, const char *file)
{
  return self->file != NULL ? g_strdup_printf ("%s line %u", self->file, self->line)
                            : g_strdup (file);
}

void
terrane_requirement_free (TerraneRequirement *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->normalised);
  g_free (self->version);
  g_free (self->specifiers);
  g_free (self->url);
  g_free (self->path);
  g_free (self->marker);
  g_free (self->requires_python);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_array_unref (self->hashes);
  g_ptr_array_unref (self->long_hashes);
  g_clear_pointer (&self->accepted, g_hash_table_unref);
  g_free (self->fault);
  g_free (self->file);
  g_free (self);
}

gboolean
terrane_requirement_has_hash (const TerraneRequirement *self, const OciDigest *digest)
{
  for (guint i = 0; i < self->hashes->len; i++)
    if (oci_digest_equal (&g_array_index (self->hashes, OciDigest, i), digest))
      return TRUE;
  return FALSE;
}

void
terrane_requirement_add_hash (TerraneRequirement *self, const OciDigest *digest)
{
  if (!terrane_requirement_has_hash (self, digest))
    g_array_append_vals (self->hashes, digest, 1);
}

gboolean
terrane_requirement_is_version (const char *version)
{
  size_t len = strlen (version);
  if (len == 0 || len > MAX_VERSION || !g_ascii_isalnum (version[0]))
    return FALSE;
  for (const char *p = version; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (".!+-_", *p) == NULL)
      return FALSE;
  return TRUE;
}

TerraneRequirements *
terrane_requirements_new (void)
{
  TerraneRequirements *self = g_new0 (TerraneRequirements, 1);
  self->requirements = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_requirement_free);
  self->constraints = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_requirement_free);
  self->extra_index_urls = g_new0 (char *, 1);
  self->find_links = g_new0 (char *, 1);
  return self;
}

static void
pylock_free (TerranePylock *self)
{
  if (self == NULL)
    return;
  g_free (self->requires_python);
  g_strfreev (self->environments);
  g_strfreev (self->extras);
  g_strfreev (self->groups);
  g_strfreev (self->default_groups);
  g_strfreev (self->chosen_extras);
  g_strfreev (self->chosen_groups);
  g_free (self);
}

void
terrane_requirements_free (TerraneRequirements *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->requirements);
  g_ptr_array_unref (self->constraints);
  g_free (self->index_url);
  g_strfreev (self->extra_index_urls);
  g_strfreev (self->find_links);
  g_free (self->python_version);
  g_free (self->platform_machine);
  pylock_free (self->pylock);
  g_free (self);
}
