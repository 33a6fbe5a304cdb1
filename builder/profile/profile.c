#include "builder/profile/profile.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_PROFILE_BYTES = 1024 * 1024,
  MAX_TREES =
      100, /* plus the base's layers; images of more than 127 layers do not run everywhere */
  DEFAULT_TIMEOUT_SECS = 60,
};

static const char *const target_words[] = { "aws-lambda", "oci", NULL };
static const char *const modes_words[] = { "normalise", "keep", NULL };

void
terrane_profile_free (TerraneProfile *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->directory);
  g_free (self->name);
  g_free (self->os);
  g_free (self->architecture);
  terrane_source_spec_free (self->base);
  g_ptr_array_unref (self->trees);
  g_strfreev (self->config.entrypoint);
  g_strfreev (self->config.cmd);
  json_decref (self->config.env);
  json_decref (self->config.labels);
  g_free (self->config.working_dir);
  g_free (self->config.user);
  json_decref (self->annotations);
  g_strfreev (self->validate.imports);
  g_ptr_array_unref (self->validate.scripts);
  g_free (self);
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
      OciJson element;
      oci_json_element (&member, i, &element);
      TerraneSourceSpec *spec = terrane_source_spec_read (reader, &element, FALSE);
      if (spec == NULL)
        continue;
      g_ptr_array_add (profile->trees, spec);
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

static void
read_validate (TerraneProfile *profile, const TerraneProfileReader *reader, const OciJson *root)
{
  static const char *const known[] = { "imports", "scripts", "timeout", NULL };
  TerraneValidateSpec *validate = &profile->validate;
  OciJson object, member;
  size_t length = 0;
  int64_t number;
  if (!oci_json_member (root, "validate", &object) || !oci_json_object (&object, known))
    return;
  if (oci_json_member (&object, "imports", &member))
    (void) oci_json_strv (&member, TERRANE_PROFILE_MAX_STRINGS, &validate->imports);
  if (oci_json_member (&object, "timeout", &member) && oci_json_int (&member, 1, 900, &number))
    validate->timeout_secs = (unsigned) number;
  if (!oci_json_member (&object, "scripts", &member)
      || !oci_json_array (&member, TERRANE_PROFILE_MAX_STRINGS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      char *path = NULL;
      oci_json_element (&member, i, &element);
      terrane_profile_read_path (reader, &element, &path);
      if (path != NULL)
        g_ptr_array_add (validate->scripts, path);
    }
}

static void
read_platform (const OciJson *root, TerraneProfile *profile)
{
  static const char *const platforms[] = { "linux/amd64", "linux/arm64", NULL };
  OciJson member;
  unsigned word;
  if (!oci_json_require (root, "platform", &member) || !oci_json_word (&member, platforms, &word))
    return;
  profile->os = g_strdup ("linux");
  profile->architecture = g_strdup (strchr (platforms[word], '/') + 1);
}

static void
read_root (TerraneProfile *profile, const OciJson *root)
{
  const TerraneProfileReader reader = { .path = profile->path, .directory = profile->directory };
  static const char *const known[] = { "$schema",     "name",     "platform",   "target",
                                       "base",        "trees",    "transforms", "config",
                                       "annotations", "validate", NULL };
  static const char *const transforms_keys[] = { "modes", NULL };
  OciJson member, modes;
  const char *text;
  unsigned word;
  if (!oci_json_object (root, known))
    return;
  if (oci_json_member (root, "$schema", &member))
    (void) oci_json_string (&member, &text);
  terrane_profile_read_name (root, &profile->name);
  read_platform (root, profile);
  if (oci_json_member (root, "target", &member) && oci_json_word (&member, target_words, &word))
    profile->target = (TerraneTarget) word;
  if (oci_json_require (root, "base", &member))
    profile->base = terrane_source_spec_read (&reader, &member, TRUE);
  read_trees (profile, &reader, root);
  if (oci_json_member (root, "transforms", &member) && oci_json_object (&member, transforms_keys)
      && oci_json_member (&member, "modes", &modes) && oci_json_word (&modes, modes_words, &word))
    profile->modes = (TerraneModes) word;
  read_config (root, &profile->config);
  terrane_profile_read_string_map (root, "annotations", &profile->annotations);
  read_validate (profile, &reader, root);
}

TerraneProfile *
terrane_profile_parse (const char *path, GBytes *data, GError **error)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document = oci_json_parse (path, data, OCI_ERROR_USAGE, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (TerraneProfile) self = g_new0 (TerraneProfile, 1);
  self->path = g_strdup (path);
  self->directory = g_path_get_dirname (path);
  self->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_source_spec_free);
  self->validate.scripts = g_ptr_array_new_with_free_func (g_free);
  self->validate.timeout_secs = DEFAULT_TIMEOUT_SECS;
  read_root (self, &root);
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&self);
}

TerraneProfile *
terrane_profile_load (const char *path, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  if (!oci_read_file (AT_FDCWD, path, MAX_PROFILE_BYTES, &data, error))
    {
      g_prefix_error (error, "the profile: ");
      return NULL;
    }
  return terrane_profile_parse (path, data, error);
}
