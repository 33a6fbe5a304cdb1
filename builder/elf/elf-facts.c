/* The facts of elf-file.h as values: made, freed, written to and read from JSON. */
#include "builder/elf/elf-file.h"

#include "oci/base/architecture.h"

#include <elf.h>

static void
want_free (gpointer data)
{
  TerraneElfWant *want = data;
  g_free (want->library);
  g_strfreev (want->versions);
  g_free (want);
}

TerraneElf *
terrane_elf_new (void)
{
  TerraneElf *self = g_new0 (TerraneElf, 1);
  self->needed = g_new0 (char *, 1);
  self->defines = g_new0 (char *, 1);
  self->search = g_new0 (char *, 1);
  self->wants = g_ptr_array_new_with_free_func (want_free);
  return self;
}

void
terrane_elf_free (TerraneElf *self)
{
  if (self == NULL)
    return;
  g_free (self->broken);
  g_free (self->interpreter);
  g_free (self->soname);
  g_free (self->rpath);
  g_free (self->runpath);
  g_strfreev (self->needed);
  g_strfreev (self->defines);
  g_strfreev (self->search);
  g_ptr_array_unref (self->wants);
  g_free (self);
}

void
terrane_elf_add_want (TerraneElf *self, char *library, char **versions)
{
  TerraneElfWant *want = g_new0 (TerraneElfWant, 1);
  want->library = library;
  want->versions = versions;
  g_ptr_array_add (self->wants, want);
}

static json_t *
list_to_json (char *const *list)
{
  json_t *array = json_array ();
  for (; *list != NULL; list++)
    oci_json_append (array, oci_json_text (*list));
  return array;
}

static void
set_list (json_t *object, const char *key, char *const *list)
{
  if (list[0] != NULL)
    oci_json_set (object, key, list_to_json (list));
}

static void
set_flag (json_t *object, const char *key, gboolean value)
{
  if (value)
    oci_json_set (object, key, json_true ());
}

json_t *
terrane_elf_to_json (const TerraneElf *self)
{
  json_t *object = json_object ();
  oci_json_set (object, "format", json_integer (self->format));
  if (self->format != TERRANE_BINARY_ELF)
    return object;
  oci_json_set (object, "type", json_integer (self->type));
  oci_json_set (object, "bits", json_integer (self->bits));
  oci_json_set (object, "machine", json_integer (self->machine));
  oci_json_set_text (object, "broken", self->broken);
  oci_json_set_text (object, "interpreter", self->interpreter);
  oci_json_set_text (object, "soname", self->soname);
  oci_json_set_text (object, "rpath", self->rpath);
  oci_json_set_text (object, "runpath", self->runpath);
  set_list (object, "needed", self->needed);
  set_list (object, "defines", self->defines);
  set_list (object, "search", self->search);
  set_flag (object, "nodeflib", self->no_default_library);
  set_flag (object, "textrel", self->text_relocations);
  set_flag (object, "execstack", self->executable_stack);
  if (self->wants->len > 0)
    {
      json_t *wants = json_object ();
      for (guint i = 0; i < self->wants->len; i++)
        {
          const TerraneElfWant *want = self->wants->pdata[i];
          oci_json_set (wants, want->library, list_to_json (want->versions));
        }
      oci_json_set (object, "wants", wants);
    }
  return object;
}

/* Replaces *@list by the content of the array. */
static void
take_list (const json_t *array, char ***list)
{
  size_t count = json_array_size (array);
  g_strfreev (*list);
  *list = g_new0 (char *, count + 1);
  for (size_t i = 0; i < count; i++)
    {
      const char *text = json_string_value (json_array_get (array, i));
      (*list)[i] = g_strdup (text != NULL ? text : "");
    }
}

TerraneElf *
terrane_elf_from_json (const json_t *value)
{
  if (!json_is_integer (json_object_get (value, "format")))
    return NULL;
  const char *library;
  json_t *versions;
  TerraneElf *self = terrane_elf_new ();
  self->format = (TerraneBinaryFormat) json_integer_value (json_object_get (value, "format"));
  self->type = (TerraneElfType) json_integer_value (json_object_get (value, "type"));
  self->bits = (unsigned) json_integer_value (json_object_get (value, "bits"));
  self->machine = (unsigned) json_integer_value (json_object_get (value, "machine"));
  self->broken = oci_json_dup_text (value, "broken");
  self->interpreter = oci_json_dup_text (value, "interpreter");
  self->soname = oci_json_dup_text (value, "soname");
  self->rpath = oci_json_dup_text (value, "rpath");
  self->runpath = oci_json_dup_text (value, "runpath");
  self->no_default_library = json_is_true (json_object_get (value, "nodeflib"));
  self->text_relocations = json_is_true (json_object_get (value, "textrel"));
  self->executable_stack = json_is_true (json_object_get (value, "execstack"));
  take_list (json_object_get (value, "needed"), &self->needed);
  take_list (json_object_get (value, "defines"), &self->defines);
  take_list (json_object_get (value, "search"), &self->search);
  json_object_foreach (json_object_get (value, "wants"), library, versions)
  {
    char **list = NULL;
    take_list (versions, &list);
    terrane_elf_add_want (self, g_strdup (library), list);
  }
  return self;
}

char *
terrane_elf_machine_name (unsigned bits, unsigned machine)
{
  const OciArchitecture *architecture = oci_architecture_of_elf (machine);
  if (machine == EM_X86_64 && bits == 32)
    return g_strdup ("x32");
  return architecture != NULL ? g_strdup (architecture->title)
                              : g_strdup_printf ("another processor (EM_%u)", machine);
}
