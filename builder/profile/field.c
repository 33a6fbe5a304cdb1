#include "builder/profile/field.h"

#include <string.h>

static gpointer
value_of (const TerraneField *field, gpointer base)
{
  return (char *) base + field->offset;
}

static gboolean
is_in (const TerraneField *field, unsigned scope)
{
  return field->scopes == 0 || (field->scopes & scope) != 0;
}

const TerraneField *
terrane_fields_find (const TerraneField *fields, const char *name)
{
  for (; fields->name != NULL; fields++)
    if (strcmp (fields->name, name) == 0)
      return fields;
  return NULL;
}

/* The default is read like any other value. */
static void
read_fallback (const TerraneField *field, gpointer value)
{
  OciJson root;
  g_autoptr (GError) error = NULL;
  json_t *parsed = json_loads (field->fallback, JSON_DECODE_ANY, NULL);
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new (field->name, parsed, OCI_ERROR_USAGE, &root);
  field->type->read (field, NULL, &root, value);
  if (!oci_json_document_finish (document, &error))
    g_error ("%s: default: %s", field->name, error->message);
}

void
terrane_fields_init (const TerraneField *fields, gpointer into)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      if (field->type->init != NULL)
        field->type->init (field, value_of (field, into));
      if (field->fallback != NULL)
        read_fallback (field, value_of (field, into));
    }
}

void
terrane_fields_read (const TerraneField *fields, unsigned scope, const TerraneProfileReader *reader,
                     const OciJson *at, gpointer into)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      OciJson member;
      if (is_in (field, scope)
          && (field->required ? oci_json_require (at, field->name, &member)
                              : oci_json_member (at, field->name, &member)))
        field->type->read (field, reader, &member, value_of (field, into));
    }
}

void
terrane_fields_clear (const TerraneField *fields, gpointer value)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    if (field->type->clear != NULL)
      field->type->clear (field, value_of (field, value));
}

gboolean
terrane_fields_know (const TerraneField *const *tables, unsigned scope, const OciJson *at)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (; *tables != NULL; tables++)
    for (const TerraneField *field = *tables; field->name != NULL; field++)
      if (is_in (field, scope))
        g_ptr_array_add (known, (gpointer) field->name);
  g_ptr_array_add (known, NULL);
  return oci_json_object (at, (const char *const *) known->pdata);
}

/* Whether the value consists of zero bytes, as far as a key can tell. */
static gboolean
is_unset (const json_t *value)
{
  return json_is_false (value) || (json_is_integer (value) && json_integer_value (value) == 0);
}

static json_t *
dump (const TerraneField *field, gconstpointer base)
{
  json_t *value = field->type->dump (field, (const char *) base + field->offset);
  if (value == NULL && field->always)
    return json_array ();
  if (value == NULL || field->always || !is_unset (value))
    return value;
  json_decref (value);
  return NULL;
}

void
terrane_fields_add_to_key (const TerraneField *fields, gconstpointer value, TerraneKeyPart part,
                           json_t *key)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      json_t *member = (field->parts & part) != 0 ? dump (field, value) : NULL;
      if (member != NULL)
        oci_json_set (key, field->key != NULL ? field->key : field->name, member);
    }
}

/* Returns: (transfer full): the word that a number or a switch stands for, otherwise @value, which
 * is consumed */
static json_t *
take_word (const TerraneField *field, json_t *value)
{
  gboolean is_number = json_is_integer (value);
  if (field->words == NULL || (!is_number && !json_is_boolean (value)))
    return value;
  json_int_t number = is_number ? json_integer_value (value) : json_is_true (value);
  json_decref (value);
  return oci_json_text (field->words[number]);
}

void
terrane_fields_describe (const TerraneField *fields, gconstpointer value, unsigned parts,
                         json_t *into)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      const gboolean is_wanted = (field->parts & parts) != 0 && field->type->dump != NULL;
      json_t *member =
          is_wanted ? field->type->dump (field, (const char *) value + field->offset) : NULL;
      if (member == NULL && is_wanted && field->always)
        member = json_array ();
      if (member != NULL && field->words == NULL && is_unset (member)
          && (json_is_boolean (member) || field->fallback == NULL))
        g_clear_pointer (&member, json_decref);
      if (member != NULL)
        oci_json_set (into, field->name, take_word (field, member));
    }
}

json_t *
terrane_fields_list_for_key (const TerraneField *fields, gconstpointer value, TerraneKeyPart part)
{
  json_t *list = json_array ();
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      json_t *member = (field->parts & part) != 0 ? dump (field, value) : NULL;
      if (member != NULL)
        oci_json_append (list, member);
    }
  return list;
}

void
terrane_section_init (const TerraneSection *self, gpointer into)
{
  terrane_fields_init (self->fields, into);
  if (self->init != NULL)
    self->init (into);
}

gboolean
terrane_section_read (const TerraneSection *self, const TerraneProfileReader *reader,
                      const OciJson *at, gpointer into)
{
  const TerraneField *const tables[] = { self->fields, NULL };
  if (self->shorthand != NULL && at->value != NULL
      && json_typeof (at->value) == self->shorthand_type)
    {
      const TerraneField *field = terrane_fields_find (self->fields, self->shorthand);
      g_assert (field != NULL);
      field->type->read (field, reader, at, value_of (field, into));
    }
  else if (!terrane_fields_know (tables, 0, at))
    return FALSE;
  else
    terrane_fields_read (self->fields, 0, reader, at, into);
  if (self->check != NULL)
    self->check (reader, at, into);
  return TRUE;
}

void
terrane_section_clear (const TerraneSection *self, gpointer value)
{
  terrane_fields_clear (self->fields, value);
  if (self->clear != NULL)
    self->clear (value);
}

void
terrane_section_copy (const TerraneSection *self, gpointer value)
{
  for (const TerraneField *field = self->fields; field->name != NULL; field++)
    if (field->type->copy != NULL)
      field->type->copy (field, value_of (field, value));
  if (self->copy != NULL)
    self->copy (value);
}
