#include "builder/python/pylock.h"

#include "builder/python/name.h"
#include "builder/python/requirement-location.h"
#include "builder/python/toml.h"
#include "builder/python/version.h"
#include "builder/python/wheel-name.h"

#include "oci/http/url.h"

#include <string.h>

enum
{
  MAX_PACKAGES = 20000,
  MAX_FILES = 1000, /* of one package */
  MAX_NAMES = 1000, /* extras, groups, environments */
  MAX_HASHES = 32,  /* of one file */
};

#define ADVICE_OWN_PROJECT                                                                         \
  "build a wheel of it and lock that, or leave it out ('uv export --no-emit-project')"

typedef struct
{
  const char *name; /* of the file */
  char *directory;  /* that contains it */
  const TerraneToml *toml;
} Parser;

/* "pylock.toml line 12: packages[1].name" */
static char *
where (const OciJson *at, gpointer data)
{
  const Parser *self = data;
  g_autofree char *path = oci_json_path (at);
  unsigned line = terrane_toml_line (self->toml, at);
  const char *colon = path[0] != '\0' ? ": " : ""; /* the whole document has no path */
  return line > 0 ? g_strdup_printf ("%s line %u%s%s", self->name, line, colon, path)
                  : g_strdup_printf ("%s%s%s", self->name, colon, path);
}

gboolean
terrane_pylock_is_name (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  if (g_str_equal (base, "pylock.toml"))
    return TRUE;
  if (!g_str_has_prefix (base, "pylock.") || !g_str_has_suffix (base, ".toml"))
    return FALSE;
  const char *middle = base + strlen ("pylock.");
  size_t len = strcspn (middle, ".");
  return len > 0 && g_str_equal (middle + len, ".toml");
}

/* Returns: (transfer none) (nullable): the text of an optional member */
static const char *
text_of (const OciJson *at, const char *key)
{
  OciJson member;
  const char *text = NULL;
  return oci_json_member (at, key, &member) && oci_json_string (&member, &text) ? text : NULL;
}

static const char *
require_text (const OciJson *at, const char *key)
{
  OciJson member;
  const char *text = NULL;
  return oci_json_require (at, key, &member) && oci_json_string (&member, &text) ? text : NULL;
}

/* Reads a set of versions. */
static char *
read_specifiers (const OciJson *at, const char *key)
{
  OciJson member;
  gboolean matches = FALSE;
  const char *text = text_of (at, key);
  g_autoptr (TerraneVersion) any = terrane_version_parse ("3", NULL);
  if (text == NULL || terrane_version_matches (any, text, &matches, NULL))
    return g_strdup (text);
  g_autofree char *quoted = oci_quote (text);
  (void) oci_json_member (at, key, &member); /* it exists */
  oci_json_problem (&member, "expected versions of Python such as \">=3.11\", got %s", quoted);
  return NULL;
}

/* Returns the last component of a path or URL. */
static char *
last_of (const char *path, const char *url)
{
  if (path != NULL)
    return g_path_get_basename (path);
  size_t len = strcspn (url, "?#");
  g_autofree char *bare = g_strndup (url, len);
  const char *slash = strrchr (bare, '/');
  const char *name = slash != NULL ? slash + 1 : bare;
  g_autofree char *decoded = g_uri_unescape_string (name, "/");
  return g_strdup (decoded != NULL ? decoded : name);
}

/* A path is relative to the file; a local place is preferred to a remote one. */
static gboolean
read_place (const Parser *self, const OciJson *at, TerraneIndexFile *file)
{
  OciJson member;
  g_autoptr (GError) local = NULL;
  const char *path = text_of (at, "path"), *url = text_of (at, "url");
  if (path == NULL && url == NULL)
    {
      oci_json_problem (at, "needs ‘url’ or ‘path’");
      return FALSE;
    }
  g_autofree char *here = path != NULL ? g_canonicalize_filename (path, self->directory) : NULL;
  g_autofree char *of_url =
      url != NULL && g_str_has_prefix (url, "file:") ? g_filename_from_uri (url, NULL, NULL) : NULL;
  file->file_name = last_of (path, url);
  if (here != NULL && (url == NULL || g_file_test (here, G_FILE_TEST_EXISTS)))
    file->url = g_steal_pointer (&here);
  else if (of_url != NULL)
    file->url = g_steal_pointer (&of_url);
  file->local = file->url != NULL;
  if (file->local)
    return TRUE;
  (void) oci_json_member (at, "url", &member); /* it exists */
  if (!g_str_has_prefix (url, "https://") && !g_str_has_prefix (url, "http://"))
    oci_json_problem (&member, "expected a URL of https, http or file");
  else if (!oci_url_take_user (url, &file->url, &file->authorization, &local))
    oci_json_problem (&member, "%s", local->message);
  return file->url != NULL;
}

/* Of several digests, the SHA-256 is used, else the longer ones; without any of these the file
 * cannot be verified.
 *
 * Returns: whether one is used */
static gboolean
read_hashes (const OciJson *at, TerraneRequirement *requirement, TerraneIndexFile *file)
{
  OciJson hashes, one;
  const char *key;
  json_t *value;
  gboolean counts = FALSE;
  if (!oci_json_require (at, "hashes", &hashes) || !oci_json_object (&hashes, NULL))
    return TRUE; /* a problem of its own */
  if (json_object_size (hashes.value) == 0 || json_object_size (hashes.value) > MAX_HASHES)
    oci_json_problem (&hashes, "expected 1 to %d digests", MAX_HASHES);
  gboolean has_sha256 = json_object_get (hashes.value, "sha256") != NULL;
  json_object_foreach ((json_t *) hashes.value, key, value)
  {
    const char *hex = NULL;
    g_autoptr (GError) local = NULL;
    if (!oci_json_member (&hashes, key, &one) || !oci_json_string (&one, &hex))
      return TRUE;
    gboolean is_sha256 = g_str_equal (key, "sha256");
    g_autofree char *text = g_strconcat (key, ":", hex, NULL);
    if (has_sha256 && !is_sha256)
      continue;
    g_autofree char *lower = g_ascii_strdown (hex, -1);
    if (!terrane_requirement_read_hash (requirement, text, &local)
        || (is_sha256 && !oci_digest_parse_hex (lower, &file->sha256, &local)))
      oci_json_problem (&one, "%s", local->message);
    counts = counts || is_sha256 || g_str_equal (key, "sha384") || g_str_equal (key, "sha512");
    file->has_sha256 = is_sha256;
  }
  return counts;
}

static TerraneIndexFile *
read_file (const Parser *self, const OciJson *at, TerraneRequirement *requirement)
{
  OciJson size;
  int64_t bytes = 0;
  if (!oci_json_object (at, NULL))
    return NULL;
  g_autoptr (TerraneIndexFile) file = g_new0 (TerraneIndexFile, 1);
  gboolean found = read_place (self, at, file);
  const char *name = text_of (at, "name");
  if (oci_json_member (at, "size", &size) && oci_json_int (&size, 0, INT64_MAX, &bytes))
    file->size = (uint64_t) bytes;
  gboolean counts = read_hashes (at, requirement, file);
  if (!found)
    return NULL;
  if (name != NULL)
    {
      g_free (file->file_name);
      file->file_name = g_strdup (name);
    }
  if (!counts && requirement->fault == NULL)
    {
      g_autofree char *quoted = oci_quote (file->file_name);
      requirement->fault = g_strdup_printf ("%s has no digest by SHA-256, SHA-384 or SHA-512, only "
                                            "others; lock with one of these",
                                            quoted);
    }
  return g_steal_pointer (&file);
}

static gboolean
is_version (const char *version, const char *other)
{
  g_autoptr (TerraneVersion) a = terrane_version_parse (version, NULL);
  g_autoptr (TerraneVersion) b = terrane_version_parse (other, NULL);
  return a != NULL && b != NULL && terrane_version_compare (a, b) == 0;
}

/* The name of a wheel contains the project and the version, which must be those of the package; a
 * package without a version gets that of its wheels. */
static void
check_wheel (const OciJson *at, TerraneRequirement *requirement, const TerraneIndexFile *file)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *quoted = oci_quote (file->file_name);
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (file->file_name, &local);
  if (wheel == NULL)
    oci_json_problem (at, "%s", local->message);
  else if (!g_str_equal (wheel->name, requirement->normalised))
    oci_json_problem (at, "%s is of another project than %s", quoted, requirement->name);
  else if (requirement->version == NULL)
    requirement->version = g_strdup (wheel->version);
  else if (!is_version (wheel->version, requirement->version))
    oci_json_problem (at, "%s is of another version than %s", quoted, requirement->version);
}

static void
read_wheels (const Parser *self, const OciJson *at, TerraneRequirement *requirement)
{
  OciJson wheel;
  size_t length = 0;
  if (!oci_json_array (at, MAX_FILES, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (at, i, &wheel);
      TerraneIndexFile *file = read_file (self, &wheel, requirement);
      if (file == NULL)
        continue;
      check_wheel (&wheel, requirement, file);
      g_ptr_array_add (requirement->files, file);
    }
}

/* Its digests are not used: nothing is built here. It is kept for messages. */
static void
read_sdist (const Parser *self, const OciJson *at, TerraneRequirement *requirement)
{
  g_autoptr (TerraneRequirement) other = terrane_requirement_new (requirement->name);
  g_autoptr (TerraneIndexFile) file = read_file (self, at, other);
  if (file == NULL)
    return;
  if (requirement->files->len == 0 && requirement->fault == NULL)
    requirement->fault =
        g_strdup_printf ("%s%s%s has only a source distribution; terrane installs wheels and "
                         "builds nothing: build one by 'pip wheel --no-deps' where Python, "
                         "processor and C library are those of the image, and lock that",
                         requirement->name, requirement->version != NULL ? " " : "",
                         requirement->version != NULL ? requirement->version : "");
  g_ptr_array_add (requirement->files, g_steal_pointer (&file));
}

/* Reads a URL or path of an archive, which may be a wheel. */
static void
read_archive (const Parser *self, const OciJson *at, TerraneRequirement *requirement)
{
  TerraneIndexFile *file = read_file (self, at, requirement);
  if (file == NULL)
    return;
  g_ptr_array_add (requirement->files, file);
  if (terrane_wheel_name_is_wheel (file->file_name))
    {
      check_wheel (at, requirement, file);
      return;
    }
  g_autofree char *quoted = oci_quote (file->file_name);
  g_free (requirement->fault);
  requirement->fault =
      g_strdup_printf ("%s: %s is not a wheel; nothing is built from source here: build a wheel of "
                       "it, by 'uv build --wheel' or 'pip wheel --no-deps', and lock that",
                       requirement->name, quoted);
}

static void
read_vcs (const OciJson *at, TerraneRequirement *requirement)
{
  if (!oci_json_object (at, NULL))
    return;
  (void) require_text (at, "type"); /* a missing one is noted */
  (void) require_text (at, "commit-id");
  if (text_of (at, "url") == NULL && text_of (at, "path") == NULL)
    oci_json_problem (at, "needs ‘url’ or ‘path’");
  requirement->fault = g_strdup_printf (
      "%s comes from version control, which has no hash; build a wheel of it, and lock that",
      requirement->name);
}

static void
read_directory (const OciJson *at, TerraneRequirement *requirement)
{
  OciJson editable;
  gboolean is_editable = FALSE;
  if (!oci_json_object (at, NULL))
    return;
  (void) require_text (at, "path"); /* a missing one is noted */
  if (oci_json_member (at, "editable", &editable))
    (void) oci_json_bool (&editable, &is_editable);
  requirement->fault =
      g_strdup_printf ("%s comes from %sa directory, which has no hash; " ADVICE_OWN_PROJECT,
                       requirement->name, is_editable ? "an editable install of " : "");
}

/* Reads either files of an index, or exactly one other place. */
static void
read_sources (const Parser *self, const OciJson *at, TerraneRequirement *requirement)
{
  OciJson wheels, sdist, vcs, directory, archive;
  gboolean has_wheels = oci_json_member (at, "wheels", &wheels);
  gboolean has_sdist = oci_json_member (at, "sdist", &sdist);
  gboolean has_vcs = oci_json_member (at, "vcs", &vcs);
  gboolean has_directory = oci_json_member (at, "directory", &directory);
  gboolean has_archive = oci_json_member (at, "archive", &archive);
  int others = has_vcs + has_directory + has_archive;
  gboolean has_files = has_sdist || (has_wheels && json_array_size (wheels.value) > 0);
  if (has_wheels)
    read_wheels (self, &wheels, requirement);
  if (has_files ? others > 0 : others != 1)
    {
      oci_json_problem (at, "needs ‘wheels’ or ‘sdist’, or exactly one of ‘archive’, ‘vcs’ and "
                            "‘directory’");
      return;
    }
  if (has_sdist)
    read_sdist (self, &sdist, requirement);
  if (has_archive)
    read_archive (self, &archive, requirement);
  if (has_vcs)
    read_vcs (&vcs, requirement);
  if (has_directory)
    read_directory (&directory, requirement);
}

/* Checks only the types of members that are not used. */
static void
check_others (const OciJson *at)
{
  OciJson member, identity;
  size_t length = 0;
  (void) text_of (at, "index"); /* where it was locked from; each file names its own place */
  if (oci_json_member (at, "dependencies", &member))
    (void) oci_json_array (&member, MAX_PACKAGES, &length);
  if (oci_json_member (at, "attestation-identities", &member)
      && oci_json_array (&member, MAX_FILES, &length))
    for (size_t i = 0; i < length; i++)
      {
        oci_json_element (&member, i, &identity);
        if (oci_json_object (&identity, NULL))
          (void) require_text (&identity, "kind");
      }
  if (oci_json_member (at, "tool", &member))
    (void) oci_json_object (&member, NULL);
}

static const char *
read_name (const OciJson *at)
{
  OciJson member;
  const char *name = require_text (at, "name");
  if (name == NULL)
    return NULL;
  g_autofree char *normalised = terrane_python_normalise_name (name);
  if (terrane_python_is_name (name) && g_str_equal (name, normalised))
    return name;
  g_autofree char *quoted = oci_quote (name);
  (void) oci_json_member (at, "name", &member); /* it exists */
  oci_json_problem (&member, "%s is not a normalised name of a project", quoted);
  return NULL;
}

static TerraneRequirement *
read_package (const Parser *self, const OciJson *at)
{
  OciJson member;
  if (!oci_json_object (at, NULL))
    return NULL;
  const char *name = read_name (at);
  if (name == NULL)
    return NULL;
  g_autoptr (TerraneRequirement) requirement = terrane_requirement_new (name);
  const char *version = text_of (at, "version");
  g_autoptr (TerraneVersion) parsed =
      version != NULL ? terrane_version_parse (version, NULL) : NULL;
  if (version != NULL && parsed == NULL)
    {
      (void) oci_json_member (at, "version", &member); /* it exists */
      oci_json_problem (&member, "not a version");
      return NULL;
    }
  requirement->version = parsed != NULL ? g_strdup (terrane_version_text (parsed)) : NULL;
  requirement->marker = g_strdup (text_of (at, "marker"));
  requirement->requires_python = read_specifiers (at, "requires-python");
  requirement->files = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  requirement->file = g_strdup (self->name);
  requirement->line = terrane_toml_line (self->toml, at);
  read_sources (self, at, requirement);
  check_others (at);
  return g_steal_pointer (&requirement);
}

static void
read_packages (const Parser *self, const OciJson *root, GPtrArray *requirements)
{
  OciJson packages, at;
  size_t length = 0;
  if (!oci_json_require (root, "packages", &packages)
      || !oci_json_array (&packages, MAX_PACKAGES, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&packages, i, &at);
      TerraneRequirement *requirement = read_package (self, &at);
      if (requirement != NULL)
        g_ptr_array_add (requirements, requirement);
    }
}

/* Names of extras or groups, normalised. */
static char **
read_names (const OciJson *root, const char *key)
{
  OciJson at;
  char **names = NULL;
  if (!oci_json_member (root, key, &at) || !oci_json_strv (&at, MAX_NAMES, &names))
    return g_new0 (char *, 1);
  for (char **name = names; *name != NULL; name++)
    {
      char *normalised = terrane_python_normalise_name (*name);
      g_free (*name);
      *name = normalised;
    }
  return names;
}

static TerranePylock *
read_header (const OciJson *root)
{
  OciJson at;
  TerranePylock *self = g_new0 (TerranePylock, 1);
  (void) require_text (root, "created-by"); /* a missing one is noted */
  self->requires_python = read_specifiers (root, "requires-python");
  if (oci_json_member (root, "environments", &at) && json_array_size (at.value) > 0)
    (void) oci_json_strv (&at, MAX_NAMES, &self->environments); /* noted */
  self->extras = read_names (root, "extras");
  self->groups = read_names (root, "dependency-groups");
  self->default_groups = read_names (root, "default-groups");
  self->chosen_extras = g_new0 (char *, 1);
  self->chosen_groups = g_strdupv (self->default_groups);
  return self;
}

/* Other major versions may differ in anything; later minor ones only add what may be ignored. */
static gboolean
check_version (const char *name, const json_t *root, unsigned *out_minor, GError **error)
{
  const char *text = json_string_value (json_object_get (root, "lock-version"));
  g_autoptr (TerraneVersion) version = text != NULL ? terrane_version_parse (text, NULL) : NULL;
  gboolean known = FALSE, plain = FALSE;
  *out_minor = 0;
  if (version == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: ‘lock-version’ is missing or not a version; a pylock.toml begins with "
                      "lock-version = \"1.0\"",
                      name);
  if (!terrane_version_matches (version, ">=1,<2", &known, error)
      || !terrane_version_matches (version, "<=1.0", &plain, error))
    return FALSE;
  *out_minor = plain ? 0 : 1;
  return known
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "%s has lock-version %s; 1.0 is known here. Write it by an older format of "
                       "the tool, or export requirements.txt",
                       name, terrane_version_text (version));
}

TerraneRequirements *
terrane_pylock_parse (const char *name, GBytes *data, GError **error)
{
  OciJson root;
  unsigned minor = 0;
  g_auto (TerraneToml) toml = { 0 };
  g_autofree char *directory = g_path_get_dirname (name);
  if (!terrane_toml_parse (name, data, &toml, error)
      || !check_version (name, toml.root, &minor, error))
    return NULL;
  g_autofree char *here = g_canonicalize_filename (directory, NULL);
  Parser parser = { .name = name, .directory = here, .toml = &toml };
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new (name, json_incref (toml.root), OCI_ERROR_USAGE, &root);
  oci_json_document_set_where (document, where, &parser);
  g_autoptr (TerraneRequirements) requirements = terrane_requirements_new ();
  requirements->pylock = read_header (&root);
  requirements->pylock->minor = minor;
  read_packages (&parser, &root, requirements->requirements);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&requirements) : NULL;
}
