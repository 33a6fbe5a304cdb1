#include "builder/profile/recipe.h"

#include "builder/profile/field-types.h"
#include "builder/profile/recipe-steps.h"
#include "builder/profile/source-kind.h"
#include "builder/profile/spdx.h"

#include "oci/base/fd.h"
#include "oci/base/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_RECIPE_BYTES = 1024 * 1024,
  MAX_SOURCES = 100,
  MAX_PATCHES = 100,
  MAX_NEEDS = 100,
  MAX_VARIABLES = 20,
  MAX_LICENSE_FILES = 100,
  MAX_STEPS = 1000,
  MAX_DEPTH = 32, /* of needs of needs */
  MAX_STRIP = 100,
  MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000,
};

/* In a profile: how a tree names its recipe. */
static const TerraneField compile_section_fields[] = {
  { .name = "recipe",
    .type = &terrane_field_path,
    .offset = offsetof (TerraneSourceSpec, recipe),
    .parts = TERRANE_PART_SOURCE,
    .required = TRUE,
    .help = "The recipe, relative to this file." },
  { .name = "in",
    .type = &terrane_field_elsewhere, /* source-reader.c */
    .parts = TERRANE_PART_SOURCE,
    .help = "The file system with the compiler: a source, as in ‘base’; by default that of the "
            "profile's ‘compile’." },
  { .name = "development",
    .type = &terrane_field_flag,
    .offset = offsetof (TerraneSourceSpec, development),
    .parts = TERRANE_PART_TREE,
    .fallback = "false",
    .help = "Whether to include files that only compiling needs, such as headers." },
  { .name = "needs",
    .type = &terrane_field_flag,
    .offset = offsetof (TerraneSourceSpec, with_needs),
    .parts = TERRANE_PART_TREE,
    .fallback = "false",
    .help = "Whether to include the files of the recipes that it needs." },
  { .name = "variables",
    .type = &terrane_field_map,
    .offset = offsetof (TerraneSourceSpec, recipe_variables),
    .parts = TERRANE_PART_SOURCE,
    .help = "Values of variables of the recipe and of the recipes that it needs." },
  { .name = NULL },
};

const TerraneSection terrane_compile_section = { .fields = compile_section_fields,
                                                 .size = sizeof (TerraneSourceSpec) };

static void
check_directory (const OciJson *at, char **directory)
{
  g_autoptr (GError) local = NULL;
  char *normalised = NULL;
  if ((*directory)[0] == '/')
    oci_json_problem (at, "must be relative to where the sources are unpacked");
  else if (!oci_path_normalise (*directory, &normalised, &local))
    oci_json_problem (at, "%s", local->message);
  else
    {
      g_free (*directory);
      *directory = normalised;
    }
}

/* It is printed, and a part of documents in the image. */
static void
check_version (const OciJson *at, char **version)
{
  for (const char *c = *version; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      {
        oci_json_problem (at, "contains a control character");
        return;
      }
}

static void
check_license (const OciJson *at, char **license)
{
  g_autoptr (GError) local = NULL;
  if (!terrane_spdx_check (*license, &local))
    oci_json_problem (at, "%s", local->message);
}

static void
check_license_file (const OciJson *at, char **path)
{
  check_directory (at, path);
  if (**path == '\0')
    oci_json_problem (at, "is a file of the sources, such as ‘COPYING’");
}

static void
check_pattern (const OciJson *at, char **pattern)
{
  if ((*pattern)[0] == '/' || (*pattern)[0] == '\0')
    oci_json_problem (at, "patterns are relative to the prefix, such as ‘lib/**’");
}

#define SOURCE(member_name, of_type, member)                                                       \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneRecipeSource, member),     \
  .parts = TERRANE_PART_IDENTITY

static const TerraneField source_fields[] = {
  { SOURCE ("file", terrane_field_path, file.path),
    .help = "Archive file, relative to this file." },
  { SOURCE ("url", terrane_field_text, file.url), .check = terrane_archive_check_url,
    .help = "URL of the archive, instead of ‘file’." },
  { SOURCE ("sha256", terrane_archive_digest_type, file), .required = TRUE,
    .help = "SHA-256 of the file; with another one compiling fails." },
  { SOURCE ("directory", terrane_field_text, directory), .fallback = "\"\"",
    .check = check_directory,
    .help = "Directory to unpack it into, relative to the directory of the steps." },
  { SOURCE ("strip_components", terrane_field_int, strip_components), .max = MAX_STRIP,
    .fallback = "1",
    .help = "Number of leading components to drop from each path, as in tar --strip-components." },
  { .name = NULL },
};

static void
check_source (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  OciJson file, url;
  (void) reader;
  (void) data;
  if (oci_json_member (at, "file", &file) + oci_json_member (at, "url", &url) != 1)
    oci_json_problem (at, "needs exactly one of ‘file’ and ‘url’");
}

const TerraneSection terrane_recipe_source_section = { .fields = source_fields,
                                                       .size = sizeof (TerraneRecipeSource),
                                                       .check = check_source };

#define FIELD(member_name, of_type, member)                                                        \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneRecipe, member)

#define DEVELOPMENT                                                                                \
  "[\"bin/*-config\",\"include\",\"lib/**/*.a\",\"lib/**/*.la\",\"lib/**/*.cmake\","               \
  "\"lib/**/cmake\",\"lib/**/pkgconfig\",\"share/**/*.cmake\",\"share/**/cmake\","                 \
  "\"share/aclocal\",\"share/bash-completion\","                                                   \
  "\"share/doc\",\"share/info\",\"share/man\",\"share/pkgconfig\"]"

static const TerraneField fields[] = {
  { .name = "$schema",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_NOTHING,
    .help = "The address of this schema, for editors; terrane ignores it." },
  { FIELD ("name", terrane_field_name, name), .parts = TERRANE_PART_IDENTITY, .required = TRUE,
    .help = "Name of the recipe, such as ‘proj’; spelled like names of images." },
  { FIELD ("version", terrane_field_text, version), .parts = TERRANE_PART_IDENTITY,
    .required = TRUE, .min = 1, .check = check_version,
    .help = "Version, used in messages and in the key." },
  { FIELD ("license", terrane_field_text, license), .parts = TERRANE_PART_NOTHING,
    .check = check_license, .help = "Licence, as an SPDX expression such as ‘MIT OR Apache-2.0’." },
  { FIELD ("license_files", terrane_field_texts, license_files), .parts = TERRANE_PART_IDENTITY,
    .max = MAX_LICENSE_FILES, .check = check_license_file, .each = TRUE,
    .help = "Files of the sources with the text of the licence; the image gets them in "
            "‘share/licenses/NAME’." },
  { FIELD ("sources", terrane_field_objects, sources), .parts = TERRANE_PART_IDENTITY,
    .section = &terrane_recipe_source_section, .max = MAX_SOURCES,
    .help = "Archives to unpack in order before the first step." },
  { FIELD ("patches", terrane_field_paths, patch_paths), .parts = TERRANE_PART_IDENTITY,
    .max = MAX_PATCHES,
    .help = "Patches, relative to this file, to apply in order with ‘patch -p1’." },
  { FIELD ("variables", terrane_field_objects, variables), .parts = TERRANE_PART_IDENTITY,
    .section = &terrane_recipe_variable_section, .max = MAX_VARIABLES,
    .help = "Choices of the profile; steps see the values in their environment." },
  { FIELD ("needs", terrane_field_objects, need_specs), .parts = TERRANE_PART_IDENTITY,
    .section = &terrane_recipe_need_section, .max = MAX_NEEDS,
    .help = "Recipes, relative to this file, whose results are at the prefix while steps run." },
  { FIELD ("steps", terrane_recipe_steps_type, steps), .parts = TERRANE_PART_IDENTITY,
    .max = MAX_STEPS,
    .help = "Programs with their arguments, or lines for ‘sh -eu’, to run in order." },
  { FIELD ("script", terrane_field_path, script_path), .parts = TERRANE_PART_IDENTITY,
    .help = "A script for ‘sh -eu’, relative to this file, instead of ‘steps’." },
  { FIELD ("environment", terrane_field_map, environment), .parts = TERRANE_PART_IDENTITY,
    .help =
        "Variables of steps, which are added to those that every recipe has, or replace them." },
  { FIELD ("include", terrane_field_texts, include), .parts = TERRANE_PART_IDENTITY,
    .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_pattern, .each = TRUE,
    .help = "Patterns of the only paths to keep, relative to the prefix; by default all." },
  { FIELD ("exclude", terrane_field_texts, exclude), .parts = TERRANE_PART_IDENTITY,
    .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_pattern, .each = TRUE,
    .help = "Patterns of paths to leave out, relative to the prefix." },
  { FIELD ("development", terrane_field_texts, development), .parts = TERRANE_PART_IDENTITY,
    .max = TERRANE_PROFILE_MAX_STRINGS, .fallback = DEVELOPMENT, .check = check_pattern,
    .each = TRUE,
    .help = "Patterns of paths that other recipes need but an image does not, relative to the "
            "prefix." },
  { FIELD ("timeout", terrane_field_timeout, timeout_ms), .parts = TERRANE_PART_NOTHING,
    .max = MAX_TIMEOUT_MS, .fallback = "\"1h\"", .help = "Time limit of all steps together." },
  { FIELD ("memory", terrane_field_size, memory_bytes), .parts = TERRANE_PART_NOTHING,
    .fallback = "\"8GB\"", .help = "Memory limit of the processes of a step." },
  { FIELD ("tmp", terrane_field_size, tmp_bytes), .parts = TERRANE_PART_NOTHING,
    .fallback = "\"1GB\"", .help = "Size of /tmp." },
  { FIELD ("disk", terrane_field_size, disk_bytes), .parts = TERRANE_PART_NOTHING,
    .fallback = "\"10GB\"",
    .help = "Size limit of sources, objects and results of the recipe together." },
  { .name = NULL },
};

static void
check_recipe (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  OciJson steps, script;
  const TerraneRecipe *self = data;
  (void) reader;
  terrane_recipe_check_lengths (at, self->environment, self->variables);
  terrane_recipe_variables_check (at, self->variables, self->need_specs, self->environment);
  if (oci_json_member (at, "steps", &steps) + oci_json_member (at, "script", &script) != 1)
    oci_json_problem (at, "needs exactly one of ‘steps’ and ‘script’");
}

const TerraneSection terrane_recipe_section = { .fields = fields,
                                                .size = sizeof (TerraneRecipe),
                                                .check = check_recipe };

static void
recipe_free (gpointer data)
{
  TerraneRecipe *self = data;
  terrane_section_clear (&terrane_recipe_section, self);
  g_clear_pointer (&self->patches, g_ptr_array_unref);
  g_clear_pointer (&self->needs, g_ptr_array_unref);
  g_clear_pointer (&self->values, json_decref);
  terrane_recipe_file_free (self->script);
  g_free (self->path);
  g_free (self);
}

void
terrane_recipe_set_free (TerraneRecipeSet *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->recipes);
  g_free (self);
}

const TerraneRecipe *
terrane_recipe_set_main (const TerraneRecipeSet *self)
{
  return self->recipes->pdata[self->recipes->len - 1];
}

gboolean
terrane_recipe_is_one (GBytes *data)
{
  gsize len = 0;
  const char *text = g_bytes_get_data (data, &len);
  g_autoptr (OciJsonValue) value = json_loadb (text, len, 0, NULL);
  static const char *const keys[] = { "steps",         "script",  "sources",
                                      "needs",         "patches", "license",
                                      "license_files", "version", "development" };
  for (size_t i = 0; i < G_N_ELEMENTS (keys); i++)
    if (json_object_get (value, keys[i]) != NULL)
      return json_object_get (value, "trees") == NULL && json_object_get (value, "base") == NULL;
  return FALSE;
}

/* A recipe that is being read, and the step that led to it. */
typedef struct _Step Step;
struct _Step
{
  const Step *parent; /* (nullable) */
  const char *path;
  const char *real_path;
  unsigned depth;
};

typedef struct
{
  TerraneRecipeSet *set;
  GHashTable *seen; /* of char * → TerraneRecipe: the real paths of those read so far */
  GHashTable *absolute;
  const json_t *chosen; /* (nullable): values of variables */
  gboolean all;         /* also those that are not needed with these values */
} Loader;

/* "a.json needs b.json needs a.json" */
static char *
describe_chain (const Step *step, const char *path)
{
  g_autoptr (GString) text = g_string_new (path);
  for (; step != NULL; step = step->parent)
    g_string_prepend (g_string_prepend (text, " needs "), step->path);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
load_files (TerraneRecipe *recipe, GError **error)
{
  OCI_PREFIX (error, "%s", recipe->path);
  for (guint i = 0; i < recipe->patch_paths->len; i++)
    {
      TerraneRecipeFile *patch =
          terrane_recipe_patch_load (recipe->patch_paths->pdata[i], i, error);
      if (patch == NULL)
        return FALSE;
      g_ptr_array_add (recipe->patches, patch);
    }
  if (recipe->script_path != NULL)
    recipe->script = terrane_recipe_file_load (recipe->script_path, "script", error);
  return recipe->script_path == NULL || recipe->script != NULL;
}

static gboolean
choose_values (TerraneRecipe *recipe, const json_t *chosen, GError **error)
{
  OCI_PREFIX (error, "%s", recipe->path);
  recipe->values = terrane_recipe_variables_choose (recipe->variables, chosen, error);
  return recipe->values != NULL;
}

static TerraneRecipe *
parse (Loader *self, const char *path, GBytes *data, GError **error)
{
  OciJson root;
  g_autoptr (TerraneProvenance) provenance = terrane_provenance_new ();
  g_autoptr (OciJsonDocument) document = oci_json_parse (path, data, OCI_ERROR_USAGE, &root, error);
  if (document == NULL)
    return NULL;
  g_ptr_array_add (provenance->files, g_strdup (path));
  const TerraneProfileReader reader = { .provenance = provenance, .absolute = self->absolute };
  TerraneRecipe *recipe = g_new0 (TerraneRecipe, 1);
  recipe->path = g_strdup (path);
  recipe->digest = oci_digest_of_bytes (data);
  recipe->patches = g_ptr_array_new_with_free_func (terrane_recipe_file_free);
  recipe->needs = g_ptr_array_new ();
  terrane_section_init (&terrane_recipe_section, recipe);
  (void) terrane_section_read (&terrane_recipe_section, &reader, &root, recipe); /* notes it */
  if (oci_json_document_finish (document, error) && load_files (recipe, error)
      && choose_values (recipe, self->chosen, error))
    return recipe;
  recipe_free (recipe);
  return NULL;
}

static gboolean
read_recipe (const char *path, const Step *parent, GBytes **out_data, GError **error)
{
  OCI_PREFIX (error, "%s", parent != NULL ? parent->path : "the recipe");
  return oci_read_file (AT_FDCWD, path, MAX_RECIPE_BYTES, out_data, error);
}

/* Returns: (transfer full): @path itself if there is none */
static char *
real_path_of (const char *path)
{
  char *resolved = realpath (path, NULL);
  char *copy = g_strdup (resolved != NULL ? resolved : path);
  free (resolved);
  return copy;
}

static gboolean
is_same_file (const char *a, const char *b)
{
  g_autofree char *one = real_path_of (a), *other = real_path_of (b);
  return g_str_equal (one, other);
}

/* Whether an earlier need is the same recipe for the same values. */
static gboolean
is_needed_twice (const TerraneRecipe *recipe, guint number)
{
  const TerraneRecipeNeed *spec = recipe->need_specs->pdata[number];
  for (guint i = 0; i < number; i++)
    {
      const TerraneRecipeNeed *other = recipe->need_specs->pdata[i];
      if (is_same_file (other->path, spec->path) && terrane_recipe_needs_overlap (other, spec))
        return TRUE;
    }
  return FALSE;
}

static TerraneRecipe *load (Loader *self, const char *path, const Step *parent, GError **error);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static gboolean
load_needs (Loader *self, TerraneRecipe *recipe, const Step *step, GError **error)
{
  for (guint i = 0; i < recipe->need_specs->len; i++)
    {
      const TerraneRecipeNeed *spec = recipe->need_specs->pdata[i];
      if (!self->all && !terrane_recipe_need_holds (spec, recipe->values))
        continue;
      TerraneRecipe *need = load (self, spec->path, step, error);
      if (need == NULL)
        return FALSE;
      if (is_needed_twice (recipe, i))
        return oci_throw (error, OCI_ERROR_USAGE, "%s: needs[%u]: %s is there twice", recipe->path,
                          i, need->path);
      if (!g_ptr_array_find (recipe->needs, need, NULL))
        g_ptr_array_add (recipe->needs, need);
    }
  return TRUE;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as MAX_DEPTH */
static TerraneRecipe *
load (Loader *self, const char *path, const Step *parent, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autofree char *real_path = real_path_of (path);
  const Step step = { parent, path, real_path, parent != NULL ? parent->depth + 1 : 0 };
  for (const Step *other = parent; other != NULL; other = other->parent)
    if (g_str_equal (other->real_path, real_path))
      {
        g_autofree char *chain = describe_chain (parent, path);
        (void) oci_throw (error, OCI_ERROR_USAGE, "recipes need each other in a circle: %s", chain);
        return NULL;
      }
  if (step.depth > MAX_DEPTH)
    {
      (void) oci_throw (error, OCI_ERROR_USAGE,
                        "%s: a chain of needs leads to it that is longer than %d recipes", path,
                        MAX_DEPTH);
      return NULL;
    }
  TerraneRecipe *known = g_hash_table_lookup (self->seen, real_path);
  if (known != NULL)
    return known;
  if (!read_recipe (path, parent, &data, error))
    return NULL;
  TerraneRecipe *recipe = parse (self, path, data, error);
  if (recipe == NULL)
    return NULL;
  if (!load_needs (self, recipe, &step, error))
    {
      recipe_free (recipe);
      return NULL;
    }
  g_ptr_array_add (self->set->recipes, recipe);
  g_hash_table_insert (self->seen, g_steal_pointer (&real_path), recipe);
  return recipe;
}

/* Names are used in file names and messages. */
static gboolean
check_names (const TerraneRecipeSet *self, GError **error)
{
  for (guint i = 0; i < self->recipes->len; i++)
    for (guint j = 0; j < i; j++)
      {
        const TerraneRecipe *a = self->recipes->pdata[j], *b = self->recipes->pdata[i];
        if (g_str_equal (a->name, b->name))
          return oci_throw (error, OCI_ERROR_USAGE, "%s: name: %s has the name ‘%s’ too", b->path,
                            a->path, a->name);
      }
  return TRUE;
}

/* "; their variables: GDAL_FLAVOUR (small, normal or full)" Returns: (transfer full) */
static char *
list_variables (const TerraneRecipeSet *self)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < self->recipes->len; i++)
    {
      const GPtrArray *variables = ((const TerraneRecipe *) self->recipes->pdata[i])->variables;
      for (guint j = 0; j < variables->len; j++)
        {
          g_autofree char *one = terrane_recipe_variable_describe (variables->pdata[j]);
          g_string_append_printf (text, "%s%s", text->len == 0 ? "; their variables: " : ", ", one);
        }
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
has_variable (const TerraneRecipeSet *self, const char *name)
{
  for (guint i = 0; i < self->recipes->len; i++)
    if (json_object_get (((const TerraneRecipe *) self->recipes->pdata[i])->values, name) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
check_chosen (const TerraneRecipeSet *self, const json_t *chosen, GError **error)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *) chosen, name, value)
  {
    if (has_variable (self, name))
      continue;
    g_autofree char *quoted = oci_quote (name);
    g_autofree char *all = list_variables (self);
    return oci_throw (error, OCI_ERROR_USAGE,
                      "variables: neither %s nor a recipe that it needs has the variable %s%s",
                      terrane_recipe_set_main (self)->path, quoted, all);
  }
  return TRUE;
}

static TerraneRecipeSet *
load_set (const char *path, const json_t *chosen, gboolean all, GHashTable *absolute,
          GError **error)
{
  g_autoptr (TerraneRecipeSet) set = g_new0 (TerraneRecipeSet, 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  set->recipes = g_ptr_array_new_with_free_func (recipe_free);
  Loader self = { .set = set,
                  .seen = seen,
                  .absolute = absolute != NULL ? absolute : own,
                  .chosen = chosen,
                  .all = all };
  if (load (&self, path, NULL, error) == NULL || !check_names (set, error)
      || !check_chosen (set, chosen, error))
    return NULL;
  return g_steal_pointer (&set);
}

/* These are mounts of the sandbox, which hide what is below. */
static gboolean
check_place (const char *prefix, GError **error)
{
  static const char *const mounts[] = { "tmp", "proc", "dev" };
  for (size_t i = 0; i < G_N_ELEMENTS (mounts); i++)
    if (strcmp (prefix, mounts[i]) == 0 || oci_path_is_below (prefix, mounts[i]))
      {
        g_autofree char *where = g_strconcat ("/", prefix, NULL);
        g_autofree char *quoted = oci_quote (where);
        return oci_throw (error, OCI_ERROR_USAGE,
                          "the tree's prefix %s is below /%s, where steps would not see what the "
                          "recipe needs; choose another prefix",
                          quoted, mounts[i]);
      }
  return TRUE;
}

/* Steps get the prefix in lists of words: CPPFLAGS, LDFLAGS, PKG_CONFIG_PATH. */
static gboolean
check_prefix (const TerraneRecipeSet *self, const char *prefix, GError **error)
{
  const char *wrong = strpbrk (prefix, " \t\n\"'`\\$&|;<>(){}[]*?#:,");
  if (self->recipes->len == 1)
    return TRUE;
  if (wrong == NULL)
    return check_place (prefix, error);
  const char one[] = { wrong[0], '\0' };
  g_autofree char *where = g_strconcat ("/", prefix, NULL);
  g_autofree char *quoted = oci_quote (where), *character = oci_quote (one);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "the tree's prefix %s has the character %s, with which compilers and "
                    "pkg-config do not find what the recipe needs; choose another prefix",
                    quoted, character);
}

TerraneRecipeSet *
terrane_recipe_set_load (const char *path, const char *prefix, const json_t *variables,
                         GHashTable *absolute, GError **error)
{
  g_autoptr (TerraneRecipeSet) set = load_set (path, variables, FALSE, absolute, error);
  return set != NULL && check_prefix (set, prefix, error) ? g_steal_pointer (&set) : NULL;
}

TerraneRecipeSet *
terrane_recipe_set_load_all (const char *path, GError **error)
{
  return load_set (path, NULL, TRUE, NULL, error);
}
