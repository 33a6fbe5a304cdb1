#include "builder/source/pin.h"

#include <string.h>

void
terrane_wheel_pin_free (TerraneWheelPin *self)
{
  g_free (self->name);
  g_free (self->version);
  g_free (self->file_name);
  g_free (self->url);
  g_free (self->path);
  g_free (self->layer);
  g_free (self->hash);
  if (self->authorization != NULL)
    explicit_bzero (self->authorization, strlen (self->authorization));
  g_free (self->authorization);
  g_free (self->asked_url);
  g_free (self);
}

static void
wheels_free (TerraneWheelsPin *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->wheels);
  g_strfreev (self->indexes);
  g_strfreev (self->links);
  g_free (self->interpreter);
  g_free (self);
}

/* NOLINTNEXTLINE(misc-no-recursion): the source to compile in is a base, which is not compiled */
TerranePin *
terrane_pin_new (const TerraneSourceSpec *spec, gboolean is_base)
{
  TerranePin *self = g_new0 (TerranePin, 1);
  self->spec = spec;
  self->modes = is_base ? TERRANE_MODES_KEEP : spec->transforms->modes;
  if (spec->kind == TERRANE_SOURCE_COMPILE)
    self->in = terrane_pin_new (spec->compile_in, TRUE);
  return self;
}

TerraneWheelsPin *
terrane_pin_set_wheels (TerranePin *self, const TerranePythonTarget *target)
{
  wheels_free (self->wheels);
  self->wheels = g_new0 (TerraneWheelsPin, 1);
  self->wheels->target = *target;
  self->wheels->wheels = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_wheel_pin_free);
  return self->wheels;
}

/* NOLINTNEXTLINE(misc-no-recursion): see terrane_pin_new() */
void
terrane_pin_free (TerranePin *self)
{
  if (self == NULL)
    return;
  wheels_free (self->wheels);
  terrane_recipe_set_free (self->recipes);
  g_clear_pointer (&self->taken_recipes, g_hash_table_unref);
  terrane_pin_free (self->in);
  json_decref (self->entry);
  g_free (self->open);
  g_free (self);
}
