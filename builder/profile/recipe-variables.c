#include "builder/profile/recipe-variables.h"

#include "builder/profile/field-types.h"

#include "oci/base/suggest.h"

#include <string.h>

enum
{
  MAX_NAME_BYTES = 64,
  MAX_VALUE_BYTES = 200,
  MAX_VALUES = 100,
};

/* Variables that steps have anyway, and those that would change how programs are loaded. */
static gboolean
is_reserved (const char *name)
{
  static const char *const names[] = { "CFLAGS",
                                       "CPPFLAGS",
                                       "CXXFLAGS",
                                       "DESTDIR",
                                       "HOME",
                                       "IFS",
                                       "JOBS",
                                       "LC_ALL",
                                       "LDFLAGS",
                                       "PATH",
                                       "PREFIX",
                                       "PKG_CONFIG_PATH",
                                       "SOURCE_DATE_EPOCH",
                                       "TMPDIR",
                                       "TZ",
                                       NULL };
  return g_strv_contains (names, name) || g_str_has_prefix (name, "LD_");
}

static void
check_name (const OciJson *at, char **name)
{
  const char *text = *name;
  gsize len = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  if (text[len] != '\0' || len == 0 || len > MAX_NAME_BYTES || g_ascii_isdigit (text[0]))
    oci_json_problem (at,
                      "expected at most %d capital letters, digits and ‘_’, such as ‘GDAL_FLAVOUR’",
                      MAX_NAME_BYTES);
  else if (is_reserved (text))
    oci_json_problem (at, "%s has a meaning of its own for steps", text);
}

static void
check_value (const OciJson *at, char **value)
{
  if (**value == '\0' || strlen (*value) > MAX_VALUE_BYTES)
    oci_json_problem (at, "a value has 1 to %d bytes", MAX_VALUE_BYTES);
}

static void
check_variable (G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerraneRecipeVariable *self = data;
  for (char **value = self->values; value != NULL && *value != NULL; value++)
    if (g_strv_contains ((const char *const *) value + 1, *value))
      oci_json_problem (at, "the value ‘%s’ is there twice", *value);
  if (self->values != NULL && self->fallback != NULL
      && !g_strv_contains ((const char *const *) self->values, self->fallback))
    oci_json_problem (at, "the default ‘%s’ is not one of the values", self->fallback);
}

#define FIELD(structure, member_name, of_type, member)                                             \
  .name = (member_name), .type = &(of_type), .offset = offsetof (structure, member),               \
  .parts = TERRANE_PART_IDENTITY

#define VARIABLE(member_name, of_type, member)                                                     \
  FIELD (TerraneRecipeVariable, member_name, of_type, member)

static const TerraneField variable_fields[] = {
  { VARIABLE ("name", terrane_field_text, name), .required = TRUE, .check = check_name,
    .help = "Name of the variable, also in the environment of steps." },
  { VARIABLE ("values", terrane_field_texts, values), .required = TRUE, .min = 1, .max = MAX_VALUES,
    .check = check_value, .each = TRUE, .empty = "needs at least one value",
    .help = "The allowed values." },
  { VARIABLE ("default", terrane_field_text, fallback), .required = TRUE,
    .help = "The value if the profile does not choose one." },
  { .name = NULL },
};

const TerraneSection terrane_recipe_variable_section = { .fields = variable_fields,
                                                         .size = sizeof (TerraneRecipeVariable),
                                                         .check = check_variable };

/* Each member is an array of strings. */
static void
read_when (G_GNUC_UNUSED const TerraneField *field,
           G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  json_t **when = value;
  const char *name;
  json_t *json;
  if (!oci_json_object (at, NULL))
    return;
  if (json_object_size (at->value) == 0)
    oci_json_problem (at, "names no variable");
  json_object_foreach ((json_t *) at->value, name, json)
  {
    OciJson member;
    g_auto (GStrv) values = NULL;
    (void) json;
    if (oci_json_require (at, name, &member) && oci_json_strv (&member, MAX_VALUES, &values)
        && values[0] == NULL)
      oci_json_problem (&member, "is empty");
  }
  json_decref (*when);
  *when = json_deep_copy (at->value);
}

static void
clear_when (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((json_t **) value, json_decref);
}

static void
copy_when (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  json_t **when = value;
  *when = json_deep_copy (*when);
}

static const TerraneFieldType when_type = {
  .name = "when", .json = "object", .read = read_when, .clear = clear_when, .copy = copy_when
};

#define NEED(member_name, of_type, member) FIELD (TerraneRecipeNeed, member_name, of_type, member)

static const TerraneField need_fields[] = {
  { NEED ("recipe", terrane_field_path, path), .required = TRUE,
    .help = "The recipe, relative to this file." },
  { NEED ("when", when_type, when),
    .help = "Variables of this recipe, and the values for which the other recipe is needed; with "
            "several variables, all conditions must hold." },
  { .name = NULL },
};

const TerraneSection terrane_recipe_need_section = { .fields = need_fields,
                                                     .size = sizeof (TerraneRecipeNeed),
                                                     .shorthand = "recipe",
                                                     .shorthand_type = JSON_STRING };

static const TerraneRecipeVariable *
find_variable (const GPtrArray *variables, const char *name)
{
  for (guint i = 0; i < variables->len; i++)
    {
      const TerraneRecipeVariable *variable = variables->pdata[i];
      if (g_strcmp0 (variable->name, name) == 0)
        return variable;
    }
  return NULL;
}

static void
check_when (const OciJson *at, const GPtrArray *variables, guint i, const json_t *when)
{
  const char *name;
  json_t *values, *value;
  size_t j;
  json_object_foreach ((json_t *) when, name, values)
  {
    g_autofree char *quoted = oci_quote (name);
    const TerraneRecipeVariable *variable = find_variable (variables, name);
    if (variable == NULL)
      oci_json_problem (at, "needs[%u].when: the recipe has no variable %s", i, quoted);
    else if (variable->values != NULL)
      json_array_foreach (values, j, value)
      {
        const char *text = json_string_value (value);
        g_autofree char *wrong = oci_quote (text != NULL ? text : "");
        if (text != NULL && !g_strv_contains ((const char *const *) variable->values, text))
          oci_json_problem (at, "needs[%u].when: %s never has the value %s", i, name, wrong);
      }
  }
}

void
terrane_recipe_variables_check (const OciJson *at, const GPtrArray *variables,
                                const GPtrArray *needs, const json_t *environment)
{
  for (guint i = 0; i < variables->len; i++)
    {
      const TerraneRecipeVariable *variable = variables->pdata[i];
      if (variable->name == NULL)
        continue;
      if (find_variable (variables, variable->name) != variable)
        oci_json_problem (at, "variables[%u]: %s is there twice", i, variable->name);
      if (json_object_get (environment, variable->name) != NULL)
        oci_json_problem (at, "variables[%u]: %s is also in ‘environment’", i, variable->name);
    }
  for (guint i = 0; i < needs->len; i++)
    check_when (at, variables, i, ((const TerraneRecipeNeed *) needs->pdata[i])->when);
}

/* "small, normal or full" Returns: (transfer full) */
static char *
list_values (char *const *values)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (char *const *value = values; *value != NULL; value++)
    {
      g_autofree char *quoted = oci_quote (*value);
      g_string_append_printf (text, "%s%s",
                              value == values    ? ""
                              : value[1] == NULL ? " or "
                                                 : ", ",
                              quoted);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
terrane_recipe_variable_describe (const TerraneRecipeVariable *self)
{
  g_autofree char *values = list_values (self->values);
  return g_strdup_printf ("%s (%s)", self->name, values);
}

json_t *
terrane_recipe_variables_choose (const GPtrArray *variables, const json_t *chosen, GError **error)
{
  g_autoptr (OciJsonValue) values = json_object ();
  for (guint i = 0; i < variables->len; i++)
    {
      const TerraneRecipeVariable *variable = variables->pdata[i];
      const char *value = json_string_value (json_object_get (chosen, variable->name));
      if (value == NULL)
        value = variable->fallback;
      if (!g_strv_contains ((const char *const *) variable->values, value))
        {
          g_autofree char *quoted = oci_quote (value);
          g_autofree char *all = list_values (variable->values);
          g_autofree char *hint = oci_did_you_mean (value, (const char *const *) variable->values);
          (void) oci_throw (error, OCI_ERROR_USAGE, "the variable %s cannot be %s: it is %s%s",
                            variable->name, quoted, all, hint);
          return NULL;
        }
      oci_json_set (values, variable->name, oci_json_text (value));
    }
  return g_steal_pointer (&values);
}

static gboolean
have_common (const json_t *a, const json_t *b)
{
  size_t i, j;
  const json_t *one, *other;
  json_array_foreach (a, i, one)
      json_array_foreach (b, j, other) if (json_equal (one, other)) return TRUE;
  return FALSE;
}

gboolean
terrane_recipe_needs_overlap (const TerraneRecipeNeed *a, const TerraneRecipeNeed *b)
{
  const char *name;
  json_t *values;
  json_object_foreach (a->when, name, values)
  {
    const json_t *others = json_object_get (b->when, name);
    if (others != NULL && !have_common (values, others))
      return FALSE;
  }
  return TRUE;
}

gboolean
terrane_recipe_need_holds (const TerraneRecipeNeed *self, const json_t *values)
{
  const char *name;
  json_t *wanted, *value;
  size_t i;
  json_object_foreach (self->when, name, wanted)
  {
    gboolean found = FALSE;
    json_array_foreach (wanted, i, value) found =
        found || json_equal (value, json_object_get (values, name));
    if (!found)
      return FALSE;
  }
  return TRUE;
}
