/* Fields that are objects: with any members, or with sections of their own. */
#include "builder/profile/field-types.h"

/* The reader parameter of types whose values need no file. */
#define UNUSED_READER G_GNUC_UNUSED const TerraneProfileReader *reader

static void
clear_json (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((json_t **) value, json_decref);
}

static void
set_json (gpointer value, const json_t *json)
{
  json_t **into = value;
  json_decref (*into);
  *into = json_deep_copy (json);
}

static void
copy_json (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  json_t **json = value;
  *json = json_deep_copy (*json);
}

static json_t *
dump_json (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  return json_incref (*(json_t *const *) value);
}

static void
read_map (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER, const OciJson *at, gpointer value)
{
  if (terrane_profile_check_string_map (at))
    set_json (value, at->value);
}

const TerraneFieldType terrane_field_map = { .name = "map",
                                             .json = "object",
                                             .read = read_map,
                                             .clear = clear_json,
                                             .copy = copy_json,
                                             .dump = dump_json };

static void
read_json (G_GNUC_UNUSED const TerraneField *field, UNUSED_READER, const OciJson *at,
           gpointer value)
{
  set_json (value, at->value);
}

const TerraneFieldType terrane_field_json = { .name = "json",
                                              .json = "any",
                                              .read = read_json,
                                              .clear = clear_json,
                                              .copy = copy_json,
                                              .dump = dump_json };

static void
init_object (const TerraneField *field, gpointer value)
{
  terrane_section_init (field->section, value);
}

static void
read_object (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
             gpointer value)
{
  (void) terrane_section_read (field->section, reader, at, value); /* notes what is wrong */
}

static void
clear_object (const TerraneField *field, gpointer value)
{
  terrane_section_clear (field->section, value);
}

static void
copy_object (const TerraneField *field, gpointer value)
{
  terrane_section_copy (field->section, value);
}

const TerraneFieldType terrane_field_object = { .name = "object",
                                                .json = "object",
                                                .init = init_object,
                                                .read = read_object,
                                                .clear = clear_object,
                                                .copy = copy_object };

static void
read_object_if_given (const TerraneField *field, const TerraneProfileReader *reader,
                      const OciJson *at, gpointer value)
{
  gpointer *into = value;
  if (*into == NULL)
    {
      *into = g_malloc0 (field->section->size);
      terrane_section_init (field->section, *into);
    }
  (void) terrane_section_read (field->section, reader, at, *into); /* notes what is wrong */
}

static void
clear_object_if_given (const TerraneField *field, gpointer value)
{
  gpointer *object = value;
  if (*object != NULL)
    terrane_section_clear (field->section, *object);
  g_clear_pointer (object, g_free);
}

static void
copy_object_if_given (const TerraneField *field, gpointer value)
{
  gpointer *object = value;
  if (*object == NULL)
    return;
  *object = g_memdup2 (*object, field->section->size);
  terrane_section_copy (field->section, *object);
}

const TerraneFieldType terrane_field_object_if_given = { .name = "object-if-given",
                                                         .json = "object",
                                                         .read = read_object_if_given,
                                                         .clear = clear_object_if_given,
                                                         .copy = copy_object_if_given };

static void
init_objects (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  *(GPtrArray **) value = g_ptr_array_new ();
}

static void
add_object (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
            gpointer value)
{
  gpointer element = g_malloc0 (field->section->size);
  terrane_section_init (field->section, element);
  g_ptr_array_add (*(GPtrArray **) value, element);
  (void) terrane_section_read (field->section, reader, at, element); /* notes what is wrong */
}

static void
read_objects (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
              gpointer value)
{
  size_t length = 0;
  if (!oci_json_array (at, (size_t) field->max, &length))
    return;
  if ((int64_t) length < field->min)
    oci_json_problem (at, "%s", field->empty != NULL ? field->empty : "is empty");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      add_object (field, reader, &element, value);
    }
}

static void
read_object_or_objects (const TerraneField *field, const TerraneProfileReader *reader,
                        const OciJson *at, gpointer value)
{
  if (json_is_array (at->value))
    read_objects (field, reader, at, value);
  else
    add_object (field, reader, at, value);
}

static void
clear_objects (const TerraneField *field, gpointer value)
{
  GPtrArray **array = value;
  for (guint i = 0; *array != NULL && i < (*array)->len; i++)
    {
      terrane_section_clear (field->section, (*array)->pdata[i]);
      g_free ((*array)->pdata[i]);
    }
  g_clear_pointer (array, g_ptr_array_unref);
}

static void
copy_objects (const TerraneField *field, gpointer value)
{
  GPtrArray **array = value;
  const GPtrArray *from = *array;
  *array = g_ptr_array_new ();
  for (guint i = 0; i < from->len; i++)
    {
      gpointer element = g_memdup2 (from->pdata[i], field->section->size);
      terrane_section_copy (field->section, element);
      g_ptr_array_add (*array, element);
    }
}

const TerraneFieldType terrane_field_objects = { .name = "objects",
                                                 .json = "array",
                                                 .init = init_objects,
                                                 .read = read_objects,
                                                 .clear = clear_objects,
                                                 .copy = copy_objects };

const TerraneFieldType terrane_field_object_or_objects = { .name = "object-or-objects",
                                                           .json = "array object",
                                                           .init = init_objects,
                                                           .read = read_object_or_objects,
                                                           .clear = clear_objects,
                                                           .copy = copy_objects };
