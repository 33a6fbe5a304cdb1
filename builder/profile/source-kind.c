#include "builder/profile/source-kind.h"

#include "builder/profile/field-types.h"

#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/base/suggest.h"
#include "oci/reference.h"

#include <string.h>

enum
{
  MAX_ARCHIVES = 1000,
  MAX_INDEXES = 20,
  MAX_PATHS = 1000,
  MAX_NAMES = 100,
};

#define OFFSET(member) offsetof (TerraneSourceSpec, member)

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
read_digest (G_GNUC_UNUSED const TerraneField *field,
             G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  TerraneArchiveFile *file = value;
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_string (at, &text))
    return;
  file->has_sha256 = oci_digest_parse_hex (text, &file->sha256, &local);
  if (!file->has_sha256)
    oci_json_problem (at, "%s", local->message);
}

/* For the whole TerraneArchiveFile, of which it sets @sha256. */
const TerraneFieldType terrane_archive_digest_type = { .name = "digest",
                                                       .json = "string",
                                                       .read = read_digest };

void
terrane_archive_check_url (const OciJson *at, char **url)
{
  if (!is_http_url (*url))
    oci_json_problem (at, "expected an https:// URL");
}

/* A URL without a digest would give whatever the server likes. */
static void
check_file (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerraneArchiveFile *self = data;
  OciJson file, url;
  (void) reader;
  gboolean has_url = oci_json_member (at, "url", &url);
  if (oci_json_member (at, "file", &file) + has_url != 1)
    oci_json_problem (at, "needs exactly one of ‘file’ and ‘url’");
  else if (has_url && !self->has_sha256)
    oci_json_problem (&url, "a URL needs the ‘sha256’ of the file, as 64 hexadecimal digits");
}

static const TerraneField file_fields[] = {
  { .name = "file",
    .type = &terrane_field_path,
    .offset = offsetof (TerraneArchiveFile, path),
    .parts = TERRANE_PART_SOURCE,
    .help = "Archive file, relative to this file." },
  { .name = "url",
    .type = &terrane_field_text,
    .offset = offsetof (TerraneArchiveFile, url),
    .parts = TERRANE_PART_SOURCE,
    .check = terrane_archive_check_url,
    .help = "URL of the archive, instead of ‘file’; requires ‘sha256’." },
  { .name = "sha256",
    .type = &terrane_archive_digest_type,
    .parts = TERRANE_PART_IDENTITY,
    .help = "SHA-256 of the file; with another one the build fails." },
  { .name = NULL },
};

const TerraneSection terrane_archive_file_section = { .fields = file_fields,
                                                      .size = sizeof (TerraneArchiveFile),
                                                      .check = check_file };

/* "archive": "FILE or URL", with the digest as a sibling. */
static void
read_single_archive (const TerraneProfileReader *reader, const OciJson *at, GPtrArray *archives)
{
  OciJson sha256;
  const char *text = json_string_value (at->value);
  TerraneArchiveFile *file = g_new0 (TerraneArchiveFile, 1);
  g_ptr_array_add (archives, file);
  if (oci_json_member (at->parent, "sha256", &sha256))
    read_digest (NULL, reader, &sha256, file);
  if (!is_http_url (text))
    terrane_profile_read_path (reader, at, &file->path);
  else if (file->has_sha256)
    file->url = g_strdup (text);
  else
    oci_json_problem (at, "a URL needs the ‘sha256’ of the file, as 64 hexadecimal digits");
}

/* Or a list of {"file" or "url", "sha256"}. */
static void
read_archives (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
               gpointer value)
{
  OciJson sha256;
  if (json_is_string (at->value))
    read_single_archive (reader, at, *(GPtrArray **) value);
  else if (!json_is_array (at->value))
    oci_json_problem (at,
                      "expected a file name or URL, or an array of {\"file\": …, \"sha256\": …}");
  else
    {
      if (oci_json_member (at->parent, "sha256", &sha256))
        oci_json_problem (&sha256, "belongs into each element of ‘archive’ when that is an array");
      terrane_field_objects.read (field, reader, at, value);
    }
}

static void
init_archives (const TerraneField *field, gpointer value)
{
  terrane_field_objects.init (field, value);
}

static void
clear_archives (const TerraneField *field, gpointer value)
{
  terrane_field_objects.clear (field, value);
}

static const TerraneFieldType archives_type = { .name = "archives",
                                                .json = "array string",
                                                .init = init_archives,
                                                .read = read_archives,
                                                .clear = clear_archives };

static const TerraneField archive_fields[] = {
  { .name = "archive",
    .type = &archives_type,
    .offset = OFFSET (archives),
    .parts = TERRANE_PART_SOURCE,
    .section = &terrane_archive_file_section,
    .min = 1,
    .max = MAX_ARCHIVES,
    .help = "An archive file or URL, or several with their digests that are unpacked over each "
            "other." },
  { .name = "sha256",
    .type = &terrane_field_beside,
    .parts = TERRANE_PART_IDENTITY,
    .help =
        "SHA-256 of a single ‘archive’, required for a URL; with another one the build fails." },
  { .name = NULL },
};

static const TerraneLockField archive_lock[] = { { "archives", TERRANE_LOCK_ARCHIVES },
                                                 { .name = NULL } };

static const TerraneSourceKindInfo archive_kind = { .kind = TERRANE_SOURCE_ARCHIVE,
                                                    .fields = archive_fields,
                                                    .lock_mark = "archives",
                                                    .lock = archive_lock };

static const TerraneField directory_fields[] = {
  { .name = "directory",
    .type = &terrane_field_path,
    .offset = OFFSET (directory),
    .parts = TERRANE_PART_SOURCE,
    .help = "A directory, relative to this file." },
  { .name = "pin",
    .type = &terrane_field_flag,
    .offset = OFFSET (pinned),
    .parts = TERRANE_PART_NOTHING,
    .fallback = "false",
    .help = "Whether the lock records the content of ‘directory’." },
  { .name = NULL },
};

static const TerraneLockField directory_lock[] = { { "directory", TERRANE_LOCK_TEXT },
                                                   { "commit", TERRANE_LOCK_HEX },
                                                   { .name = NULL } };

static const TerraneSourceKindInfo directory_kind = { .kind = TERRANE_SOURCE_DIRECTORY,
                                                      .fields = directory_fields,
                                                      .lock_mark = "directory",
                                                      .lock = directory_lock };

/* Keeps the transport and resolves the path after it. */
static void
read_image (G_GNUC_UNUSED const TerraneField *field, const TerraneProfileReader *reader,
            const OciJson *at, gpointer value)
{
  char **out_image = value;
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
      g_autofree char *meant = oci_reference_suggest (text), *hint = oci_suggest (meant);
      oci_json_problem (at,
                        "%s: expected docker://HOST/REPOSITORY[:TAG][@DIGEST], oci:DIR[:TAG], "
                        "oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]%s",
                        quoted, hint);
      return;
    }
  g_autoptr (OciReference) reference = oci_reference_parse (text, &local);
  if (reference == NULL)
    oci_json_problem (at, "%s", local->message);
  else
    *out_image = g_strdup (text);
}

static void
clear_image (G_GNUC_UNUSED const TerraneField *field, gpointer value)
{
  g_clear_pointer ((char **) value, g_free);
}

static const TerraneFieldType image_type = {
  .name = "image", .json = "string", .read = read_image, .clear = clear_image
};

/* Paths that a tree takes from an image: absolute, as in the image. */
static void
check_image_path (const OciJson *at, char **path)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *normalised = NULL;
  if ((*path)[0] != '/')
    oci_json_problem (at, "must be absolute paths such as ‘/opt’");
  else if (!oci_path_normalise (*path + strspn (*path, "/"), &normalised, &local))
    oci_json_problem (at, "%s", local->message);
  else
    {
      g_free (*path);
      *path = g_steal_pointer (&normalised);
    }
}

static void
check_image (const OciJson *at, unsigned scope, const TerraneSourceSpec *spec)
{
  OciJson paths;
  (void) spec;
  if (scope == TERRANE_IN_TREE && !oci_json_member (at, "paths", &paths))
    oci_json_problem (at, "an image needs ‘paths’: what to take of it, such as [\"/opt\"]");
}

static const TerraneField image_fields[] = {
  { .name = "image",
    .type = &image_type,
    .offset = OFFSET (image),
    .parts = TERRANE_PART_SOURCE,
    .help = "An image: docker://HOST/REPOSITORY[:TAG][@DIGEST], oci:DIR[:TAG], "
            "oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]. A base keeps its layers and "
            "configuration; a tree takes the files at ‘paths’." },
  { .name = "paths",
    .type = &terrane_field_texts,
    .offset = OFFSET (image_paths),
    .parts = TERRANE_PART_IDENTITY,
    .scopes = TERRANE_IN_TREE,
    .min = 1,
    .max = MAX_PATHS,
    .empty = "is empty; [\"/\"] takes everything",
    .check = check_image_path,
    .help = "Absolute paths to take from ‘image’; [\"/\"] for everything." },
  { .name = NULL },
};

static const TerraneLockField image_lock[] = { { "image", TERRANE_LOCK_TEXT },
                                               { "digest", TERRANE_LOCK_DIGEST },
                                               { .name = NULL } };

static const TerraneSourceRefusal image_refusals[] = {
  { "strip_components", TERRANE_IN_BASE, "an image base is kept as it is" },
  { "exclude", TERRANE_IN_BASE, "an image base is kept as it is" },
  { .name = NULL },
};

static const TerraneSourceKindInfo image_kind = { .kind = TERRANE_SOURCE_IMAGE,
                                                  .fields = image_fields,
                                                  .refusals = image_refusals,
                                                  .lock_mark = "image",
                                                  .lock = image_lock,
                                                  .check = check_image };

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

/* For the whole TerraneWheelsSpec, of which they set the version. */
static void
read_libc (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
           const OciJson *at, gpointer value)
{
  TerraneWheelsSpec *wheels = value;
  gboolean musl = strcmp (field->name, "musl") == 0;
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);
  wheels->musl = wheels->musl || musl;
  if (g_strv_length (parts) != 2
      || !parse_two_numbers (parts, &wheels->libc_major, &wheels->libc_minor))
    oci_json_problem (at, "expected two numbers, such as \"%s\"", musl ? "1.2" : "2.34");
}

static const TerraneFieldType libc_type = { .name = "libc", .json = "string", .read = read_libc };

/* "3.12", or "3.12.4". */
static void
read_python (G_GNUC_UNUSED const TerraneField *field,
             G_GNUC_UNUSED const TerraneProfileReader *reader, const OciJson *at, gpointer value)
{
  TerraneWheelsSpec *wheels = value;
  const char *text;
  uint64_t patch = 0;
  if (!oci_json_string (at, &text))
    return;
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);
  guint n = g_strv_length (parts);
  wheels->has_patch = n == 3 && oci_parse_u64 (parts[2], 99, &patch, NULL);
  wheels->python_patch = (unsigned) patch;
  if ((n != 2 && !wheels->has_patch)
      || !parse_two_numbers (parts, &wheels->python_major, &wheels->python_minor))
    oci_json_problem (at, "expected a version of Python, such as \"3.12\" or \"3.12.4\"");
}

static const TerraneFieldType python_type = { .name = "python",
                                              .json = "string",
                                              .read = read_python };

static void
check_index (const OciJson *at, char **index)
{
  if (!is_http_url (*index) && !g_str_has_prefix (*index, "file:///"))
    oci_json_problem (at, "expected https:// or file:/// URLs such as "
                          "\"https://pypi.org/simple\"");
}

static void
check_python_name (const OciJson *at, char **name)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if ((*name)[0] == '\0' || (*name)[strspn (*name, letters)] != '\0')
    oci_json_problem (at, "expected a name of letters, digits, ‘.’, ‘_’ and ‘-’");
}

static void
check_libc (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  OciJson glibc, musl;
  (void) reader;
  (void) data;
  if (oci_json_member (at, "musl", &musl) && oci_json_member (at, "glibc", &glibc))
    oci_json_problem (&musl, "an image has ‘glibc’ or ‘musl’, not both");
}

/* The wheels' files are part of the identity by their digests. */
static const TerraneField wheels_section_fields[] = {
  { .name = "requirements",
    .type = &terrane_field_path,
    .offset = offsetof (TerraneWheelsSpec, requirements),
    .parts = TERRANE_PART_SOURCE,
    .required = TRUE,
    .help = "Requirements file with a digest for each package, a pylock.toml, or the report of "
            "‘pip install --report’; relative to this file." },
  { .name = "extras",
    .type = &terrane_field_texts,
    .offset = offsetof (TerraneWheelsSpec, extras),
    .parts = TERRANE_PART_SOURCE,
    .max = MAX_NAMES,
    .check = check_python_name,
    .each = TRUE,
    .help = "Extras of a pylock.toml to install; by default none." },
  { .name = "groups",
    .type = &terrane_field_texts,
    .offset = offsetof (TerraneWheelsSpec, groups),
    .parts = TERRANE_PART_SOURCE,
    .max = MAX_NAMES,
    .check = check_python_name,
    .each = TRUE,
    .help = "Dependency groups of a pylock.toml to install, instead of its ‘default-groups’; [] "
            "for none." },
  { .name = "index",
    .type = &terrane_field_text_or_texts,
    .offset = offsetof (TerraneWheelsSpec, indexes),
    .parts = TERRANE_PART_SOURCE,
    .max = MAX_INDEXES,
    .check = check_index,
    .help = "URLs of package indexes, https:// or file:/// of a directory tree, instead of PyPI; "
            "[] for none." },
  { .name = "wheelhouse",
    .type = &terrane_field_path,
    .offset = offsetof (TerraneWheelsSpec, wheelhouse),
    .parts = TERRANE_PART_SOURCE,
    .help = "Directory of wheels, relative to this file." },
  { .name = "python",
    .type = &python_type,
    .parts = TERRANE_PART_SOURCE,
    .help = "Version of Python, such as \"3.12\" or \"3.12.4\"; by default the base's." },
  { .name = "glibc",
    .type = &libc_type,
    .parts = TERRANE_PART_SOURCE,
    .help = "Version of glibc, such as \"2.34\"; by default the base's." },
  { .name = "musl",
    .type = &libc_type,
    .parts = TERRANE_PART_SOURCE,
    .help = "Version of musl, such as \"1.2\", instead of ‘glibc’." },
  { .name = NULL },
};

const TerraneSection terrane_wheels_section = { .fields = wheels_section_fields,
                                                .size = sizeof (TerraneWheelsSpec),
                                                .check = check_libc };

static const TerraneField wheels_fields[] = {
  { .name = "wheels",
    .type = &terrane_field_object_if_given,
    .offset = OFFSET (wheels),
    .parts = TERRANE_PART_SOURCE,
    .scopes = TERRANE_IN_TREE,
    .section = &terrane_wheels_section,
    .help = "Python packages, installed from wheels." },
  { .name = NULL },
};

static const TerraneLockField wheels_lock[] = { { "python", TERRANE_LOCK_TEXT },
                                                { "python_full", TERRANE_LOCK_TEXT },
                                                { "libc", TERRANE_LOCK_TEXT },
                                                { "wheels", TERRANE_LOCK_WHEELS },
                                                { .name = NULL } };

static const TerraneSourceRefusal wheels_refusals[] = {
  { "strip_components", 0, "wheels say themselves where their files go" },
  { .name = NULL },
};

static const TerraneSourceKindInfo wheels_kind = { .kind = TERRANE_SOURCE_WHEELS,
                                                   .fields = wheels_fields,
                                                   .refusals = wheels_refusals,
                                                   .lock_mark = "python",
                                                   .lock = wheels_lock };

static void
read_repository (const TerraneField *field, const TerraneProfileReader *reader, const OciJson *at,
                 gpointer value)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  if (!is_http_url (text))
    terrane_field_path.read (field, reader, at, value);
  else if (has_user (text))
    oci_json_problem (at, "a repository on a server takes no user and password");
  else
    terrane_field_text.read (field, reader, at, value);
}

static void
clear_repository (const TerraneField *field, gpointer value)
{
  terrane_field_text.clear (field, value);
}

/* A URL, or a path that is resolved. */
static const TerraneFieldType repository_type = {
  .name = "repository", .json = "string", .read = read_repository, .clear = clear_repository
};

static void
check_ref (const OciJson *at, char **ref)
{
  const char *text = *ref;
  if (text[0] == '\0' || text[0] == '-' || text[0] == '/' || strstr (text, "..") != NULL)
    oci_json_problem (at, "expected a ref such as \"gdal/3.12/x86_64\", or a commit");
}

static const TerraneField ostree_section_fields[] = {
  { .name = "repository",
    .type = &repository_type,
    .offset = OFFSET (ostree_repository),
    .parts = TERRANE_PART_SOURCE,
    .required = TRUE,
    .help = "Path, relative to this file, or URL of the repository." },
  { .name = "ref",
    .type = &terrane_field_text,
    .offset = OFFSET (ostree_ref),
    .parts = TERRANE_PART_SOURCE,
    .required = TRUE,
    .check = check_ref,
    .help = "Name of a branch, such as \"gdal/3.12/x86_64\", or a commit." },
  { .name = NULL },
};

const TerraneSection terrane_ostree_section = { .fields = ostree_section_fields,
                                                .size = sizeof (TerraneSourceSpec) };

static const TerraneField ostree_fields[] = {
  { .name = "ostree",
    .type = &terrane_field_object,
    .parts = TERRANE_PART_SOURCE,
    .scopes = TERRANE_IN_TREE,
    .section = &terrane_ostree_section,
    .help = "A commit in an ostree repository." },
  { .name = NULL },
};

static const TerraneLockField ostree_lock[] = { { "commit", TERRANE_LOCK_HEX },
                                                { "repository", TERRANE_LOCK_TEXT },
                                                { "ref", TERRANE_LOCK_TEXT },
                                                { .name = NULL } };

static const TerraneSourceKindInfo ostree_kind = { .kind = TERRANE_SOURCE_OSTREE,
                                                   .fields = ostree_fields,
                                                   .lock_mark = "repository",
                                                   .lock = ostree_lock };

static const TerraneField compile_fields[] = {
  { .name = "compile",
    .type = &terrane_field_object,
    .parts = TERRANE_PART_SOURCE,
    .scopes = TERRANE_IN_TREE,
    .section = &terrane_compile_section,
    .help = "Files that a recipe compiles from sources." },
  { .name = NULL },
};

static const TerraneLockField compile_lock[] = { { "recipe", TERRANE_LOCK_TEXT },
                                                 { "inputs", TERRANE_LOCK_ARCHIVES },
                                                 { "in", TERRANE_LOCK_ENTRY },
                                                 { .name = NULL } };

static const TerraneSourceRefusal compile_refusals[] = {
  { "strip_components", 0, "what a recipe installs is below the prefix" },
  { .name = NULL },
};

static const TerraneSourceKindInfo compile_kind = { .kind = TERRANE_SOURCE_COMPILE,
                                                    .fields = compile_fields,
                                                    .refusals = compile_refusals,
                                                    .lock_mark = "recipe",
                                                    .lock = compile_lock };

#define TERRANE_SOURCE_KIND_INFO(constant, name, number) &name##_kind,
const TerraneSourceKindInfo *const terrane_source_kinds[] = {
  TERRANE_SOURCE_KINDS (TERRANE_SOURCE_KIND_INFO) NULL,
};

const char *
terrane_source_kind_name (const TerraneSourceKindInfo *self)
{
  return self->fields[0].name;
}
