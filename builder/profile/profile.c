#include "builder/profile/profile.h"

#include "oci/reference.h"

#include <string.h>

enum
{
  MAX_TREES =
      100, /* plus the base's layers; images of more than 127 layers do not run everywhere */
  MAX_TAGS = 20,
  LOCK_SHORT = 12, /* digits of ${lock.short} */
};

/* Any value that ${lock.short} may have: it makes a valid reference valid and no other. */
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

void
terrane_profile_free (TerraneProfile *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->directory);
  g_hash_table_unref (self->absolute);
  terrane_profile_document_free (self->document);
  g_free (self->name);
  g_strfreev (self->platforms);
  terrane_source_spec_free (self->base);
  g_ptr_array_unref (self->trees);
  terrane_transform_spec_free (self->transforms);
  g_strfreev (self->config.entrypoint);
  g_strfreev (self->config.cmd);
  json_decref (self->config.env);
  json_decref (self->config.labels);
  g_free (self->config.working_dir);
  g_free (self->config.user);
  json_decref (self->annotations);
  g_ptr_array_unref (self->checks);
  terrane_validate_spec_clear (&self->validate);
  terrane_limits_spec_clear (&self->limits);
  terrane_geo_spec_clear (&self->geo);
  g_free (self->push.repository);
  g_strfreev (self->push.tags);
  g_free (self);
}

/* What is left of {"name": …, "remove": true} after merging removed nothing. */
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
read_config (const OciJson *root, TerraneConfigSpec *config)
{
  static const char *const known[] = { "entrypoint",  "cmd",  "env", "labels",
                                       "working_dir", "user", NULL };
  OciJson object, member;
  const char *text;
  if (!oci_json_member (root, "config", &object) || !oci_json_object (&object, known))
    return;
  if (oci_json_member (&object, "entrypoint", &member))
    (void) oci_json_strv (&member, TERRANE_PROFILE_MAX_STRINGS, &config->entrypoint);
  if (oci_json_member (&object, "cmd", &member))
    (void) oci_json_strv (&member, TERRANE_PROFILE_MAX_STRINGS, &config->cmd);
  terrane_profile_read_string_map (&object, "env", &config->env);
  terrane_profile_read_string_map (&object, "labels", &config->labels);
  if (oci_json_member (&object, "working_dir", &member) && oci_json_string (&member, &text))
    {
      if (text[0] != '/')
        oci_json_problem (&member, "must be an absolute path");
      config->working_dir = g_strdup (text);
    }
  if (oci_json_member (&object, "user", &member) && oci_json_string (&member, &text))
    config->user = g_strdup (text);
}

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
  if (!oci_json_require (root, "platform", &member))
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
read_push_repository (const OciJson *push, TerranePushSpec *spec)
{
  OciJson member;
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_require (push, "repository", &member) || !oci_json_string (&member, &text))
    return;
  g_autofree char *some = terrane_profile_expand_lock (text, SOME_LOCK);
  g_autoptr (OciReference) reference = oci_reference_parse (some, &local);
  if (reference == NULL)
    oci_json_problem (&member, "%s", local->message);
  else if (reference->tag != NULL || reference->has_digest)
    oci_json_problem (&member, "expected HOST/REPOSITORY; tags stand in ‘tags’");
  else
    spec->repository = g_strdup (g_str_has_prefix (text, OCI_REFERENCE_SCHEME)
                                     ? text + strlen (OCI_REFERENCE_SCHEME)
                                     : text);
}

static void
check_tag (const OciJson *at, const char *tag)
{
  g_autofree char *some = terrane_profile_expand_lock (tag, SOME_LOCK);
  g_autofree char *text = g_strconcat ("localhost/any:", some, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (text, NULL);
  if (reference != NULL && g_strcmp0 (reference->tag, some) == 0)
    return;
  g_autofree char *quoted = oci_quote (tag);
  oci_json_problem (at, "%s is no tag: use at most %d letters, digits, ‘_’, and ‘.’ and ‘-’ inside",
                    quoted, OCI_TAG_MAX_BYTES);
}

static void
read_push (const OciJson *root, TerranePushSpec *spec)
{
  static const char *const known[] = { "repository", "tags", NULL };
  OciJson object, member;
  size_t length = 0;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  if (!oci_json_member (root, "push", &object) || !oci_json_object (&object, known))
    return;
  read_push_repository (&object, spec);
  if (!oci_json_require (&object, "tags", &member) || !oci_json_array (&member, MAX_TAGS, &length))
    return;
  if (length == 0)
    oci_json_problem (&member, "is empty");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      const char *tag;
      oci_json_element (&member, i, &element);
      if (!oci_json_string (&element, &tag))
        return;
      check_tag (&element, tag);
      if (!g_hash_table_add (seen, (gpointer) tag))
        oci_json_problem (&element, "is in the list twice");
    }
  (void) oci_json_strv (&member, MAX_TAGS, &spec->tags);
}

/* A limit of a tree that is not there would never be exceeded. */
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
read_root (TerraneProfile *profile, const OciJson *root, const char *platform)
{
  const TerraneProfileReader reader = { .origins = profile->document->origins,
                                        .absolute = profile->absolute };
  static const char *const known[] = { "$schema", "extends",     "name",   "platform",
                                       "target",  "base",        "trees",  "transforms",
                                       "config",  "annotations", "checks", "validate",
                                       "limits",  "geo",         "push",   NULL };
  OciJson member;
  const char *text;
  unsigned word;
  if (!oci_json_object (root, known))
    return;
  if (oci_json_member (root, "$schema", &member))
    (void) oci_json_string (&member, &text);
  terrane_profile_read_name (root, &profile->name);
  read_platform (root, platform, profile);
  if (oci_json_member (root, "target", &member) && oci_json_word (&member, target_words, &word))
    profile->target = (TerraneTarget) word;
  if (oci_json_require (root, "base", &member))
    profile->base = terrane_source_spec_read (&reader, &member, TRUE);
  gboolean has_transforms = oci_json_member (root, "transforms", &member);
  profile->transforms = terrane_transform_spec_read (has_transforms ? &member : NULL, NULL);
  read_trees (profile, &reader, root);
  read_config (root, &profile->config);
  terrane_profile_read_string_map (root, "annotations", &profile->annotations);
  terrane_check_specs_read (root, profile->checks);
  terrane_validate_spec_read (&reader, root, &profile->validate);
  terrane_limits_spec_read (root, &profile->limits);
  terrane_geo_spec_read (root, &profile->geo);
  check_limited_trees (profile, root);
  read_push (root, &profile->push);
}

static gboolean
check_platform (const char *platform, GError **error)
{
  if (platform == NULL || g_strv_contains (platform_words, platform))
    return TRUE;
  g_autofree char *quoted = oci_quote (platform);
  g_autofree char *all = g_strjoinv (", ", (char **) platform_words);
  const char *nearest = oci_nearest_word (platform, platform_words);
  return oci_throw (error, OCI_ERROR_USAGE, "the platform %s is not one of %s%s%s%s", quoted, all,
                    nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "’?" : "");
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
  self->checks = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_check_spec_free);
  terrane_validate_spec_init (&self->validate);
  terrane_limits_spec_init (&self->limits);
  g_autoptr (TerraneExpander) expander =
      terrane_expander_new (options != NULL ? &options->variables : NULL, self->directory);
  self->document = terrane_profile_document_read (path, data, expander, error);
  if (self->document == NULL)
    return NULL;
  terrane_expander_expand_all (expander, &self->document->root);
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
terrane_profile_set_lock (TerraneProfile *self, const char *digest)
{
  g_autofree char *lock_short = g_strndup (digest, LOCK_SHORT);
  set_lock_in_map (self->config.env, lock_short);
  set_lock_in_map (self->config.labels, lock_short);
  set_lock_in_map (self->annotations, lock_short);
  if (self->push.repository == NULL)
    return;
  set_lock_in_text (&self->push.repository, lock_short);
  for (char **tag = self->push.tags; *tag != NULL; tag++)
    set_lock_in_text (tag, lock_short);
}
