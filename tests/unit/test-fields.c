/* The tables of the profile's sections: the schema says the same, and what a field changes is in
 * the keys that its row names and in no others. */
#include "builder/image/image.h"
#include "builder/image/profile-tree.h"
#include "builder/image/source-tree.h"
#include "builder/profile/field-types.h"
#include "builder/profile/profile.h"
#include "builder/profile/recipe.h"
#include "builder/profile/source-reader.h"
#include "builder/transform/transform.h"
#include "builder/validate.h"

#include "testing.h"

#define SCHEMA TERRANE_SOURCE_DIR "/profiles/profile.schema.json"
#define RECIPE_SCHEMA TERRANE_SOURCE_DIR "/profiles/recipe.schema.json"

/* All differences in one run. */
#define FAULT(...)                                                                                 \
  do                                                                                               \
    {                                                                                              \
      g_test_message (__VA_ARGS__);                                                                \
      g_test_fail ();                                                                              \
    }                                                                                              \
  while (0)

enum
{
  MAX_TABLES = 8,
};

/* Where a section is: in a profile, in which @fill stands for its object, and in the schema. */
typedef struct
{
  const char *name;
  const char *schema;   /* JSON pointers to its "properties", separated by spaces */
  const char *required; /* (nullable): JSON pointer to its "required", where that is complete */
  const char *fill;     /* members of the profile; %s is the object */
  const char *others;   /* members of the object, which a field replaces */
  const TerraneSection *section;
  unsigned scope;
} Place;

#define TREE(object) "\"trees\":[" object "]"

static const Place places[] = {
  { "profile", "/properties", NULL, NULL, "{}", &terrane_profile_section, 0 },
  { "config", "/properties/config/properties", NULL, "\"config\":%s", "{}", &terrane_config_section,
    0 },
  { "push", "/properties/push/properties", NULL, "\"push\":%s",
    "{\"repository\":\"h.example/a\",\"tags\":[\"t\"]}", &terrane_push_section, 0 },
  { "deploy", "/properties/deploy/properties", NULL, "\"deploy\":%s", "{\"function\":\"f\"}",
    &terrane_deploy_section, 0 },
  { "target", "/$defs/deployTarget/properties", NULL,
    "\"deploy\":{\"function\":\"f\",\"targets\":[%s]}", "{}", &terrane_deploy_target_section, 0 },
  { "smoke", "/$defs/smoke/properties", "/$defs/smoke/required",
    "\"deploy\":{\"function\":\"f\",\"smoke\":[%s]}", "{\"event\":1}", &terrane_smoke_section, 0 },
  { "geo", "/properties/geo/properties", NULL, "\"geo\":%s", "{}", &terrane_geo_section, 0 },
  { "layers", "/properties/layers/properties", NULL, "\"layers\":%s",
    "{\"wheels\":\"per-package\"}", &terrane_layers_section, 0 },
  { "drift", "/properties/drift/properties", NULL, "\"drift\":%s", "{}", &terrane_drift_section,
    0 },
  { "driftIgnore", "/$defs/driftIgnore/properties", "/$defs/driftIgnore/required",
    "\"drift\":{\"ignore\":[%s]}", "{\"id\":\"i\",\"reason\":\"r\"}", &terrane_drift_ignore_section,
    0 },
  { "limits", "/properties/limits/properties", NULL, "\"limits\":%s", "{}", &terrane_limits_section,
    0 },
  { "checks", "/$defs/checkEntry/properties", "/$defs/checkEntry/required",
    "\"checks\":{\"elf.broken\":%s}", "{\"level\":\"warn\",\"reason\":\"r\"}",
    &terrane_check_section, 0 },
  { "validate", "/properties/validate/properties", NULL, "\"validate\":%s", "{}",
    &terrane_validate_section, 0 },
  { "command", "/$defs/command/anyOf/1/properties", "/$defs/command/anyOf/1/required",
    "\"validate\":{\"commands\":[%s]}", "{\"command\":[\"c\"]}", &terrane_command_section, 0 },
  { "driver", "/$defs/driver/anyOf/1/properties", "/$defs/driver/anyOf/1/required",
    "\"validate\":{\"drivers\":[%s]}", "{\"name\":\"n\"}", &terrane_driver_section, 0 },
  { "crs", "/$defs/crs/properties", "/$defs/crs/required", "\"validate\":{\"crs\":[%s]}",
    "{\"from\":\"f\",\"to\":\"t\",\"point\":[1,2],\"expect\":[3,4]}", &terrane_crs_section, 0 },
  { "invoke", "/$defs/invoke/properties", "/$defs/invoke/required",
    "\"validate\":{\"invoke\":[%s]}", "{\"event\":1}", &terrane_invoke_section, 0 },
  { "http", "/$defs/http/properties", "/$defs/http/required", "\"validate\":{\"http\":[%s]}",
    "{\"path\":\"/\"}", &terrane_http_section, 0 },
  { "transforms", "/$defs/transforms/properties", NULL,
    "\"transforms\":%s," TREE ("{\"name\":\"t\",\"directory\":\"d\",\"prefix\":\"/\"}"),
    "{\"prune\":[\"botocore-data\"]}", &terrane_transform_section, 0 },
  { "strip", "/$defs/transforms/properties/strip/anyOf/1/properties",
    "/$defs/transforms/properties/strip/anyOf/1/required",
    "\"transforms\":{\"strip\":%s}," TREE ("{\"name\":\"t\",\"directory\":\"d\",\"prefix\":\"/\"}"),
    "{}", &terrane_strip_section, 0 },
  { "wheels", "/$defs/tree/properties/wheels/properties", NULL,
    TREE ("{\"name\":\"t\",\"prefix\":\"/\",\"wheels\":%s}"), "{\"requirements\":\"r\"}",
    &terrane_wheels_section, 0 },
  { "ostree", "/$defs/tree/properties/ostree/properties", NULL,
    TREE ("{\"name\":\"t\",\"prefix\":\"/\",\"ostree\":%s}"),
    "{\"repository\":\"r\",\"ref\":\"f\"}", &terrane_ostree_section, 0 },
  { "compile", "/$defs/tree/properties/compile/properties", NULL,
    TREE ("{\"name\":\"t\",\"prefix\":\"/\",\"compile\":%s}"),
    "{\"recipe\":\"r\",\"in\":{\"directory\":\"d\"}}", &terrane_compile_section, 0 },
  { "all", "/properties/compile/properties", NULL, "\"compile\":%s", "{}",
    &terrane_profile_compile_section, 0 },
  { "archive", "/$defs/archiveFile/properties", NULL, "\"base\":{\"archive\":[%s]}",
    "{\"file\":\"f\"}", &terrane_archive_file_section, 0 },
  { "base", "/$defs/base/properties", NULL, "\"base\":%s", "{\"directory\":\"d\"}", NULL,
    TERRANE_IN_BASE },
  { "tree", "/$defs/tree/properties", NULL, TREE ("%s"),
    "{\"name\":\"t\",\"prefix\":\"/\",\"directory\":\"d\"}", NULL, TERRANE_IN_TREE },
};

/* Two values of a field, and other members of its object where its own will not do. */
typedef struct
{
  const char *name; /* of the field, else of its type */
  const char *first, *second;
  const char *others;
} Sample;

#define SOURCE_OF(key, value) "{\"name\":\"t\",\"prefix\":\"/\",\"" key "\":" value "}"
#define BASE_OF(key, value) "{\"" key "\":" value "}"
#define ROLE(name) "\"arn:aws:iam::123456789012:role/" name "\""
#define SHA(digit) "\"" digit "000000000000000000000000000000000000000000000000000000000000000\""

static const Sample samples[] = {
  { "profile.$schema", "\"a\"", "\"b\"", NULL },
  { "profile.platform", "\"linux/amd64\"", "\"linux/arm64\"", NULL },
  { "profile.base", "{\"directory\":\"a\"}", "{\"directory\":\"b\"}", NULL },
  { "profile.trees", "[]", "null", NULL },
  { "profile.transforms", "{}", "{\"dedupe\":true}", NULL },
  { "profile.checks", "{\"elf.broken\":\"warn\"}", "{\"elf.broken\":\"error\"}", NULL },
  { "profile.compile", "{}", "{\"in\":{\"directory\":\"a\"}}", NULL },
  { "profile.config", "{}", "{\"user\":\"u\"}", NULL },
  { "profile.validate", "{}", "{\"imports\":[\"i\"]}", NULL },
  { "profile.limits", "{}", "{\"uncompressed_size\":\"1MB\"}", NULL },
  { "profile.geo", "{}", "{\"grids\":[\"g\"]}", NULL },
  { "profile.layers", "{}", "{\"wheels\":\"single\"}", NULL },
  { "profile.drift", "{}", "{\"ignore\":[{\"id\":\"i\",\"reason\":\"r\"}]}", NULL },
  { "drift.ignore", "[]", "[{\"id\":\"i\",\"reason\":\"r\"}]", NULL },
  { "driftIgnore.until", "\"2026-01-31\"", "\"2028-02-29\"", NULL },
  { "profile.push", "null", "{\"repository\":\"h.example/a\",\"tags\":[\"t\"]}", NULL },
  { "profile.deploy", "null", "{\"function\":\"f\"}", NULL },
  { "deploy.role", ROLE ("a"), ROLE ("b"), NULL },
  { "deploy.external_id", "\"aa\"", "\"bb\"", "{\"function\":\"f\",\"role\":" ROLE ("a") "}" },
  { "deploy.repository", "\"h.example/a\"", "\"h.example/b\"", NULL },
  { "deploy.steps", "[\"100%\"]", "[\"10%\",\"100%\"]", NULL },
  { "deploy.smoke", "[]", "{\"event\":1}", NULL },
  { "deploy.init_duration", "\"1s\"", "\"2s\"", "{\"function\":\"f\",\"smoke\":{\"event\":1}}" },
  { "deploy.targets", "[{}]", "[{\"region\":\"r\"}]", NULL },
  { "target.role", ROLE ("a"), ROLE ("b"), NULL },
  { "target.external_id", "\"aa\"", "\"bb\"", "{\"role\":" ROLE ("a") "}" },
  { "target.repository", "\"h.example/a\"", "\"h.example/b\"", NULL },
  { "target.steps", "[\"100%\"]", "[\"10%\",\"100%\"]", NULL },
  { "target.smoke", "[]", "{\"event\":1}", NULL },
  { "target.init_duration", "\"1s\"", "\"2s\"", "{\"smoke\":{\"event\":1}}" },
  { "smoke.event", "1", "2", NULL },
  { "errors", "0", "1", NULL },
  { "config.working_dir", "\"/a\"", "\"/b\"", NULL },
  { "push.repository", "\"h.example/a\"", "\"h.example/b\"", NULL },
  { "limits.trees", "{}", "{\"base\":\"1MB\"}", NULL },
  { "limits.packages", "{}", "{\"p\":\"1MB\"}", NULL },
  { "validate.commands", "[]", "[[\"c\"]]", NULL },
  { "validate.drivers", "[]", "[\"d\"]", NULL },
  { "validate.crs", "[]", "[{\"operation_code\":\"o\",\"point\":[1,2],\"expect\":[3,4]}]", NULL },
  { "validate.codecs", "[\"A\"]", "[\"B\"]", NULL },
  { "validate.suite", "null", "\"geo\"", NULL },
  { "validate.invoke", "[]", "{\"event\":1}", NULL },
  { "validate.http", "[]", "{\"path\":\"/\"}", NULL },
  { "crs.point", "[1,2]", "[1,3]", NULL },
  { "crs.expect", "[1,2]", "[1,3]", NULL },
  { "crs.operation_code", "\"a\"", "\"b\"", "{\"point\":[1,2],\"expect\":[3,4]}" },
  { "invoke.event", "1", "2", NULL },
  { "http.path", "\"/a\"", "\"/b\"", NULL },
  { "transforms.strip", "true", "{\"debug\":\"separate\"}", NULL },
  { "transforms.bytecode", "false", "\"unchecked-hash\"", NULL },
  { "wheels.python", "\"3.12\"", "\"3.13\"", NULL },
  { "wheels.glibc", "\"2.34\"", "\"2.35\"", NULL },
  { "wheels.musl", "\"1.2\"", "\"1.3\"", NULL },
  { "wheels.extras", "[\"a\"]", "[\"b\"]", NULL },
  { "wheels.groups", "[\"a\"]", "[\"b\"]", NULL },
  { "wheels.index", "\"https://a\"", "\"https://b\"", NULL },
  { "ostree.repository", "\"a\"", "\"https://b\"", NULL },
  { "archive.url", "\"https://a\"", "\"https://b\"", "{\"sha256\":" SHA ("a") "}" },
  { "archive.sha256", SHA ("a"), SHA ("b"), "{\"url\":\"https://a\"}" },
  { "base.archive", "\"a\"", "\"b\"", "{}" },
  { "base.sha256", SHA ("a"), SHA ("b"), BASE_OF ("archive", "\"https://a\"") },
  { "base.image", "\"oci:a\"", "\"oci:b\"", "{}" },
  { "tree.archive", "\"a\"", "\"b\"", "{\"name\":\"t\",\"prefix\":\"/\"}" },
  { "tree.sha256", SHA ("a"), SHA ("b"), SOURCE_OF ("archive", "\"https://a\"") },
  { "tree.image", "\"oci:a\"", "\"oci:b\"", "{\"name\":\"t\",\"prefix\":\"/\",\"paths\":[\"/\"]}" },
  { "tree.paths", "[\"/a\"]", "[\"/b\"]", SOURCE_OF ("image", "\"oci:a\"") },
  { "tree.wheels", "{\"requirements\":\"a\"}", "{\"requirements\":\"b\"}",
    "{\"name\":\"t\",\"prefix\":\"/\"}" },
  { "tree.ostree", "{\"repository\":\"a\",\"ref\":\"f\"}", "{\"repository\":\"b\",\"ref\":\"f\"}",
    "{\"name\":\"t\",\"prefix\":\"/\"}" },
  { "tree.compile", "{\"recipe\":\"a\",\"in\":{\"directory\":\"d\"}}",
    "{\"recipe\":\"b\",\"in\":{\"directory\":\"d\"}}", "{\"name\":\"t\",\"prefix\":\"/\"}" },
  { "compile.in", "{\"directory\":\"a\"}", "{\"directory\":\"b\"}", NULL },
  { "all.in", "{\"directory\":\"a\"}", "{\"directory\":\"b\"}", NULL },
  { "tree.prefix", "\"/a\"", "\"/b\"", NULL },
  { "tree.rename", "{\"a\":\"b\"}", "{\"a\":\"c\"}", NULL },
  { "tree.transforms", "{}", "{\"relocate\":true}", NULL },
  { "flag", "false", "true", NULL },
  { "positive", "1", "2", NULL },
  { "text", "\"a\"", "\"b\"", NULL },
  { "name", "\"a\"", "\"b\"", NULL },
  { "regex", "\"a\"", "\"b\"", NULL },
  { "path", "\"a\"", "\"b\"", NULL },
  { "texts", "[\"a\"]", "[\"b\"]", NULL },
  { "paths", "[\"a\"]", "[\"b\"]", NULL },
  { "size", "\"1MB\"", "\"2MB\"", NULL },
  { "duration", "\"1s\"", "\"2s\"", NULL },
  { "timeout", "1", "\"2s\"", NULL },
  { "map", "{\"a\":\"b\"}", "{\"a\":\"c\"}", NULL },
  { "json", "1", "2", NULL },
};

/* These end the profile's own life, or another file's. */
static const char *const without_sample[] = { "profile.extends", "tree.remove", NULL };

static guint
tables_of (const Place *place, const TerraneField *tables[MAX_TABLES])
{
  guint n = 0;
  if (place->section != NULL)
    tables[n++] = place->section->fields;
  else
    {
      for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
        tables[n++] = (*kind)->fields;
      tables[n++] = terrane_source_content_fields;
      tables[n++] = terrane_source_tree_fields;
    }
  g_assert_cmpuint (n, <=, MAX_TABLES);
  return n;
}

typedef void (*FieldFunc) (const Place *place, const TerraneField *field, gpointer data);

static void
foreach_field (const Place *place, FieldFunc func, gpointer data)
{
  const TerraneField *tables[MAX_TABLES];
  guint n = tables_of (place, tables);
  for (guint i = 0; i < n; i++)
    for (const TerraneField *field = tables[i]; field->name != NULL; field++)
      if (field->scopes == 0 || (field->scopes & place->scope) != 0)
        func (place, field, data);
}

static void
foreach_place (FieldFunc func, gpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    foreach_field (&places[i], func, data);
}

/* The value at a JSON pointer without escapes. */
static json_t *
at_pointer (json_t *root, const char *pointer)
{
  g_auto (GStrv) steps = g_strsplit (pointer + 1, "/", -1);
  json_t *at = root;
  for (char **step = steps; *step != NULL; step++)
    at = json_is_array (at) ? json_array_get (at, (size_t) g_ascii_strtoull (*step, NULL, 10))
                            : json_object_get (at, *step);
  if (at == NULL)
    g_error ("the schema has no %s", pointer);
  return at;
}

/* The schema's description of a value. */
typedef struct
{
  json_t *root;
  GHashTable *types, *words; /* sets */
  json_t *minimum, *maximum, *min_items, *max_items, *min_length;
} Facts;

static void
collect_types (Facts *self, json_t *schema)
{
  json_t *type = json_object_get (schema, "type");
  size_t i;
  json_t *one;
  if (json_is_string (type))
    g_hash_table_add (self->types, (gpointer) json_string_value (type));
  json_array_foreach (type, i, one)
      g_hash_table_add (self->types, (gpointer) json_string_value (one));
  json_array_foreach (json_object_get (schema, "enum"), i, one)
  {
    if (json_is_string (one))
      {
        g_hash_table_add (self->types, (gpointer) "string");
        g_hash_table_add (self->words, (gpointer) json_string_value (one));
      }
  }
  const json_t *single = json_object_get (schema, "const");
  if (json_is_boolean (single))
    g_hash_table_add (self->types, (gpointer) "boolean");
  if (json_is_string (single))
    g_hash_table_add (self->words, (gpointer) json_string_value (single));
}

static void
collect (Facts *self, json_t *schema)
{
  const char *reference = json_string_value (json_object_get (schema, "$ref"));
  size_t i;
  json_t *one;
  if (reference != NULL && strcmp (reference, "#/$defs/variable") != 0)
    collect (self, at_pointer (self->root, reference + 1));
  collect_types (self, schema);
  json_array_foreach (json_object_get (schema, "anyOf"), i, one) collect (self, one);
  json_t **const limits[] = { &self->minimum, &self->maximum, &self->min_items, &self->max_items,
                              &self->min_length };
  static const char *const names[] = { "minimum", "maximum", "minItems", "maxItems", "minLength" };
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_get (schema, names[i]) != NULL)
      *limits[i] = json_object_get (schema, names[i]);
}

/* The words of an array's elements. */
static void
collect_items (Facts *self, json_t *schema)
{
  Facts items = { .root = self->root,
                  .types = g_hash_table_new (g_str_hash, g_str_equal),
                  .words = self->words };
  json_t *elements = json_object_get (schema, "items");
  if (elements != NULL)
    collect (&items, elements);
  g_hash_table_unref (items.types);
}

static void
check_limit (const char *where, const char *name, const json_t *actual, gboolean wanted,
             double expected)
{
  if (!wanted)
    return;
  if (actual == NULL || !(json_number_value (actual) >= expected)
      || !(json_number_value (actual) <= expected))
    FAULT ("%s: the schema's %s is not %g", where, name, expected);
}

static void
check_limits (const char *where, const TerraneField *field, const Facts *facts)
{
  const TerraneFieldType *type = field->type;
  gboolean is_list = g_str_has_prefix (type->json, "array") && field->max > 0;
  gboolean is_number = type == &terrane_field_int || type == &terrane_field_count;
  gboolean is_timeout = type == &terrane_field_timeout;
  double min = (double) field->min, max = (double) field->max;
  check_limit (where, "maxItems", facts->max_items, is_list && type != &terrane_field_word_set,
               max);
  check_limit (where, "minItems", facts->min_items, is_list && field->min > 0, min);
  check_limit (where, "minimum", facts->minimum, is_number, min);
  check_limit (where, "maximum", facts->maximum, is_number, max);
  check_limit (where, "minimum", facts->minimum, is_timeout, 1);
  check_limit (where, "maximum", facts->maximum, is_timeout, max / 1000);
  check_limit (where, "minimum", facts->minimum, type == &terrane_field_positive, 0);
  check_limit (where, "maximum", facts->maximum, type == &terrane_field_positive, max);
  check_limit (where, "minLength", facts->min_length, type == &terrane_field_path, 1);
  check_limit (where, "minLength", facts->min_length,
               (type == &terrane_field_text || type == &terrane_field_regex) && field->min > 0,
               min);
}

static void
check_set (const char *where, const char *what, GHashTable *actual, const char *const *expected)
{
  for (guint i = 0; expected[i] != NULL; i++)
    if (!g_hash_table_contains (actual, expected[i]))
      FAULT ("%s: the schema lacks the %s ‘%s’", where, what, expected[i]);
  if (g_hash_table_size (actual) != g_strv_length ((char **) expected))
    FAULT ("%s: the schema has a %s more than the table", where, what);
}

static void
check_default (const char *where, const TerraneField *field, const json_t *schema)
{
  json_t *expected =
      field->fallback != NULL ? json_loads (field->fallback, JSON_DECODE_ANY, NULL) : NULL;
  const json_t *actual = json_object_get (schema, "default");
  if ((expected == NULL) != (actual == NULL)
      || (expected != NULL && !json_equal (expected, actual)))
    FAULT ("%s: the schema's default is another one", where);
  json_decref (expected);
}

static void
check_schema_of_field (const Place *place, const TerraneField *field, gpointer root)
{
  g_autofree char *where = g_strconcat (place->name, ".", field->name, NULL);
  json_t *schema = json_object_get (at_pointer (root, place->schema), field->name);
  if (schema == NULL)
    {
      FAULT ("%s is not in the schema", where);
      return;
    }
  if (g_strcmp0 (json_string_value (json_object_get (schema, "description")), field->help) != 0)
    FAULT ("%s: the schema's description is not: %s", where, field->help);
  check_default (where, field, schema);
  Facts facts = { .root = root,
                  .types = g_hash_table_new (g_str_hash, g_str_equal),
                  .words = g_hash_table_new (g_str_hash, g_str_equal) };
  collect (&facts, schema);
  (void) g_hash_table_remove (facts.types, "null");
  if (strcmp (field->type->json, "any") != 0)
    {
      g_auto (GStrv) types = g_strsplit (field->type->json, " ", -1);
      check_set (where, "type", facts.types, (const char *const *) types);
    }
  check_limits (where, field, &facts);
  if (field->words != NULL)
    {
      if (g_hash_table_size (facts.words) == 0)
        collect_items (&facts, schema);
      check_set (where, "word", facts.words, field->words);
    }
  g_hash_table_unref (facts.types);
  g_hash_table_unref (facts.words);
}

static void
add_name (G_GNUC_UNUSED const Place *place, const TerraneField *field, gpointer names)
{
  g_assert_true (g_hash_table_add (names, (gpointer) field->name));
}

static void
check_required (const Place *place, const TerraneField *field, gpointer root)
{
  gboolean listed = FALSE;
  size_t i;
  json_t *one;
  json_array_foreach (at_pointer (root, place->required), i, one)
  {
    listed = listed || strcmp (json_string_value (one), field->name) == 0;
  }
  if (listed != field->required)
    FAULT ("%s.%s: the schema says otherwise whether it is required", place->name, field->name);
}

static void
check_schema (const char *path, const Place *of, gsize n)
{
  json_error_t problem;
  g_autoptr (OciJsonValue) root = json_load_file (path, JSON_REJECT_DUPLICATES, &problem);
  g_assert_nonnull (root);
  for (gsize i = 0; i < n; i++)
    {
      const char *name;
      json_t *value;
      g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
      foreach_field (&of[i], add_name, names);
      json_object_foreach (at_pointer (root, of[i].schema), name, value)
      {
        (void) value;
        if (!g_hash_table_contains (names, name))
          FAULT ("%s: no table has the key %s of the schema", of[i].name, name);
      }
      foreach_field (&of[i], check_schema_of_field, root);
      if (of[i].required != NULL)
        foreach_field (&of[i], check_required, root);
    }
}

static void
test_schema (void)
{
  check_schema (SCHEMA, places, G_N_ELEMENTS (places));
}

static void
test_recipe_schema (void)
{
  static const Place of_recipes[] = {
    { "recipe", "/properties", "/required", NULL, NULL, &terrane_recipe_section, 0 },
    { "source", "/$defs/source/properties", "/$defs/source/required", NULL, NULL,
      &terrane_recipe_source_section, 0 },
    { "variable", "/$defs/variable/properties", "/$defs/variable/required", NULL, NULL,
      &terrane_recipe_variable_section, 0 },
    { "need", "/$defs/need/properties", "/$defs/need/required", NULL, NULL,
      &terrane_recipe_need_section, 0 },
  };
  check_schema (RECIPE_SCHEMA, of_recipes, G_N_ELEMENTS (of_recipes));
}

static const Sample *
find_sample (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    if (strcmp (samples[i].name, name) == 0)
      return &samples[i];
  return NULL;
}

/* The value that the field gets: the first one or the second one. Returns: (transfer full) */
static char *
sample_of (const char *where, const TerraneField *field, gboolean second, const char **out_others)
{
  const Sample *sample = find_sample (where);
  if (sample == NULL)
    sample = find_sample (field->type->name);
  if (sample != NULL)
    {
      if (sample->others != NULL)
        *out_others = sample->others;
      return g_strdup (second ? sample->second : sample->first);
    }
  if (field->type == &terrane_field_int || field->type == &terrane_field_count)
    return g_strdup_printf ("%" G_GINT64_FORMAT, second ? field->max : field->min);
  if (field->type == &terrane_field_word_set)
    return second ? g_strdup_printf ("[\"%s\"]", field->words[0]) : g_strdup ("[]");
  if (field->words == NULL || field->words[1] == NULL)
    g_error ("%s: this test has no values for the type ‘%s’", where, field->type->name);
  return g_strdup_printf ("\"%s\"", field->words[second]);
}

/* Everything of what is built that a field may change. */
typedef struct
{
  OciDigest source, tree, transform, image, result;
} Keys;

/* Known without looking at files: the digests of URLs. */
static void
add_identity (const TerraneProfile *profile, const TerraneSourceSpec *spec, OciDigester *sources)
{
  const TerraneSourceContext context = { .profile = profile };
  const TerranePin pin = { .spec = spec };
  OciDigest identity = { 0 };
  g_autoptr (GError) error = NULL;
  const TerraneArchiveFile *file = spec->archives != NULL ? spec->archives->pdata[0] : NULL;
  if (spec->image_paths != NULL)
    identity = terrane_image_tree_identity (&context, spec, &identity);
  else if (file != NULL && file->url != NULL)
    g_assert_true (terrane_source_type (spec->kind)->identify (NULL, &pin, &identity, &error));
  oci_digester_update (sources, identity.bytes, sizeof identity.bytes);
}

static void
add_tree (const TerraneSourceSpec *spec, TerraneModes modes, OciDigester *trees,
          OciDigester *transforms)
{
  const OciDigest identity = { 0 };
  g_autoptr (GError) error = NULL;
  OciDigest key = terrane_source_tree_key (&identity, spec, modes);
  oci_digester_update (trees, key.bytes, sizeof key.bytes);
  if (spec->transforms == NULL)
    return;
  char *no_variables[] = { NULL };
  const TerraneInterpreter interpreter = { .is_host = TRUE,
                                           .path = (char *) "/usr/bin/python3",
                                           .identity = (char *) "3",
                                           .env = no_variables };
  const TerraneTransformContext context = { .spec = spec, .interpreter = &interpreter, .jobs = 1 };
  g_autoptr (OciJsonValue) keys = terrane_transform_keys (&context, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) bytes = oci_json_dump (keys);
  oci_digester_update (transforms, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static Keys
keys_of (const TerraneProfile *profile)
{
  Keys keys;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciDigester) sources = oci_digester_new ();
  g_autoptr (OciDigester) trees = oci_digester_new ();
  g_autoptr (OciDigester) transforms = oci_digester_new ();
  const TerraneBase base = { 0 };
  const TerraneImage image = { 0 };
  const TerraneEmulator emulator = { 0 };
  const TerraneStamp stamp = { .created = (char *) "2001-01-01T00:00:00Z" };
  g_autoptr (GArray) stored = g_array_new (FALSE, TRUE, sizeof (TerraneSourceTree));
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_array_set_size (stored, profile->trees->len);
  add_identity (profile, profile->base, sources);
  add_tree (profile->base, TERRANE_MODES_KEEP, trees, transforms);
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      add_identity (profile, spec, sources);
      add_tree (spec, spec->transforms->modes, trees, transforms);
    }
  keys.source = oci_digester_finish (sources);
  keys.tree = oci_digester_finish (trees);
  keys.transform = oci_digester_finish (transforms);
  g_auto (TerraneProfileTexts) texts = { 0 };
  terrane_profile_texts_init (&texts, profile, "0123456789abcdef");
  const TerraneImageOptions options = { .stamp = &stamp, .texts = &texts, .jobs = 1 };
  g_assert_true (terrane_image_key (profile, &base, stored, &options, &keys.image, &error));
  const TerraneValidateOptions how = { .emulator = &emulator };
  keys.result = terrane_validate_key (profile, &image, none, none, &how);
  return keys;
}

/* Lays the members of @text over those of @into. */
static void
overlay (json_t *into, const char *text)
{
  json_error_t problem;
  g_autoptr (OciJsonValue) members = json_loads (text, 0, &problem);
  if (members == NULL || json_object_update (into, members) < 0)
    g_error ("%s: %s", text, problem.text);
}

static TerraneProfile *
profile_with (const Place *place, const TerraneField *field, gboolean second)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *where = g_strconcat (place->name, ".", field->name, NULL);
  const char *others = place->others;
  g_autofree char *value = sample_of (where, field, second, &others);
  g_autofree char *member = g_strdup_printf ("{\"%s\":%s}", field->name, value);
  g_autoptr (OciJsonValue) object = json_object ();
  g_autoptr (OciJsonValue) root = json_object ();
  overlay (root, "{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{\"archive\":\"b\"}}");
  overlay (object, others);
  overlay (object, member);
  g_autofree char *text = oci_json_dump_pretty (object);
  if (place->fill != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (place->fill, "%s", 2);
      g_autofree char *members = g_strconcat ("{", parts[0], text, parts[1], "}", NULL);
      overlay (root, members);
    }
  else
    overlay (root, text);
  g_autoptr (GBytes) bytes = oci_json_dump (root);
  TerraneProfile *profile = terrane_profile_parse ("dir/p.json", bytes, NULL, &error);
  if (profile == NULL)
    g_error ("%s: %s", where, error->message);
  return profile;
}

static void
check_key (const char *where, const char *key, const OciDigest *before, const OciDigest *after,
           gboolean expected)
{
  if (oci_digest_equal (before, after) == expected)
    FAULT ("%s: the row says that it %s part of the key of the %s", where,
           expected ? "is" : "is no", key);
}

static void
check_keys (const Place *place, const TerraneField *field, G_GNUC_UNUSED gpointer data)
{
  g_autofree char *where = g_strconcat (place->name, ".", field->name, NULL);
  g_assert_cmpuint (field->parts, !=, 0);
  g_assert_nonnull (field->type);
  if (g_strv_contains (without_sample, where))
    return;
  g_autoptr (TerraneProfile) first = profile_with (place, field, FALSE);
  g_autoptr (TerraneProfile) second = profile_with (place, field, TRUE);
  Keys before = keys_of (first), after = keys_of (second);
  check_key (where, "source", &before.source, &after.source,
             (field->parts & TERRANE_PART_IDENTITY) != 0);
  check_key (where, "tree", &before.tree, &after.tree,
             (field->parts & (TERRANE_PART_TREE | TERRANE_PART_TREE_OWN)) != 0);
  check_key (where, "transform", &before.transform, &after.transform,
             (field->parts & TERRANE_PART_TRANSFORM) != 0);
  check_key (where, "image", &before.image, &after.image, (field->parts & TERRANE_PART_IMAGE) != 0);
  check_key (where, "result", &before.result, &after.result,
             (field->parts & TERRANE_PART_RESULT) != 0);
}

static void
test_keys (void)
{
  foreach_place (check_keys, NULL);
}

/* A copy is independent: both are freed. */
static void
test_copies (void)
{
  static const char text[] =
      "{\"imports\":[\"a\"],\"scripts\":[\"s\"],\"commands\":[[\"c\",\"d\"]],\"codecs\":[\"Z\"],"
      "\"invoke\":{\"event\":{\"a\":1},\"env\":{\"A\":\"B\"}},\"http\":{\"path\":\"/p\"}}";
  g_autoptr (GError) error = NULL;
  g_autofree char *all = g_strconcat ("{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{"
                                      "\"archive\":\"b\"},\"validate\":",
                                      text, ",\"limits\":{\"trees\":{\"base\":\"1kB\"}}}", NULL);
  g_autoptr (GBytes) data = test_bytes (all);
  TerraneProfile *profile = terrane_profile_parse ("dir/p.json", data, NULL, &error);
  g_assert_no_error (error);
  TerraneValidateSpec validate = profile->validate;
  TerraneLimitsSpec limits = profile->limits;
  terrane_section_copy (&terrane_validate_section, &validate);
  terrane_section_copy (&terrane_limits_section, &limits);
  terrane_profile_free (profile);
  g_assert_cmpstr (validate.imports[0], ==, "a");
  g_assert_cmpstr (validate.scripts->pdata[0], ==, "dir/s");
  g_assert_cmpstr (((TerraneCommandSpec *) validate.commands->pdata[0])->argv[1], ==, "d");
  const TerraneInvokeSpec *invoke = validate.invoke->pdata[0];
  g_assert_cmpstr (invoke->where, ==, "dir/p.json: validate.invoke");
  g_assert_cmpint (json_integer_value (json_object_get (invoke->event, "a")), ==, 1);
  const TerraneHttpSpec *http = validate.http->pdata[0];
  g_assert_cmpstr (http->method, ==, "GET");
  g_assert_cmpuint (http->expect_status, ==, 200);
  g_assert_cmpuint (validate.timeout_ms, ==, 60000);
  g_assert_cmpuint (((TerraneSizeLimit *) limits.trees->pdata[0])->bytes, ==, 1000);
  terrane_section_clear (&terrane_validate_section, &validate);
  terrane_section_clear (&terrane_limits_section, &limits);
}

/* The lock's digits are in the texts, and not in the profile, which stays what was written. */
static void
test_texts (void)
{
  static const char text[] =
      "{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{\"archive\":\"b\"},"
      "\"config\":{\"env\":{\"A\":\"a-${lock.short}\"},\"labels\":{\"B\":\"b\"}},"
      "\"annotations\":{\"C\":\"${lock.short}\"},"
      "\"push\":{\"repository\":\"docker://h.example/a\",\"tags\":[\"v-${lock.short}\",\"w\"]}}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes (text);
  g_autoptr (TerraneProfile) profile = terrane_profile_parse ("dir/p.json", data, NULL, &error);
  g_assert_no_error (error);
  g_auto (TerraneProfileTexts) texts = { 0 };
  terrane_profile_texts_init (&texts, profile, "0123456789abcdef0123");
  const json_t *env = json_object_get (texts.config.env, "A");
  g_assert_cmpstr (json_string_value (env), ==, "a-0123456789ab");
  const json_t *annotation = json_object_get (texts.annotations, "C");
  g_assert_cmpstr (json_string_value (annotation), ==, "0123456789ab");
  g_assert_cmpstr (texts.push.repository, ==, "h.example/a");
  g_assert_cmpstr (texts.push.tags[0], ==, "v-0123456789ab");
  g_assert_cmpstr (texts.push.tags[1], ==, "w");
  g_assert_cmpstr (profile->push.tags[0], ==, "v-${lock.short}");
  const json_t *written = json_object_get (profile->annotations, "C");
  g_assert_cmpstr (json_string_value (written), ==, "${lock.short}");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fields/schema", test_schema);
  g_test_add_func ("/fields/recipe-schema", test_recipe_schema);
  g_test_add_func ("/fields/keys", test_keys);
  g_test_add_func ("/fields/copies", test_copies);
  g_test_add_func ("/fields/texts", test_texts);
  return g_test_run ();
}
