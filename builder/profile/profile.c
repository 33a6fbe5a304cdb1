#include "builder/profile/profile.h"

#include "builder/profile/field-types.h"
#include "builder/profile/source-reader.h"

#include "oci/reference.h"

#include "oci/base/suggest.h"

#include <string.h>

enum
{
  MAX_TREES =
      100, /* plus the base's layers; images of more than 127 layers do not run everywhere */
  MAX_TAGS = 20,
  LOCK_SHORT = 12, /* digits of ${lock.short} */
};

/* Any value that ${lock.short} may have: with it a reference is valid if and only if it is with any
 * other. */
#define SOME_LOCK "000000000000"

static const char *const platform_words[] = { "linux/amd64", "linux/arm64", NULL };
static const char *const target_words[] = { "aws-lambda", "oci", "cloud-run", "azure-functions",
                                            NULL };

const char *const *
terrane_target_words (void)
{
  return target_words;
}

gboolean
terrane_target_parse (const char *text, TerraneTarget *out_target)
{
  for (unsigned i = 0; target_words[i] != NULL; i++)
    if (strcmp (target_words[i], text) == 0)
      {
        *out_target = (TerraneTarget) i;
        return TRUE;
      }
  return FALSE;
}

/* A {"name": …, "remove": true} that is left after merging had no effect. */
static void
refuse_removal (const OciJson *tree, const OciJson *remove)
{
  static const char *const known[] = { "name", "remove", NULL };
  OciJson name;
  const char *text;
  if (!oci_json_object (tree, known) || !oci_json_require (tree, "name", &name)
      || !oci_json_string (&name, &text))
    return;
  g_autofree char *quoted = oci_quote (text);
  if (!json_is_true (remove->value))
    oci_json_problem (remove, "expected true");
  else if (json_object_size (tree->value) == 2)
    oci_json_problem (remove, "nothing that the profile extends has a tree %s", quoted);
}

static void
read_trees (TerraneProfile *profile, const TerraneProfileReader *reader, const OciJson *root)
{
  OciJson member;
  size_t length = 0;
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  if (!oci_json_member (root, "trees", &member) || !oci_json_array (&member, MAX_TREES, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element, remove, transforms;
      oci_json_element (&member, i, &element);
      if (oci_json_member (&element, "remove", &remove))
        {
          refuse_removal (&element, &remove);
          continue;
        }
      TerraneSourceSpec *spec = terrane_source_spec_read (reader, &element, FALSE);
      if (spec == NULL)
        continue;
      g_ptr_array_add (profile->trees, spec);
      gboolean own = oci_json_member (&element, "transforms", &transforms);
      spec->transforms =
          terrane_transform_spec_read (own ? &transforms : NULL, profile->transforms);
      if (g_strcmp0 (spec->name, "base") == 0)
        oci_json_problem (&element, "‘base’ is what the base is called");
      if (spec->name != NULL && !g_hash_table_add (names, spec->name))
        oci_json_problem (&element, "another tree is called ‘%s’ too", spec->name);
    }
}

static void
check_working_dir (const OciJson *at, char **path)
{
  if ((*path)[0] != '/')
    oci_json_problem (at, "must be an absolute path");
}

/* All of it is in the image's configuration, which is part of the image's key. */
#define CONFIG(member_name, of_type, member)                                                       \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneConfigSpec, member),       \
  .parts = TERRANE_PART_IMAGE

static const TerraneField config_fields[] = {
  { CONFIG ("entrypoint", terrane_field_texts, entrypoint), .max = TERRANE_PROFILE_MAX_STRINGS,
    .help = "Program and first arguments, replacing the base's; an inherited command is dropped, "
            "as in a Dockerfile." },
  { CONFIG ("cmd", terrane_field_texts, cmd), .max = TERRANE_PROFILE_MAX_STRINGS,
    .help = "Arguments after the entrypoint; for Lambda the handler, such as "
            "[\"handler.handler\"]." },
  { CONFIG ("env", terrane_field_map, env),
    .help = "Environment variables. Each replaces the base's variable in its place, or is added at "
            "the end." },
  { CONFIG ("labels", terrane_field_map, labels),
    .help = "Labels of the image, added to the base's." },
  { CONFIG ("working_dir", terrane_field_text, working_dir), .check = check_working_dir,
    .help = "Working directory, an absolute path." },
  { CONFIG ("user", terrane_field_text, user), .help = "User, as NAME or UID[:GID]." },
  { .name = NULL },
};

const TerraneSection terrane_config_section = { .fields = config_fields,
                                                .size = sizeof (TerraneConfigSpec) };

static gboolean
read_platform_list (const OciJson *at, char ***out_platforms)
{
  size_t length = 0;
  unsigned word;
  g_autoptr (GPtrArray) platforms = g_ptr_array_new_with_free_func (g_free);
  if (!oci_json_array (at, G_N_ELEMENTS (platform_words) - 1, &length))
    return FALSE;
  if (length == 0)
    oci_json_problem (at, "is empty");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      if (!oci_json_word (&element, platform_words, &word))
        return FALSE;
      if (g_ptr_array_find_with_equal_func (platforms, platform_words[word], g_str_equal, NULL))
        oci_json_problem (&element, "is in the list twice");
      g_ptr_array_add (platforms, g_strdup (platform_words[word]));
    }
  g_ptr_array_add (platforms, NULL);
  *out_platforms = (char **) g_ptr_array_steal (platforms, NULL);
  return length > 0;
}

static void
read_platform (const OciJson *root, const char *override, TerraneProfile *profile)
{
  OciJson member;
  unsigned word;
  if (!oci_json_member (root, "platform", &member))
    return;
  gboolean is_list = json_is_array (member.value);
  if (is_list && !read_platform_list (&member, &profile->platforms))
    return;
  if (!is_list)
    {
      if (!oci_json_word (&member, platform_words, &word))
        return;
      const char *const single[] = { platform_words[word], NULL };
      profile->platforms = g_strdupv ((char **) single);
    }
  profile->only_platforms = is_list;
  const char *platform = override != NULL ? override : profile->platforms[0];
  if (is_list && !g_strv_contains ((const char *const *) profile->platforms, platform))
    {
      g_autofree char *all = g_strjoinv (", ", profile->platforms);
      oci_json_problem (&member, "%s was asked for, the profile is for %s", platform, all);
    }
  (void) oci_platform_parse (platform, &profile->platform, NULL); /* one of platform_words */
}

static void
check_repository (const OciJson *at, char **text)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *some = terrane_profile_expand_lock (*text, SOME_LOCK);
  g_autoptr (OciReference) reference = oci_reference_parse (some, &local);
  if (reference == NULL)
    oci_json_problem (at, "%s", local->message);
  else if (reference->tag != NULL || reference->has_digest)
    oci_json_problem (at, "expected HOST/REPOSITORY; tags belong in ‘tags’");
  else if (g_str_has_prefix (*text, OCI_REFERENCE_SCHEME))
    {
      char *bare = g_strdup (*text + strlen (OCI_REFERENCE_SCHEME));
      g_free (*text);
      *text = bare;
    }
}

static void
check_tag (const OciJson *at, char **tag)
{
  g_autofree char *some = terrane_profile_expand_lock (*tag, SOME_LOCK);
  g_autofree char *text = g_strconcat ("localhost/any:", some, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (text, NULL);
  if (reference != NULL && g_strcmp0 (reference->tag, some) == 0)
    return;
  g_autofree char *quoted = oci_quote (*tag);
  oci_json_problem (at,
                    "invalid tag %s: use at most %d letters, digits, ‘_’, and ‘.’ and ‘-’ inside",
                    quoted, OCI_TAG_MAX_BYTES);
}

static void
check_push (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerranePushSpec *self = data;
  OciJson tags, element;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  (void) reader;
  (void) oci_json_member (at, "tags", &tags); /* it is required */
  for (guint i = 0; self->tags != NULL && self->tags[i] != NULL; i++)
    {
      oci_json_element (&tags, i, &element);
      if (!g_hash_table_add (seen, self->tags[i]))
        oci_json_problem (&element, "is in the list twice");
    }
}

/* The image is the same wherever it is pushed. */
static const TerraneField push_fields[] = {
  { .name = "repository",
    .type = &terrane_field_text,
    .offset = offsetof (TerranePushSpec, repository),
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .check = check_repository,
    .help = "HOST/REPOSITORY without a tag, with or without ‘docker://’ in front." },
  { .name = "tags",
    .type = &terrane_field_texts,
    .offset = offsetof (TerranePushSpec, tags),
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .min = 1,
    .max = MAX_TAGS,
    .check = check_tag,
    .each = TRUE,
    .help = "The tags that the image gets there." },
  { .name = NULL },
};

const TerraneSection terrane_push_section = { .fields = push_fields,
                                              .size = sizeof (TerranePushSpec),
                                              .check = check_push };

/* A limit of a tree that does not exist would never be exceeded. */
static void
check_limited_trees (const TerraneProfile *profile, const OciJson *root)
{
  OciJson limits, trees;
  if (!oci_json_member (root, "limits", &limits) || !oci_json_member (&limits, "trees", &trees))
    return;
  for (guint i = 0; i < profile->limits.trees->len; i++)
    {
      const TerraneSizeLimit *limit = profile->limits.trees->pdata[i];
      gboolean found = strcmp (limit->name, "base") == 0;
      for (guint j = 0; !found && j < profile->trees->len; j++)
        found =
            g_strcmp0 (((TerraneSourceSpec *) profile->trees->pdata[j])->name, limit->name) == 0;
      g_autofree char *quoted = oci_quote (limit->name);
      if (!found)
        oci_json_problem (&trees, "there is no tree %s", quoted);
    }
}

static void
init_checks (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  *(GPtrArray **) value = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_check_spec_free);
}

static void
read_checks (G_GNUC_UNUSED const TerraneField *field,
             G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  terrane_check_specs_read (at, *(GPtrArray **) value);
}

static void
clear_checks (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((GPtrArray **) value, g_ptr_array_unref);
}

static const TerraneFieldType checks_type = { .name = "checks",
                                              .json = "object",
                                              .init = init_checks,
                                              .read = read_checks,
                                              .clear = clear_checks };

static void
read_schema (G_GNUC_UNUSED const TerraneField *field,
             G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at,
             G_GNUC_UNUSED gpointer value)
{
  const char *text;
  (void) oci_json_string (at, &text); /* notes what is wrong */
}

/* A text for editors only. */
static const TerraneFieldType schema_type = { .name = "schema",
                                              .json = "string",
                                              .read = read_schema };

#define OFFSET(member) offsetof (TerraneProfile, member)

static const TerraneField compile_fields[] = {
  { .name = "in",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_SOURCE,
    .help = "The file system with the compiler: a source, as in ‘base’." },
  { .name = NULL },
};

const TerraneSection terrane_profile_compile_section = { .fields = compile_fields,
                                                         .size = sizeof (TerraneProfile) };

/* The fields of a section say to which keys they belong. */
static const TerraneField fields[] = {
  { .name = "$schema",
    .type = &schema_type,
    .parts = TERRANE_PART_NOTHING,
    .help = "The address of this schema, for editors; terrane ignores it." },
  { .name = "extends",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_NOTHING,
    .help = "Files to start from, relative to this one: later ones override earlier ones, and this "
            "file overrides all of them. Any key may then be missing here. A file that exists only "
            "to be extended says []." },
  { .name = "name",
    .type = &terrane_field_name,
    .offset = OFFSET (name),
    .parts = TERRANE_PART_NOTHING, /* an image has no name; but see terrane_validate_key() */
    .required = TRUE,
    .help = "The image is called NAME:latest in the store. Lower-case letters and digits, with "
            "‘.’, ‘_’ and ‘-’ between them." },
  { .name = "platform",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_IMAGE,
    .required = TRUE,
    .help =
        "The platform that the image runs on, or several of them; the first one is the default." },
  { .name = "target",
    .type = &terrane_field_word,
    .offset = OFFSET (target),
    .parts = TERRANE_PART_IMAGE | TERRANE_PART_RESULT,
    .words = target_words,
    .fallback = "\"aws-lambda\"",
    .help = "The service whose rules the image must obey, or else the build fails; ‘oci’ has no "
            "rules." },
  { .name = "base",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_SOURCE,
    .required = TRUE,
    .help = "The file system or image that everything else is put on." },
  { .name = "trees",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_SOURCE,
    .help = "The trees on the base, bottom first. Each becomes a layer, so put those that rarely "
            "change first." },
  { .name = "transforms",
    .type = &terrane_field_elsewhere,
    .parts = TERRANE_PART_SOURCE,
    .help = "Transforms of the files of every tree; a tree's own ‘transforms’ replace them key by "
            "key." },
  { .name = "compile",
    .type = &terrane_field_object,
    .parts = TERRANE_PART_SOURCE,
    .section = &terrane_profile_compile_section,
    .help = "Settings of all compiled trees; a tree's own keys take precedence." },
  { .name = "config",
    .type = &terrane_field_object,
    .offset = OFFSET (config),
    .parts = TERRANE_PART_IMAGE,
    .section = &terrane_config_section,
    .help = "The image's configuration, on top of the base's." },
  { .name = "annotations",
    .type = &terrane_field_map,
    .offset = OFFSET (annotations),
    .parts = TERRANE_PART_IMAGE,
    .help = "Annotations of the manifest; they override those that terrane sets." },
  { .name = "checks",
    .type = &checks_type,
    .offset = OFFSET (checks),
    .parts = TERRANE_PART_NOTHING,
    .help = "Levels of findings of static checks, by their id or family, such as ‘elf.*’; see "
            "docs/checks.md. Turning one off requires a reason." },
  { .name = "validate",
    .type = &terrane_field_object,
    .offset = OFFSET (validate),
    .parts = TERRANE_PART_RESULT,
    .section = &terrane_validate_section,
    .help = "Code of the image that the build runs in a sandbox; the image gets its name only when "
            "all of it passes." },
  { .name = "limits",
    .type = &terrane_field_object,
    .offset = OFFSET (limits),
    .parts = TERRANE_PART_IMAGE | TERRANE_PART_RESULT,
    .section = &terrane_limits_section,
    .help = "Limits that the image must not exceed." },
  { .name = "geo",
    .type = &terrane_field_object,
    .offset = OFFSET (geo),
    .parts = TERRANE_PART_IMAGE,
    .section = &terrane_geo_section,
    .help = "Data of GDAL and PROJ that the image must contain." },
  { .name = "layers",
    .type = &terrane_field_object,
    .offset = OFFSET (layers),
    .parts = TERRANE_PART_IMAGE,
    .section = &terrane_layers_section,
    .help = "How trees are divided into layers." },
  { .name = "drift",
    .type = &terrane_field_object,
    .offset = OFFSET (drift),
    .parts = TERRANE_PART_NOTHING,
    .section = &terrane_drift_section,
    .help = "Findings that ‘terrane drift’ leaves out." },
  { .name = "push",
    .type = &terrane_field_object,
    .offset = OFFSET (push),
    .parts = TERRANE_PART_NOTHING,
    .section = &terrane_push_section,
    .help = "The repository and the tags that ‘--push’ uses." },
  { .name = "deploy",
    .type = &terrane_field_object,
    .offset = OFFSET (deploy),
    .parts = TERRANE_PART_NOTHING,
    .section = &terrane_deploy_section,
    .help = "Functions of AWS Lambda that ‘terrane deploy’ updates, and how." },
  { .name = NULL },
};

const TerraneSection terrane_profile_section = { .fields = fields,
                                                 .size = sizeof (TerraneProfile) };

void
terrane_profile_free (TerraneProfile *self)
{
  if (self == NULL)
    return;
  terrane_section_clear (&terrane_profile_section, self);
  g_free (self->path);
  g_free (self->directory);
  g_hash_table_unref (self->absolute);
  terrane_profile_document_free (self->document);
  g_strfreev (self->platforms);
  terrane_source_spec_free (self->base);
  g_ptr_array_unref (self->trees);
  terrane_source_spec_free (self->compile_in);
  terrane_transform_spec_free (self->transforms);
  g_free (self);
}

static void
read_compile (TerraneProfile *profile, TerraneProfileReader *reader, const OciJson *root)
{
  OciJson compile, in;
  reader->has_compile_in =
      oci_json_member (root, "compile", &compile)
      && (!json_is_object (compile.value) || oci_json_member (&compile, "in", &in));
  if (!reader->has_compile_in || !json_is_object (compile.value))
    return;
  profile->compile_in = terrane_source_spec_read (reader, &in, TRUE);
  reader->compile_in = profile->compile_in;
  if (profile->compile_in == NULL)
    return;
  profile->compile_in->by_content = TRUE;
  g_free (profile->compile_in->name);
  profile->compile_in->name = g_strdup ("compile.in");
}

static void
read_root (TerraneProfile *profile, const OciJson *root, const char *platform)
{
  TerraneProfileReader reader = { .provenance = profile->document->provenance,
                                  .absolute = profile->absolute };
  OciJson member;
  if (!terrane_section_read (&terrane_profile_section, &reader, root, profile))
    return;
  read_platform (root, platform, profile);
  if (oci_json_member (root, "base", &member))
    profile->base = terrane_source_spec_read (&reader, &member, TRUE);
  gboolean has_transforms = oci_json_member (root, "transforms", &member);
  profile->transforms = terrane_transform_spec_read (has_transforms ? &member : NULL, NULL);
  read_compile (profile, &reader, root);
  read_trees (profile, &reader, root);
  check_limited_trees (profile, root);
}

static gboolean
check_platform (const char *platform, GError **error)
{
  if (platform == NULL || g_strv_contains (platform_words, platform))
    return TRUE;
  g_autofree char *quoted = oci_quote (platform);
  g_autofree char *all = g_strjoinv (", ", (char **) platform_words);
  g_autofree char *hint = oci_did_you_mean (platform, platform_words);
  return oci_throw (error, OCI_ERROR_USAGE, "the platform %s is not one of %s%s", quoted, all,
                    hint);
}

TerraneProfile *
terrane_profile_parse (const char *path, GBytes *data, const TerraneProfileOptions *options,
                       GError **error)
{
  const char *platform = options != NULL ? options->platform : NULL;
  if (!check_platform (platform, error))
    return NULL;
  g_autoptr (TerraneProfile) self = g_new0 (TerraneProfile, 1);
  self->path = g_strdup (path);
  self->directory = g_path_get_dirname (path);
  self->absolute = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_source_spec_free);
  terrane_section_init (&terrane_profile_section, self);
  g_autoptr (TerraneExpander) expander =
      terrane_expander_new (options != NULL ? &options->variables : NULL, self->directory);
  self->document = terrane_profile_document_read (path, data, expander, error);
  if (self->document == NULL)
    return NULL;
  terrane_expander_expand_all (expander, &self->document->root, platform);
  read_root (self, &self->document->root, platform);
  if (!oci_json_document_finish (self->document->document, error))
    return NULL;
  return g_steal_pointer (&self);
}

TerraneProfile *
terrane_profile_load (const char *path, const TerraneProfileOptions *options, GError **error)
{
  return terrane_profile_parse (path, NULL, options, error);
}

static void
set_lock_in_map (json_t *map, const char *lock_short)
{
  const char *name;
  json_t *value;
  json_object_foreach (map, name, value)
  {
    const char *text = json_string_value (value);
    if (!terrane_profile_wants_lock (text))
      continue;
    g_autofree char *expanded = terrane_profile_expand_lock (text, lock_short);
    oci_json_set (map, name, oci_json_text (expanded));
  }
}

static void
set_lock_in_text (char **text, const char *lock_short)
{
  char *expanded = terrane_profile_expand_lock (*text, lock_short);
  g_free (*text);
  *text = expanded;
}

void
terrane_profile_texts_init (TerraneProfileTexts *self, const TerraneProfile *profile,
                            const char *lock_digest)
{
  g_autofree char *lock_short = g_strndup (lock_digest, LOCK_SHORT);
  *self = (TerraneProfileTexts){ .config = profile->config,
                                 .annotations = json_deep_copy (profile->annotations),
                                 .push = profile->push };
  terrane_section_copy (&terrane_config_section, &self->config);
  terrane_section_copy (&terrane_push_section, &self->push);
  set_lock_in_map (self->config.env, lock_short);
  set_lock_in_map (self->config.labels, lock_short);
  set_lock_in_map (self->annotations, lock_short);
  if (self->push.repository == NULL)
    return;
  set_lock_in_text (&self->push.repository, lock_short);
  for (char **tag = self->push.tags; *tag != NULL; tag++)
    set_lock_in_text (tag, lock_short);
}

void
terrane_profile_texts_clear (TerraneProfileTexts *self)
{
  terrane_section_clear (&terrane_config_section, &self->config);
  terrane_section_clear (&terrane_push_section, &self->push);
  g_clear_pointer (&self->annotations, json_decref);
}
