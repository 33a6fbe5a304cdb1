#include "builder/profile/source-spec.h"

#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/reference.h"

#include <string.h>

enum
{
  MAX_ARCHIVES = 1000,
  MAX_INDEXES = 20,
  MAX_PATHS = 1000,
};

static const char *const special_words[] = { "error", "skip", NULL };
static const char *const link_words[] = { "inside", "any", NULL };

static void
archive_file_free (gpointer data)
{
  TerraneArchiveFile *file = data;
  g_free (file->path);
  g_free (file->url);
  g_free (file);
}

static void
wheels_free (TerraneWheelsSpec *wheels)
{
  if (wheels == NULL)
    return;
  g_free (wheels->requirements);
  g_strfreev (wheels->indexes);
  g_free (wheels->wheelhouse);
  g_free (wheels);
}

static void
rename_free (gpointer data)
{
  TerraneRename *rename = data;
  g_free (rename->from);
  g_free (rename->to);
  g_free (rename);
}

void
terrane_wheel_pin_free (TerraneWheelPin *self)
{
  g_free (self->name);
  g_free (self->version);
  g_free (self->file_name);
  g_free (self->url);
  g_free (self->path);
  g_free (self->hash);
  if (self->authorization != NULL)
    explicit_bzero (self->authorization, strlen (self->authorization));
  g_free (self->authorization);
  g_free (self->asked_url);
  g_free (self);
}

void
terrane_source_spec_free (TerraneSourceSpec *self)
{
  if (self == NULL)
    return;
  g_free (self->where);
  g_free (self->name);
  g_clear_pointer (&self->archives, g_ptr_array_unref);
  g_free (self->directory);
  g_free (self->image);
  g_strfreev (self->image_paths);
  wheels_free (self->wheels);
  g_free (self->ostree_repository);
  g_free (self->ostree_ref);
  g_free (self->prefix);
  g_strfreev (self->include);
  g_strfreev (self->exclude);
  g_clear_pointer (&self->renames, g_ptr_array_unref);
  terrane_transform_spec_free (self->transforms);
  g_free (self->ostree_commit);
  g_clear_pointer (&self->wheel_pins, g_ptr_array_unref);
  g_strfreev (self->wheel_indexes);
  g_strfreev (self->wheel_links);
  g_free (self->interpreter);
  g_free (self);
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

static gboolean
is_http_url (const char *text)
{
  return g_str_has_prefix (text, "https://") || g_str_has_prefix (text, "http://");
}

static gboolean
has_user (const char *url)
{
  const char *host = strstr (url, "//") + 2;
  return memchr (host, '@', strcspn (host, "/?#")) != NULL;
}

static void
read_archive_url (const OciJson *at, TerraneArchiveFile *file)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  if (!is_http_url (text))
    oci_json_problem (at, "expected an https:// URL");
  else if (!file->has_sha256)
    oci_json_problem (at, "a URL needs the ‘sha256’ of the file, as 64 hexadecimal digits");
  else
    file->url = g_strdup (text);
}

static void
read_archive_object (const TerraneProfileReader *reader, const OciJson *at, GPtrArray *archives)
{
  static const char *const known[] = { "file", "url", "sha256", NULL };
  OciJson file_member, url_member;
  if (!oci_json_object (at, known))
    return;
  TerraneArchiveFile *file = g_new0 (TerraneArchiveFile, 1);
  g_ptr_array_add (archives, file);
  read_sha256 (at, file);
  gboolean has_file = oci_json_member (at, "file", &file_member);
  gboolean has_url = oci_json_member (at, "url", &url_member);
  if (has_file + has_url != 1)
    oci_json_problem (at, "needs exactly one of ‘file’ and ‘url’");
  else if (has_file)
    terrane_profile_read_path (reader, &file_member, &file->path);
  else
    read_archive_url (&url_member, file);
}

static void
read_single_archive (const TerraneProfileReader *reader, const OciJson *source, const OciJson *at,
                     GPtrArray *archives)
{
  TerraneArchiveFile *file = g_new0 (TerraneArchiveFile, 1);
  g_ptr_array_add (archives, file);
  read_sha256 (source, file);
  if (is_http_url (json_string_value (at->value)))
    read_archive_url (at, file);
  else
    terrane_profile_read_path (reader, at, &file->path);
}

/* "archive": "FILE or URL" with "sha256" beside it, or a list of {"file" or "url", "sha256"}. */
static void
read_archives (const TerraneProfileReader *reader, const OciJson *source, const OciJson *at,
               TerraneSourceSpec *spec)
{
  OciJson sha256;
  size_t length = 0;
  spec->archives = g_ptr_array_new_with_free_func (archive_file_free);
  if (json_is_string (at->value))
    {
      read_single_archive (reader, source, at, spec->archives);
      return;
    }
  if (!json_is_array (at->value))
    {
      oci_json_problem (at,
                        "expected a file name or URL, or an array of {\"file\": …, \"sha256\": …}");
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
      read_archive_object (reader, &element, spec->archives);
    }
}

/* Keeps the transport and resolves the path behind it. */
static void
read_image (const TerraneProfileReader *reader, const OciJson *at, char **out_image)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  const char *colon = strchr (text, ':');
  if (colon != NULL && colon[1] != '\0' && colon[1] != ':'
      && (g_str_has_prefix (text, "oci:") || g_str_has_prefix (text, "oci-archive:")
          || g_str_has_prefix (text, "docker-archive:")))
    {
      g_autofree char *path = terrane_profile_resolve_path (reader, at, colon + 1);
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

/* Paths of an image that a tree takes: absolute, as they are in the image. */
static void
read_image_paths (const OciJson *source, TerraneSourceSpec *spec)
{
  OciJson member;
  if (!oci_json_member (source, "paths", &member))
    {
      oci_json_problem (source, "an image needs ‘paths’: what to take of it, such as [\"/opt\"]");
      return;
    }
  if (!oci_json_strv (&member, MAX_PATHS, &spec->image_paths))
    return;
  if (spec->image_paths[0] == NULL)
    oci_json_problem (&member, "is empty; [\"/\"] takes everything");
  for (char **path = spec->image_paths; *path != NULL; path++)
    {
      g_autoptr (GError) local = NULL;
      g_autofree char *normalised = NULL;
      if ((*path)[0] != '/')
        oci_json_problem (&member, "must be absolute paths such as ‘/opt’");
      else if (!oci_path_normalise (*path + strspn (*path, "/"), &normalised, &local))
        oci_json_problem (&member, "%s", local->message);
      else
        {
          g_free (*path);
          *path = g_steal_pointer (&normalised);
        }
    }
}

/* "3.12" and the like. */
static gboolean
parse_two_numbers (char **parts, unsigned *out_major, unsigned *out_minor)
{
  uint64_t major = 0, minor = 0;
  if (parts[0] == NULL || parts[1] == NULL || !oci_parse_u64 (parts[0], 99, &major, NULL)
      || major == 0 || !oci_parse_u64 (parts[1], 999, &minor, NULL))
    return FALSE;
  *out_major = (unsigned) major;
  *out_minor = (unsigned) minor;
  return TRUE;
}

static void
read_two_numbers (const OciJson *object, const char *key, const char *example, unsigned *out_major,
                  unsigned *out_minor)
{
  OciJson member;
  const char *text;
  if (!oci_json_member (object, key, &member) || !oci_json_string (&member, &text))
    return;
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);
  if (g_strv_length (parts) != 2 || !parse_two_numbers (parts, out_major, out_minor))
    oci_json_problem (&member, "expected two numbers, such as \"%s\"", example);
}

/* "3.12", or "3.12.4". */
static void
read_python (const OciJson *object, TerraneWheelsSpec *wheels)
{
  OciJson member;
  const char *text;
  uint64_t patch = 0;
  if (!oci_json_member (object, "python", &member) || !oci_json_string (&member, &text))
    return;
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);
  guint n = g_strv_length (parts);
  wheels->has_patch = n == 3 && oci_parse_u64 (parts[2], 99, &patch, NULL);
  wheels->python_patch = (unsigned) patch;
  if ((n != 2 && !wheels->has_patch)
      || !parse_two_numbers (parts, &wheels->python_major, &wheels->python_minor))
    oci_json_problem (&member, "expected a version of Python, such as \"3.12\" or \"3.12.4\"");
}

static void
read_indexes (const OciJson *object, TerraneWheelsSpec *wheels)
{
  OciJson member;
  const char *text;
  if (!oci_json_member (object, "index", &member))
    return;
  if (json_is_string (member.value) && oci_json_string (&member, &text))
    {
      wheels->indexes = g_new0 (char *, 2);
      wheels->indexes[0] = g_strdup (text);
    }
  else if (!oci_json_strv (&member, MAX_INDEXES, &wheels->indexes))
    return;
  for (char **index = wheels->indexes; *index != NULL; index++)
    if (!is_http_url (*index) && !g_str_has_prefix (*index, "file:///"))
      oci_json_problem (&member, "expected https:// or file:/// URLs such as "
                                 "\"https://pypi.org/simple\"");
}

static void
read_wheels (const TerraneProfileReader *reader, const OciJson *at, TerraneSourceSpec *spec)
{
  static const char *const known[] = { "requirements", "index", "wheelhouse", "python",
                                       "glibc",        "musl",  NULL };
  OciJson member, musl;
  if (!oci_json_object (at, known))
    return;
  TerraneWheelsSpec *wheels = spec->wheels = g_new0 (TerraneWheelsSpec, 1);
  if (oci_json_require (at, "requirements", &member))
    terrane_profile_read_path (reader, &member, &wheels->requirements);
  if (oci_json_member (at, "wheelhouse", &member))
    terrane_profile_read_path (reader, &member, &wheels->wheelhouse);
  read_indexes (at, wheels);
  read_python (at, wheels);
  read_two_numbers (at, "glibc", "2.34", &wheels->libc_major, &wheels->libc_minor);
  wheels->musl = oci_json_member (at, "musl", &musl);
  if (wheels->musl && oci_json_member (at, "glibc", &member))
    oci_json_problem (&musl, "an image has ‘glibc’ or ‘musl’, not both");
  else if (wheels->musl)
    read_two_numbers (at, "musl", "1.2", &wheels->libc_major, &wheels->libc_minor);
}

static void
read_ostree (const TerraneProfileReader *reader, const OciJson *at, TerraneSourceSpec *spec)
{
  static const char *const known[] = { "repository", "ref", NULL };
  OciJson member;
  const char *text;
  if (!oci_json_object (at, known))
    return;
  if (oci_json_require (at, "repository", &member) && oci_json_string (&member, &text))
    {
      if (is_http_url (text) && has_user (text))
        oci_json_problem (&member, "a repository on a server takes no user and password");
      else if (is_http_url (text))
        spec->ostree_repository = g_strdup (text);
      else
        terrane_profile_read_path (reader, &member, &spec->ostree_repository);
    }
  if (!oci_json_require (at, "ref", &member) || !oci_json_string (&member, &text))
    return;
  if (text[0] == '\0' || text[0] == '-' || text[0] == '/' || strstr (text, "..") != NULL)
    oci_json_problem (&member, "expected a ref such as \"gdal/3.12/x86_64\", or a commit");
  else
    spec->ostree_ref = g_strdup (text);
}

/* A key of a source that only some kinds know. */
static void
refuse_key (const OciJson *object, const char *key, const char *reason)
{
  OciJson member;
  if (oci_json_member (object, key, &member))
    oci_json_problem (&member, "%s", reason);
}

static void
refuse_keys_of_others (const OciJson *at, gboolean is_base, TerraneSourceKind kind)
{
  if (kind != TERRANE_SOURCE_ARCHIVE)
    refuse_key (at, "sha256", "goes with ‘archive’ only");
  if (kind != TERRANE_SOURCE_IMAGE)
    refuse_key (at, "paths", "goes with ‘image’ only");
  if (kind != TERRANE_SOURCE_DIRECTORY)
    refuse_key (at, "pin", "goes with ‘directory’ only; everything else is always in the lock");
  if (kind == TERRANE_SOURCE_WHEELS)
    refuse_key (at, "strip_components", "wheels say themselves where their files go");
  if (kind != TERRANE_SOURCE_IMAGE || !is_base)
    return;
  refuse_key (at, "strip_components", "an image base is kept as it is");
  refuse_key (at, "exclude", "an image base is kept as it is");
}

const char *const terrane_source_kind_words[] = { "archive", "directory", "image",
                                                  "wheels",  "ostree",    NULL };

static gboolean
find_kind (const OciJson *at, gboolean is_base, TerraneSourceKind *out_kind, OciJson *out_value)
{
  unsigned found = 0;
  for (unsigned i = 0; terrane_source_kind_words[i] != NULL; i++)
    {
      OciJson member;
      if ((is_base && i > TERRANE_SOURCE_IMAGE)
          || !oci_json_member (at, terrane_source_kind_words[i], &member))
        continue;
      *out_kind = (TerraneSourceKind) i;
      *out_value = member;
      found++;
    }
  if (found != 1)
    oci_json_problem (at, is_base ? "needs exactly one of ‘image’, ‘archive’ and ‘directory’"
                                  : "needs exactly one of ‘wheels’, ‘archive’, ‘directory’, "
                                    "‘image’ and ‘ostree’");
  return found == 1;
}

static void
read_source_kind (const TerraneProfileReader *reader, const OciJson *at, gboolean is_base,
                  TerraneSourceSpec *spec)
{
  OciJson value, member;
  if (!find_kind (at, is_base, &spec->kind, &value))
    return;
  refuse_keys_of_others (at, is_base, spec->kind);
  switch (spec->kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      read_archives (reader, at, &value, spec);
      return;
    case TERRANE_SOURCE_DIRECTORY:
      terrane_profile_read_path (reader, &value, &spec->directory);
      if (oci_json_member (at, "pin", &member))
        (void) oci_json_bool (&member, &spec->pinned); /* notes what is wrong */
      return;
    case TERRANE_SOURCE_IMAGE:
      read_image (reader, &value, &spec->image);
      if (!is_base)
        read_image_paths (at, spec);
      return;
    case TERRANE_SOURCE_WHEELS:
      read_wheels (reader, &value, spec);
      return;
    case TERRANE_SOURCE_OSTREE:
    default:
      read_ostree (reader, &value, spec);
      return;
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
read_patterns (const OciJson *source, const char *key, const char *example, char ***out_patterns)
{
  OciJson member;
  if (!oci_json_member (source, key, &member)
      || !oci_json_strv (&member, TERRANE_PROFILE_MAX_STRINGS, out_patterns))
    return;
  for (char **pattern = *out_patterns; *pattern != NULL; pattern++)
    if ((*pattern)[0] == '/' || (*pattern)[0] == '\0')
      oci_json_problem (&member, "patterns are relative to the source, such as ‘%s’", example);
}

static void
read_renames (const OciJson *source, TerraneSourceSpec *spec)
{
  OciJson object;
  const char *from;
  json_t *value;
  if (!oci_json_member (source, "rename", &object) || !oci_json_object (&object, NULL))
    return;
  spec->renames = g_ptr_array_new_with_free_func (rename_free);
  json_object_foreach ((json_t *) object.value, from, value)
  {
    OciJson member;
    const char *to;
    g_autoptr (GError) local = NULL;
    if (!oci_json_member (&object, from, &member) || !oci_json_string (&member, &to))
      continue;
    TerraneRename *rename = g_new0 (TerraneRename, 1);
    g_ptr_array_add (spec->renames, rename);
    if (!oci_path_normalise (from, &rename->from, &local)
        || !oci_path_normalise (to, &rename->to, &local))
      oci_json_problem (&member, "%s", local->message);
    else if (rename->from[0] == '\0' || rename->to[0] == '\0')
      oci_json_problem (&member, "the source itself cannot be renamed; see ‘prefix’");
  }
}

static void
read_tree_keys (const OciJson *at, TerraneSourceSpec *spec)
{
  OciJson member;
  unsigned word;
  terrane_profile_read_name (at, &spec->name);
  read_prefix (at, spec);
  read_patterns (at, "include", "lib/**", &spec->include);
  read_renames (at, spec);
  if (oci_json_member (at, "symlinks", &member) && oci_json_word (&member, link_words, &word))
    spec->allow_outside_links = word == 1;
  if (oci_json_member (at, "overwrite", &member))
    (void) oci_json_bool (&member, &spec->overwrite); /* notes what is wrong */
}

TerraneSourceSpec *
terrane_source_spec_read (const TerraneProfileReader *reader, const OciJson *at, gboolean is_base)
{
  static const char *const base_keys[] = { "image",   "archive", "directory",
                                           "sha256",  "exclude", "strip_components",
                                           "special", "pin",     NULL };
  static const char *const tree_keys[] = {
    "name",     "wheels",    "archive",    "directory", "image",
    "ostree",   "paths",     "sha256",     "prefix",    "include",
    "exclude",  "rename",    "special",    "pin",       "strip_components",
    "symlinks", "overwrite", "transforms", NULL
  };
  OciJson member;
  int64_t number;
  unsigned word;
  if (!oci_json_object (at, is_base ? base_keys : tree_keys))
    return NULL;
  TerraneSourceSpec *spec = g_new0 (TerraneSourceSpec, 1);
  spec->where = terrane_origins_where (reader->origins, at);
  if (is_base)
    {
      spec->name = g_strdup ("base");
      spec->prefix = g_strdup ("");
    }
  else
    read_tree_keys (at, spec);
  read_source_kind (reader, at, is_base, spec);
  read_patterns (at, "exclude", "**/__pycache__", &spec->exclude);
  if (oci_json_member (at, "strip_components", &member) && oci_json_int (&member, 0, 100, &number))
    spec->strip_components = (unsigned) number;
  if (oci_json_member (at, "special", &member) && oci_json_word (&member, special_words, &word))
    spec->skip_special = word == 1;
  return spec;
}
