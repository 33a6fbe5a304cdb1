/* terrane profile */
#include "builder/cli/command.h"
#include "builder/cli/load-profile.h"
#include "builder/profile/field-types.h"
#include "builder/profile/recipe.h"
#include "builder/profile/source-reader.h"

#include "oci/http/url.h"

#include "oci/base/fd.h"
#include "oci/base/suggest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_PROFILES = 1000,
  MAX_RECIPE_BYTES = 1024 * 1024,
  MAX_ALIGNED_WIDTH = 48, /* only the origins of longer values are not aligned */
};

/* Compared by its address, since a file may have this name. */
static const char default_origin[] = "default";

typedef struct
{
  char *platform; /* (nullable) */
  gboolean defaults;
} ProfileOptions;

/* One value of the merged profile. */
typedef struct
{
  char *path;
  char *value;        /* as JSON, one line */
  const char *origin; /* or @default_origin */
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;
  g_free (row->path);
  g_free (row->value);
  g_free (row);
}

/* JSON escapes control characters below space, but terminals obey others, too. */
static char *
dump_printable (const json_t *value)
{
  const size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS | oci_json_number_flags (value);
  gboolean plain = TRUE;
  char *text = json_dumps (value, flags);
  for (const char *p = text; p != NULL && plain && *p != '\0'; p = g_utf8_next_char (p))
    plain = g_unichar_isprint (g_utf8_get_char (p));
  if (!plain)
    {
      free (text);
      text = json_dumps (value, flags | JSON_ENSURE_ASCII);
    }
  if (text == NULL)
    g_error ("out of memory while writing JSON");
  char *copy = g_strdup (text);
  free (text);
  return copy;
}

/* The value of a variable may be the password of an index, and this output often ends in a log. */
static void
hide_passwords (json_t *value)
{
  const char *key;
  json_t *child;
  size_t i;
  if (json_is_string (value))
    {
      g_autofree char *shown = oci_url_hide_password (json_string_value (value));
      if (json_string_set (value, shown) < 0)
        g_error ("out of memory while writing JSON");
    }
  json_object_foreach (value, key, child) hide_passwords (child);
  json_array_foreach (value, i, child) hide_passwords (child);
}

static gboolean
is_shown (const OciJson *at, const char *key)
{
  return at->parent != NULL || (strcmp (key, "$schema") != 0 && strcmp (key, "extends") != 0);
}

static void
add_rows (const TerraneProfileDocument *document, const OciJson *at, GPtrArray *rows)
{
  const char *key;
  json_t *value;
  size_t i;
  OciJson child;
  gboolean is_trees = at->parent != NULL && at->parent->parent == NULL
                      && g_strcmp0 (at->key, "trees") == 0 && json_is_array (at->value);
  if (json_is_object (at->value) && json_object_size (at->value) > 0)
    json_object_foreach ((json_t *) at->value, key, value)
    {
      if (is_shown (at, key) && oci_json_member (at, key, &child))
        add_rows (document, &child, rows);
    }
  else if (is_trees && json_array_size (at->value) > 0)
    json_array_foreach (at->value, i, value)
    {
      oci_json_element (at, i, &child);
      add_rows (document, &child, rows);
    }
  else
    {
      Row *row = g_new0 (Row, 1);
      row->path = oci_json_path (at);
      g_autoptr (OciJsonValue) value_shown = json_deep_copy (at->value);
      hide_passwords (value_shown);
      row->value = dump_printable (value_shown);
      row->origin = terrane_provenance_file (document->provenance, at);
      g_ptr_array_add (rows, row);
    }
}

static void
override_platform (GPtrArray *rows, const char *platform)
{
  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];
      if (strcmp (row->path, "platform") != 0)
        continue;
      g_free (row->value);
      row->value = g_strdup_printf ("\"%s\"", platform);
      row->origin = "--platform";
    }
}

static void
print_rows (const GPtrArray *rows)
{
  glong path_width = 0, value_width = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      glong width = g_utf8_strlen (row->value, -1);
      path_width = MAX (path_width, g_utf8_strlen (row->path, -1));
      if (width <= MAX_ALIGNED_WIDTH)
        value_width = MAX (value_width, width);
    }
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      glong path_pad = path_width - g_utf8_strlen (row->path, -1);
      glong value_pad = MAX (value_width - g_utf8_strlen (row->value, -1), 0);
      g_autofree char *origin =
          g_utf8_validate (row->origin, -1, NULL) && g_str_is_ascii (row->origin)
              ? g_strdup (row->origin)
              : oci_quote (row->origin);
      terrane_print ("%s%*s = %s%*s  # %s\n", row->path, (int) path_pad, "", row->value,
                     (int) value_pad, "", origin);
    }
}

static void
print_json (const TerraneProfile *profile, const GPtrArray *rows, const char *platform)
{
  g_autoptr (OciJsonValue) object = json_object ();
  g_autoptr (OciJsonValue) defaults = json_object ();
  json_t *merged = json_deep_copy (profile->document->root.value);
  json_t *origins = json_object ();
  hide_passwords (merged);
  (void) json_object_del (merged, "$schema");
  (void) json_object_del (merged, "extends");
  if (platform != NULL)
    oci_json_set (merged, "platform", oci_json_text (platform));
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      if (row->origin == default_origin)
        oci_json_set (defaults, row->path, json_loads (row->value, JSON_DECODE_ANY, NULL));
      else
        oci_json_set (origins, row->path, oci_json_text (row->origin));
    }
  if (json_object_size (defaults) > 0)
    oci_json_set (object, "defaults", json_incref (defaults));
  oci_json_set (object, "profile", merged);
  oci_json_set (object, "origins", origins);
  terrane_print_json (object);
}

/* Adds rows for fields with a default that @object does not set. */
static void
add_defaults (const TerraneField *fields, unsigned scope, const char *path, const json_t *object,
              GPtrArray *rows)
{
  for (const TerraneField *field = fields; field->name != NULL; field++)
    {
      const json_t *value = json_object_get (object, field->name);
      gboolean given = value != NULL && !json_is_null (value);
      g_autofree char *here = g_strconcat (path, path[0] != '\0' ? "." : "", field->name, NULL);
      if (field->scopes != 0 && (field->scopes & scope) == 0)
        continue;
      if (field->type == &terrane_field_object
          || (field->section != NULL && json_is_object (value)))
        add_defaults (field->section->fields, 0, here, value, rows);
      else if (field->fallback != NULL && !given)
        {
          Row *row = g_new0 (Row, 1);
          row->path = g_steal_pointer (&here);
          row->value = g_strdup (field->fallback);
          row->origin = default_origin;
          g_ptr_array_add (rows, row);
        }
    }
}

static gboolean
is_refused (const TerraneSourceKindInfo *kind, unsigned scope, const char *key)
{
  const TerraneSourceRefusal *refusal = kind->refusals;
  for (; refusal != NULL && refusal->name != NULL; refusal++)
    if ((refusal->scopes == 0 || (refusal->scopes & scope) != 0)
        && strcmp (refusal->name, key) == 0)
      return TRUE;
  return FALSE;
}

/* For a base or a tree: the defaults of its kind of source. */
static void
add_source_defaults (unsigned scope, const char *path, const json_t *object, GPtrArray *rows)
{
  const TerraneSourceKindInfo *const *kind = terrane_source_kinds;
  guint first = rows->len;
  while (*kind != NULL && json_object_get (object, terrane_source_kind_name (*kind)) == NULL)
    kind++;
  if (*kind == NULL) /* cannot happen: the profile was read */
    return;
  add_defaults ((*kind)->fields, scope, path, object, rows);
  add_defaults (terrane_source_content_fields, scope, path, object, rows);
  add_defaults (terrane_source_tree_fields, scope, path, object, rows);
  for (guint i = rows->len; i > first; i--)
    {
      const Row *row = rows->pdata[i - 1];
      if (is_refused (*kind, scope, row->path + strlen (path) + 1))
        g_ptr_array_remove_index (rows, i - 1);
    }
}

static void
add_all_defaults (const json_t *root, GPtrArray *rows)
{
  size_t i;
  json_t *tree;
  add_defaults (terrane_profile_section.fields, 0, "", root, rows);
  add_defaults (terrane_transform_section.fields, 0, "transforms",
                json_object_get (root, "transforms"), rows);
  add_source_defaults (TERRANE_IN_BASE, "base", json_object_get (root, "base"), rows);
  json_array_foreach (json_object_get (root, "trees"), i, tree)
  {
    g_autofree char *path = g_strdup_printf ("trees[%zu]", i);
    add_source_defaults (TERRANE_IN_TREE, path, tree, rows);
  }
}

static gboolean
show (const TerraneGlobal *global, const char *path, const ProfileOptions *options, GError **error)
{
  const char *platform = options->platform;
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile (path, platform, error);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  if (profile == NULL)
    return FALSE;
  add_rows (profile->document, &profile->document->root, rows);
  if (platform != NULL)
    override_platform (rows, platform);
  if (options->defaults)
    add_all_defaults (profile->document->root.value, rows);
  if (global->output.json)
    print_json (profile, rows, platform);
  else
    print_rows (rows);
  return TRUE;
}

static json_t *
describe (const char *path, const TerraneProfile *profile)
{
  json_t *object = json_object ();
  json_t *platforms = json_array ();
  for (char **platform = profile->platforms; *platform != NULL; platform++)
    oci_json_append (platforms, oci_json_text (*platform));
  oci_json_set (object, "path", oci_json_text (path));
  oci_json_set (object, "name", oci_json_text (profile->name));
  oci_json_set (object, "platforms", platforms);
  return object;
}

static gboolean
is_recipe (const char *path)
{
  g_autoptr (GBytes) data = NULL;
  return oci_read_file (AT_FDCWD, path, MAX_RECIPE_BYTES, &data, NULL)
         && terrane_recipe_is_one (data);
}

static gboolean
check_recipe (const char *path, json_t *recipes, GError **error)
{
  g_autoptr (TerraneRecipeSet) set = terrane_recipe_set_load_all (path, error);
  if (set == NULL)
    return FALSE;
  const TerraneRecipe *recipe = terrane_recipe_set_main (set);
  json_t *object = json_object ();
  oci_json_set (object, "path", oci_json_text (path));
  oci_json_set (object, "name", oci_json_text (recipe->name));
  oci_json_set (object, "version", oci_json_text (recipe->version));
  oci_json_append (recipes, object);
  return TRUE;
}

/* The recipes that a profile names are part of it. */
static gboolean
check_profile (const char *path, const char *platform, json_t *profiles, GError **error)
{
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile (path, platform, error);
  for (guint i = 0; profile != NULL && i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      OCI_PREFIX (error, "%s.compile", spec->where);
      g_autoptr (TerraneRecipeSet) set =
          spec->recipe != NULL ? terrane_recipe_set_load (spec->recipe, spec->prefix,
                                                          spec->recipe_variables, NULL, error)
                               : NULL;
      if (spec->recipe != NULL && set == NULL)
        return FALSE;
    }
  if (profile != NULL)
    oci_json_append (profiles, describe (path, profile));
  return profile != NULL;
}

static gboolean
check (const TerraneGlobal *global, char **paths, const char *platform, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (OciJsonValue) result = json_object ();
  json_t *profiles = json_array (), *recipes = json_array ();
  oci_json_set (result, "profiles", profiles);
  oci_json_set (result, "recipes", recipes);
  for (; *paths != NULL; paths++)
    {
      g_autoptr (GError) local = NULL;
      gboolean fine = is_recipe (*paths) ? check_recipe (*paths, recipes, &local)
                                         : check_profile (*paths, platform, profiles, &local);
      if (!fine)
        g_ptr_array_add (problems, g_strdup (local->message));
    }
  if (global->output.json
      && (problems->len == 0 || json_array_size (profiles) + json_array_size (recipes) > 0))
    terrane_print_json (result);
  if (problems->len == 0)
    return TRUE;
  g_ptr_array_add (problems, NULL);
  g_autofree char *all = g_strjoinv ("\n", (char **) problems->pdata);
  return oci_throw (error, OCI_ERROR_USAGE, "%s", all);
}

static const char *const verbs[] = { "show", "check", NULL };

static gboolean
run_profile (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const ProfileOptions *options = data;
  if (strcmp (arguments[0], "check") == 0)
    return check (global, arguments + 1, options->platform, error);
  if (strcmp (arguments[0], "show") == 0 && arguments[2] == NULL)
    return show (global, arguments[1], options, error);
  g_autofree char *quoted = oci_quote (arguments[0]);
  g_autofree char *hint = oci_did_you_mean (arguments[0], verbs);
  if (strcmp (arguments[0], "show") == 0)
    return oci_throw (error, OCI_ERROR_USAGE, "profile show: expected one PROFILE");
  return oci_throw (error, OCI_ERROR_USAGE, "profile: %s is neither show nor check%s", quoted,
                    hint);
}

static const TerraneOption profile_options[] = {
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    .target = offsetof (ProfileOptions, platform),
    .metavar = "OS/ARCH",
    .help = "Instead of the profile's, linux/amd64 or linux/arm64" },
  { .name = "defaults",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (ProfileOptions, defaults),
    .help = "show: also keys that are not given, with their defaults" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_profile = {
  .name = "profile",
  .arguments = "show PROFILE\ncheck FILE…",
  .summary = "Show a profile with what it extends, or check it",
  .description =
      "show: the profile merged with what it extends, its variables expanded; after each "
      "value the file that it is from.\n"
      "check: reads profiles and recipes and prints only what is wrong with them.",
  .min = 2,
  .max = MAX_PROFILES,
  .operands = { TERRANE_OPERAND_VERB, TERRANE_OPERAND_PROFILE },
  .verbs = verbs,
  .options = (const TerraneOptionGroup[]){ { .rows = profile_options }, { .rows = NULL } },
  .size = sizeof (ProfileOptions),
  .run = run_profile,
};
