#include "builder/profile/source-reader.h"

#include "builder/profile/field-types.h"

#include "oci/base/path.h"

#include <string.h>

static const char *const special_words[] = { "error", "skip", NULL };
static const char *const link_words[] = { "inside", "any", NULL };

static void
rename_free (gpointer data)
{
  TerraneRename *rename = data;
  g_free (rename->from);
  g_free (rename->to);
  g_free (rename);
}

static void
check_pattern (const OciJson *at, const char *pattern, const char *example)
{
  if (pattern[0] == '/' || pattern[0] == '\0')
    oci_json_problem (at, "patterns are relative to the source, such as ‘%s’", example);
}

static void
check_include (const OciJson *at, char **pattern)
{
  check_pattern (at, *pattern, "lib/**");
}

static void
check_exclude (const OciJson *at, char **pattern)
{
  check_pattern (at, *pattern, "**/__pycache__");
}

static void
check_prefix (const OciJson *at, char **prefix)
{
  char *normalised = NULL;
  g_autoptr (GError) local = NULL;
  if ((*prefix)[0] != '/')
    oci_json_problem (at, "must be an absolute path such as ‘/opt’");
  else if (!oci_path_normalise (*prefix + strspn (*prefix, "/"), &normalised, &local))
    oci_json_problem (at, "%s", local->message);
  else
    {
      g_free (*prefix);
      *prefix = normalised;
    }
}

static void
read_renames (G_GNUC_UNUSED const TerraneField *field,
              G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  GPtrArray **renames = value;
  const char *from;
  json_t *json;
  if (!oci_json_object (at, NULL))
    return;
  *renames = g_ptr_array_new_with_free_func (rename_free);
  json_object_foreach ((json_t *) at->value, from, json)
  {
    OciJson member;
    const char *to;
    g_autoptr (GError) local = NULL;
    (void) json;
    if (!oci_json_member (at, from, &member) || !oci_json_string (&member, &to))
      continue;
    TerraneRename *rename = g_new0 (TerraneRename, 1);
    g_ptr_array_add (*renames, rename);
    if (!oci_path_normalise (from, &rename->from, &local)
        || !oci_path_normalise (to, &rename->to, &local))
      oci_json_problem (&member, "%s", local->message);
    else if (rename->from[0] == '\0' || rename->to[0] == '\0')
      oci_json_problem (&member, "the source itself cannot be renamed; see ‘prefix’");
  }
}

static void
clear_renames (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((GPtrArray **) value, g_ptr_array_unref);
}

/* In the order in which they are tried. */
static json_t *
dump_renames (G_GNUC_UNUSED const TerraneField *field, gconstpointer value)
{
  const GPtrArray *renames = *(GPtrArray *const *) value;
  json_t *array = renames != NULL ? json_array () : NULL;
  for (guint i = 0; renames != NULL && i < renames->len; i++)
    {
      const TerraneRename *rename = renames->pdata[i];
      oci_json_append (array, oci_json_text (rename->from));
      oci_json_append (array, oci_json_text (rename->to));
    }
  return array;
}

static const TerraneFieldType renames_type = { .name = "renames",
                                               .json = "object",
                                               .read = read_renames,
                                               .clear = clear_renames,
                                               .dump = dump_renames };

#define FIELD(member_name, of_type, member)                                                        \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneSourceSpec, member)

const TerraneField terrane_source_content_fields[] = {
  { FIELD ("include", terrane_field_texts, include), .parts = TERRANE_PART_TREE,
    .scopes = TERRANE_IN_TREE, .max = TERRANE_PROFILE_MAX_STRINGS, .check = check_include,
    .help = "Patterns of the only paths to take, relative to the source, by default all; ‘exclude’ "
            "takes precedence." },
  { FIELD ("exclude", terrane_field_texts, exclude), .parts = TERRANE_PART_TREE,
    .max = TERRANE_PROFILE_MAX_STRINGS, .always = TRUE, .check = check_exclude,
    .help = "Patterns of paths to leave out, relative to the source: ‘*’ and ‘?’ match within a "
            "component, ‘**’ matches any number of components. Everything below a match is left "
            "out too." },
  { FIELD ("rename", renames_type, renames), .parts = TERRANE_PART_TREE, .scopes = TERRANE_IN_TREE,
    .help = "Paths of the source, and the paths that they become." },
  { FIELD ("strip_components", terrane_field_int, strip_components), .parts = TERRANE_PART_TREE,
    .max = 100, .fallback = "0", .key = "strip", .always = TRUE,
    .help = "Number of leading components to drop from each path, as in tar --strip-components." },
  { FIELD ("special", terrane_field_switch, skip_special), .parts = TERRANE_PART_TREE,
    .words = special_words, .fallback = "\"error\"", .always = TRUE,
    .help = "Whether devices, fifos and sockets, which layers cannot contain, are an error, or are "
            "skipped with a warning." },
  { FIELD ("symlinks", terrane_field_switch, allow_outside_links), .parts = TERRANE_PART_TREE,
    .scopes = TERRANE_IN_TREE, .words = link_words, .fallback = "\"inside\"", .always = TRUE,
    .help = "Whether symbolic links may lead out of the prefix." },
  { .name = NULL },
};

const TerraneField terrane_source_tree_fields[] = {
  { FIELD ("name", terrane_field_name, name), .parts = TERRANE_PART_IMAGE,
    .scopes = TERRANE_IN_TREE, .required = TRUE,
    .help = "Name of the tree in messages and in the history of its layer; unique in the profile, "
            "and spelled like the image's name." },
  { FIELD ("prefix", terrane_field_text, prefix), .parts = TERRANE_PART_TREE,
    .scopes = TERRANE_IN_TREE, .required = TRUE, .check = check_prefix,
    .help = "Directory of the image that the tree is put into: an absolute path without ‘..’." },
  { FIELD ("overwrite", terrane_field_flag, overwrite), .parts = TERRANE_PART_IMAGE,
    .scopes = TERRANE_IN_TREE, .fallback = "false",
    .help = "Whether the tree may replace files of trees below it." },
  { .name = "transforms",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_TREE_OWN,
    .scopes = TERRANE_IN_TREE,
    .help = "Transforms of this tree; they replace the profile's ‘transforms’ key by key." },
  { .name = "remove", /* a tree with it is removed when profiles are merged */
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_NOTHING,
    .scopes = TERRANE_IN_TREE,
    .help = "Removes the inherited tree of this name; only ‘name’ may be beside it." },
  { .name = NULL },
};

void
terrane_source_spec_free (TerraneSourceSpec *self)
{
  if (self == NULL)
    return;
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    terrane_fields_clear ((*kind)->fields, self);
  terrane_fields_clear (terrane_source_content_fields, self);
  terrane_fields_clear (terrane_source_tree_fields, self);
  terrane_transform_spec_free (self->transforms);
  terrane_source_spec_free (self->own_compile_in);
  g_free (self->where);
  g_free (self);
}

static gboolean
exists_in (unsigned scopes, unsigned scope)
{
  return scopes == 0 || (scopes & scope) != 0;
}

/* "‘image’, ‘archive’ and ‘directory’": the kinds that are allowed.
 *
 * Returns: (transfer full) */
static char *
list_kinds (unsigned scope)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    if (exists_in ((*kind)->fields->scopes, scope))
      g_ptr_array_add (names, (gpointer) terrane_source_kind_name (*kind));
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (text, "%s‘%s’",
                            i == 0                ? ""
                            : i + 1 == names->len ? " and "
                                                  : ", ",
                            (const char *) names->pdata[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const TerraneSourceKindInfo *
find_kind (const OciJson *at, unsigned scope)
{
  const TerraneSourceKindInfo *found = NULL;
  unsigned n = 0;
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    {
      OciJson member;
      if (!exists_in ((*kind)->fields->scopes, scope)
          || !oci_json_member (at, terrane_source_kind_name (*kind), &member))
        continue;
      found = *kind;
      n++;
    }
  g_autofree char *all = list_kinds (scope);
  if (n != 1)
    oci_json_problem (at, "needs exactly one of %s", all);
  return n == 1 ? found : NULL;
}

/* Refuses keys that go with another kind only, or not with this one. */
static void
refuse_keys (const OciJson *at, unsigned scope, const TerraneSourceKindInfo *kind)
{
  OciJson member;
  for (const TerraneSourceKindInfo *const *other = terrane_source_kinds; *other != NULL; other++)
    for (const TerraneField *field = (*other)->fields + 1; *other != kind && field->name != NULL;
         field++)
      if (exists_in (field->scopes, scope) && oci_json_member (at, field->name, &member))
        oci_json_problem (&member, "is only allowed with ‘%s’", terrane_source_kind_name (*other));
  for (const TerraneSourceRefusal *refusal = kind->refusals;
       refusal != NULL && refusal->name != NULL; refusal++)
    if (exists_in (refusal->scopes, scope) && oci_json_member (at, refusal->name, &member))
      oci_json_problem (&member, "%s", refusal->reason);
}

static gboolean
check_keys (const OciJson *at, unsigned scope)
{
  g_autoptr (GPtrArray) tables = g_ptr_array_new ();
  for (const TerraneSourceKindInfo *const *kind = terrane_source_kinds; *kind != NULL; kind++)
    g_ptr_array_add (tables, (gpointer) (*kind)->fields);
  g_ptr_array_add (tables, (gpointer) terrane_source_content_fields);
  g_ptr_array_add (tables, (gpointer) terrane_source_tree_fields);
  g_ptr_array_add (tables, NULL);
  return terrane_fields_know ((const TerraneField *const *) tables->pdata, scope, at);
}

/* A source within a source: the image that a recipe is compiled in. */
/* NOLINTNEXTLINE(misc-no-recursion): a base has no such key */
static void
read_compile_in (const TerraneProfileReader *reader, const OciJson *at, TerraneSourceSpec *spec)
{
  OciJson compile, in;
  if (!oci_json_member (at, "compile", &compile) || !json_is_object (compile.value))
    return;
  if (!oci_json_member (&compile, "in", &in))
    {
      spec->compile_in = reader->compile_in;
      if (!reader->has_compile_in)
        oci_json_problem (&compile, "‘in’ is missing, and the profile has no ‘compile’ with it");
      return;
    }
  spec->own_compile_in = terrane_source_spec_read (reader, &in, TRUE);
  spec->compile_in = spec->own_compile_in;
  if (spec->compile_in == NULL)
    return;
  spec->own_compile_in->by_content = TRUE;
  g_free (spec->own_compile_in->name);
  spec->own_compile_in->name = g_strconcat (spec->name != NULL ? spec->name : "", ".in", NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion): see read_compile_in() */
TerraneSourceSpec *
terrane_source_spec_read (const TerraneProfileReader *reader, const OciJson *at, gboolean is_base)
{
  unsigned scope = is_base ? TERRANE_IN_BASE : TERRANE_IN_TREE;
  if (!check_keys (at, scope))
    return NULL;
  TerraneSourceSpec *spec = g_new0 (TerraneSourceSpec, 1);
  spec->where = terrane_provenance_where (reader->provenance, at);
  if (is_base)
    {
      spec->name = g_strdup ("base");
      spec->prefix = g_strdup ("");
    }
  terrane_fields_init (terrane_source_tree_fields, spec);
  terrane_fields_init (terrane_source_content_fields, spec);
  terrane_fields_read (terrane_source_tree_fields, scope, reader, at, spec);
  const TerraneSourceKindInfo *kind = find_kind (at, scope);
  if (kind != NULL)
    {
      spec->kind = kind->kind;
      refuse_keys (at, scope, kind);
      terrane_fields_init (kind->fields, spec);
      terrane_fields_read (kind->fields, scope, reader, at, spec);
      if (kind->kind == TERRANE_SOURCE_COMPILE)
        read_compile_in (reader, at, spec);
      if (kind->check != NULL)
        kind->check (at, scope, spec);
    }
  terrane_fields_read (terrane_source_content_fields, scope, reader, at, spec);
  return spec;
}

void
terrane_source_spec_add_to_key (const TerraneSourceSpec *self, json_t *key)
{
  terrane_fields_add_to_key (terrane_source_content_fields, self, TERRANE_PART_TREE, key);
  terrane_fields_add_to_key (terrane_source_tree_fields, self, TERRANE_PART_TREE, key);
  terrane_fields_add_to_key (terrane_compile_section.fields, self, TERRANE_PART_TREE, key);
}
