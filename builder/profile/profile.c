#include "builder/profile/profile.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/base/path.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_PROFILE_BYTES = 1024 * 1024,
  MAX_TREES =
      100, /* plus the base's layers; images of more than 127 layers do not run everywhere */
  MAX_ARCHIVES = 1000,
  MAX_STRINGS = 1500, /* what Lambda accepts as entrypoint and command */
  MAX_NAME = 128,
  DEFAULT_TIMEOUT_SECS = 60,
};

static const char *const target_words[] = { "aws-lambda", "oci", NULL };
static const char *const modes_words[] = { "normalise", "keep", NULL };
static const char *const special_words[] = { "error", "skip", NULL };
static const char *const link_words[] = { "inside", "any", NULL };

static void
archive_file_free (gpointer data)
{
  TerraneArchiveFile *file = data;
  g_free (file->path);
  g_free (file);
}

static void
source_free (gpointer data)
{
  TerraneSourceSpec *source = data;
  if (source == NULL)
    return;
  g_free (source->where);
  g_free (source->name);
  g_clear_pointer (&source->archives, g_ptr_array_unref);
  g_free (source->directory);
  g_free (source->image);
  g_free (source->prefix);
  g_strfreev (source->exclude);
  g_free (source);
}

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
  source_free (self->base);
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

/* Paths in a profile are relative to the file they stand in. */
static char *
resolve_path (const TerraneProfile *profile, const char *path)
{
  if (g_path_is_absolute (path) || g_str_equal (profile->directory, "."))
    return g_strdup (path);
  return g_build_filename (profile->directory, path, NULL);
}

static void
read_path (const TerraneProfile *profile, const OciJson *at, char **out_path)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  if (text[0] == '\0')
    oci_json_problem (at, "expected a path, got an empty string");
  else
    *out_path = resolve_path (profile, text);
}

/* Names go into image names and layer histories: lower case as registries want them. */
static gboolean
is_name (const char *text)
{
  size_t len = strlen (text);
  if (len == 0 || len > MAX_NAME || !g_ascii_isalnum (text[0]) || !g_ascii_isalnum (text[len - 1]))
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && *p != '.' && *p != '_' && *p != '-')
      return FALSE;
  return TRUE;
}

static void
read_name (const OciJson *object, char **out_name)
{
  OciJson member;
  const char *text;
  if (!oci_json_require (object, "name", &member) || !oci_json_string (&member, &text))
    return;
  if (is_name (text))
    *out_name = g_strdup (text);
  else
    {
      g_autofree char *quoted = oci_quote (text);
      oci_json_problem (&member,
                        "%s is no name: use lower-case letters, digits, and ‘.’, ‘_’, ‘-’ inside",
                        quoted);
    }
}

static void
read_sha256 (const OciJson *object, TerraneArchiveFile *file)
{
  OciJson member;
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_member (object, "sha256", &member) || !oci_json_string (&member, &text))
    return;
  file->has_sha256 = oci_digest_parse_hex (text, &file->sha256, &local);
  if (!file->has_sha256)
    oci_json_problem (&member, "%s", local->message);
}

static void
read_archive_object (const TerraneProfile *profile, const OciJson *at, GPtrArray *archives)
{
  static const char *const known[] = { "file", "sha256", NULL };
  OciJson member;
  if (!oci_json_object (at, known))
    return;
  TerraneArchiveFile *file = g_new0 (TerraneArchiveFile, 1);
  g_ptr_array_add (archives, file);
  if (oci_json_require (at, "file", &member))
    read_path (profile, &member, &file->path);
  read_sha256 (at, file);
}

/* "archive": "FILE" with "sha256" beside it, or a list of {"file", "sha256"}. */
static void
read_archives (const TerraneProfile *profile, const OciJson *source, const OciJson *at,
               TerraneSourceSpec *spec)
{
  spec->archives = g_ptr_array_new_with_free_func (archive_file_free);
  if (json_is_string (at->value))
    {
      TerraneArchiveFile *file = g_new0 (TerraneArchiveFile, 1);
      g_ptr_array_add (spec->archives, file);
      read_path (profile, at, &file->path);
      read_sha256 (source, file);
      return;
    }
  OciJson sha256;
  size_t length = 0;
  if (!json_is_array (at->value))
    {
      oci_json_problem (at, "expected a file name, or an array of {\"file\": …, \"sha256\": …}");
      return;
    }
  if (oci_json_member (source, "sha256", &sha256))
    oci_json_problem (&sha256, "belongs into each element of ‘archive’ when that is an array");
  if (!oci_json_array (at, MAX_ARCHIVES, &length))
    return;
  if (length == 0)
    oci_json_problem (at, "is empty");
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      oci_json_element (at, i, &element);
      read_archive_object (profile, &element, spec->archives);
    }
}

/* Keeps the transport and resolves the path behind it. */
static void
read_image (const TerraneProfile *profile, const OciJson *at, char **out_image)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  const char *colon = strchr (text, ':');
  if (colon != NULL && colon[1] != '\0' && colon[1] != ':'
      && (g_str_has_prefix (text, "oci:") || g_str_has_prefix (text, "oci-archive:")
          || g_str_has_prefix (text, "docker-archive:")))
    {
      g_autofree char *path = resolve_path (profile, colon + 1);
      *out_image = g_strdup_printf ("%.*s%s", (int) (colon + 1 - text), text, path);
      return;
    }
  g_autoptr (GError) local = NULL;
  g_autofree char *quoted = oci_quote (text);
  if (!g_str_has_prefix (text, OCI_REFERENCE_SCHEME))
    {
      oci_json_problem (at,
                        "%s: expected docker://HOST/REPOSITORY[:TAG][@DIGEST], oci:DIR[:TAG], "
                        "oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]",
                        quoted);
      return;
    }
  g_autoptr (OciReference) reference = oci_reference_parse (text, &local);
  if (reference == NULL)
    oci_json_problem (at, "%s", local->message);
  else
    *out_image = g_strdup (text);
}

static void
refuse_key (const OciJson *object, const char *key, const char *reason)
{
  OciJson member;
  if (oci_json_member (object, key, &member))
    oci_json_problem (&member, "%s", reason);
}

static void
read_source_kind (const TerraneProfile *profile, const OciJson *at, gboolean is_base,
                  TerraneSourceSpec *spec)
{
  OciJson archive, directory, image;
  gboolean has_archive = oci_json_member (at, "archive", &archive);
  gboolean has_directory = oci_json_member (at, "directory", &directory);
  gboolean has_image = is_base && oci_json_member (at, "image", &image);
  if (has_archive + has_directory + has_image != 1)
    {
      oci_json_problem (at, "needs exactly one of %s‘archive’ and ‘directory’",
                        is_base ? "‘image’, " : "");
      return;
    }
  if (has_archive)
    {
      spec->kind = TERRANE_SOURCE_ARCHIVE;
      read_archives (profile, at, &archive, spec);
    }
  else if (has_directory)
    {
      refuse_key (at, "sha256", "goes with ‘archive’ only");
      spec->kind = TERRANE_SOURCE_DIRECTORY;
      read_path (profile, &directory, &spec->directory);
    }
  else
    {
      refuse_key (at, "sha256", "goes with ‘archive’ only");
      refuse_key (at, "strip_components", "an image base is kept as it is");
      refuse_key (at, "exclude", "an image base is kept as it is");
      spec->kind = TERRANE_SOURCE_IMAGE;
      read_image (profile, &image, &spec->image);
    }
}

static void
read_prefix (const OciJson *source, TerraneSourceSpec *spec)
{
  OciJson member;
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_require (source, "prefix", &member) || !oci_json_string (&member, &text))
    return;
  if (text[0] != '/')
    oci_json_problem (&member, "must be an absolute path such as ‘/opt’");
  else if (!oci_path_normalise (text + strspn (text, "/"), &spec->prefix, &local))
    oci_json_problem (&member, "%s", local->message);
}

static void
read_exclude (const OciJson *source, TerraneSourceSpec *spec)
{
  OciJson member;
  if (!oci_json_member (source, "exclude", &member)
      || !oci_json_strv (&member, MAX_STRINGS, &spec->exclude))
    return;
  for (size_t i = 0; spec->exclude[i] != NULL; i++)
    if (spec->exclude[i][0] == '/' || spec->exclude[i][0] == '\0')
      oci_json_problem (&member, "patterns are relative to the source, such as ‘**/__pycache__’");
}

static TerraneSourceSpec *
read_source (const TerraneProfile *profile, const OciJson *at, gboolean is_base)
{
  static const char *const base_keys[] = { "image",   "archive",          "directory", "sha256",
                                           "exclude", "strip_components", "special",   NULL };
  static const char *const tree_keys[] = {
    "name",    "archive",  "directory", "sha256", "prefix", "exclude", "strip_components",
    "special", "symlinks", "overwrite", NULL
  };
  OciJson member;
  int64_t number;
  unsigned word;
  if (!oci_json_object (at, is_base ? base_keys : tree_keys))
    return NULL;
  TerraneSourceSpec *spec = g_new0 (TerraneSourceSpec, 1);
  g_autofree char *path = oci_json_path (at);
  spec->where = g_strdup_printf ("%s: %s", profile->path, path);
  if (is_base)
    {
      spec->name = g_strdup ("base");
      spec->prefix = g_strdup ("");
    }
  else
    {
      read_name (at, &spec->name);
      read_prefix (at, spec);
    }
  read_source_kind (profile, at, is_base, spec);
  read_exclude (at, spec);
  if (oci_json_member (at, "strip_components", &member) && oci_json_int (&member, 0, 100, &number))
    spec->strip_components = (unsigned) number;
  if (oci_json_member (at, "special", &member) && oci_json_word (&member, special_words, &word))
    spec->skip_special = word == 1;
  if (oci_json_member (at, "symlinks", &member) && oci_json_word (&member, link_words, &word))
    spec->allow_outside_links = word == 1;
  if (oci_json_member (at, "overwrite", &member))
    (void) oci_json_bool (&member, &spec->overwrite); /* notes what is wrong */
  return spec;
}

static void
read_trees (TerraneProfile *profile, const OciJson *root)
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
      TerraneSourceSpec *spec = read_source (profile, &element, FALSE);
      if (spec == NULL)
        continue;
      g_ptr_array_add (profile->trees, spec);
      if (spec->name != NULL && !g_hash_table_add (names, spec->name))
        oci_json_problem (&element, "another tree is called ‘%s’ too", spec->name);
    }
}

static void
read_string_map (const OciJson *object, const char *key, json_t **out_map)
{
  OciJson member;
  const char *name;
  json_t *value;
  if (!oci_json_member (object, key, &member) || !oci_json_object (&member, NULL))
    return;
  json_object_foreach ((json_t *) member.value, name, value)
  {
    OciJson entry;
    const char *text;
    (void) value;
    if (!oci_json_member (&member, name, &entry))
      {
        g_autofree char *quoted = oci_quote (name);
        oci_json_problem (&member, "%s is null, expected a string", quoted);
      }
    else
      (void) oci_json_string (&entry, &text); /* notes what is wrong */
    if (name[0] == '\0' || strchr (name, '=') != NULL)
      {
        g_autofree char *quoted = oci_quote (name);
        oci_json_problem (&member, "%s is no name: it is empty or contains ‘=’", quoted);
      }
  }
  *out_map = json_deep_copy (member.value);
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
    (void) oci_json_strv (&member, MAX_STRINGS, &config->entrypoint);
  if (oci_json_member (&object, "cmd", &member))
    (void) oci_json_strv (&member, MAX_STRINGS, &config->cmd);
  read_string_map (&object, "env", &config->env);
  read_string_map (&object, "labels", &config->labels);
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
read_validate (TerraneProfile *profile, const OciJson *root)
{
  static const char *const known[] = { "imports", "scripts", "timeout", NULL };
  TerraneValidateSpec *validate = &profile->validate;
  OciJson object, member;
  size_t length = 0;
  int64_t number;
  if (!oci_json_member (root, "validate", &object) || !oci_json_object (&object, known))
    return;
  if (oci_json_member (&object, "imports", &member))
    (void) oci_json_strv (&member, MAX_STRINGS, &validate->imports);
  if (oci_json_member (&object, "timeout", &member) && oci_json_int (&member, 1, 900, &number))
    validate->timeout_secs = (unsigned) number;
  if (!oci_json_member (&object, "scripts", &member)
      || !oci_json_array (&member, MAX_STRINGS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      OciJson element;
      char *path = NULL;
      oci_json_element (&member, i, &element);
      read_path (profile, &element, &path);
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
  read_name (root, &profile->name);
  read_platform (root, profile);
  if (oci_json_member (root, "target", &member) && oci_json_word (&member, target_words, &word))
    profile->target = (TerraneTarget) word;
  if (oci_json_require (root, "base", &member))
    profile->base = read_source (profile, &member, TRUE);
  read_trees (profile, root);
  if (oci_json_member (root, "transforms", &member) && oci_json_object (&member, transforms_keys)
      && oci_json_member (&member, "modes", &modes) && oci_json_word (&modes, modes_words, &word))
    profile->modes = (TerraneModes) word;
  read_config (root, &profile->config);
  read_string_map (root, "annotations", &profile->annotations);
  read_validate (profile, root);
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
  self->trees = g_ptr_array_new_with_free_func (source_free);
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
