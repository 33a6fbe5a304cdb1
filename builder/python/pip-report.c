#include "builder/python/pip-report.h"
#include "builder/python/name.h"

#include "oci/base/json.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_BYTES = 64 * 1024 * 1024, /* reports carry each project's whole description */
  MAX_INSTALLS = 20000,
};

/* A file's SHA-256: `hashes.sha256`, or in older reports `hash` "sha256=HEX" (PEP 610). */
static gboolean
read_hash (const OciJson *archive_info, TerraneRequirement *requirement)
{
  OciJson hashes, at;
  OciDigest digest;
  const char *text = NULL;
  if (oci_json_member (archive_info, "hashes", &hashes) && oci_json_member (&hashes, "sha256", &at))
    {
      if (!oci_json_string (&at, &text))
        return FALSE;
    }
  else if (oci_json_member (archive_info, "hash", &at))
    {
      if (!oci_json_string (&at, &text))
        return FALSE;
      if (!g_str_has_prefix (text, "sha256="))
        text = NULL;
      else
        text += strlen ("sha256=");
    }
  if (text == NULL)
    {
      oci_json_problem (archive_info, "%s has no SHA-256", requirement->name);
      return FALSE;
    }
  g_autofree char *lower = g_ascii_strdown (text, -1);
  if (!oci_digest_parse_hex (lower, &digest, NULL))
    {
      oci_json_problem (&at, "expected 64 hexadecimal digits");
      return FALSE;
    }
  terrane_requirement_add_hash (requirement, &digest);
  return TRUE;
}

/* PEP 610: exactly one of archive_info, dir_info and vcs_info. */
static gboolean
read_download (const OciJson *info, TerraneRequirement *requirement)
{
  OciJson at, archive_info;
  const char *url = NULL;
  if (oci_json_member (info, "dir_info", &at) || oci_json_member (info, "vcs_info", &at))
    {
      oci_json_problem (
          info, "%s comes from %s, which has no hash; build a wheel of it, and name that",
          requirement->name, strcmp (at.key, "dir_info") == 0 ? "a directory" : "version control");
      return FALSE;
    }
  if (!oci_json_require (info, "url", &at) || !oci_json_string (&at, &url)
      || !oci_json_require (info, "archive_info", &archive_info)
      || !oci_json_object (&archive_info, NULL))
    return FALSE;
  if (g_str_has_prefix (url, "file:"))
    requirement->path = g_filename_from_uri (url, NULL, NULL);
  else
    requirement->url = g_strndup (url, strcspn (url, "#"));
  if (requirement->url == NULL && requirement->path == NULL)
    {
      oci_json_problem (&at, "expected file:///PATH");
      return FALSE;
    }
  return read_hash (&archive_info, requirement);
}

static TerraneRequirement *
read_install (const OciJson *at)
{
  OciJson metadata, info, member;
  const char *name = NULL, *version = NULL;
  if (!oci_json_object (at, NULL) || !oci_json_require (at, "metadata", &metadata)
      || !oci_json_object (&metadata, NULL) || !oci_json_require (&metadata, "name", &member)
      || !oci_json_string (&member, &name))
    return NULL;
  if (!terrane_python_is_name (name))
    {
      oci_json_problem (&member, "not a project name");
      return NULL;
    }
  if (!oci_json_require (&metadata, "version", &member) || !oci_json_string (&member, &version))
    return NULL;
  if (!terrane_requirement_is_version (version))
    {
      oci_json_problem (&member, "not a version");
      return NULL;
    }
  g_autoptr (TerraneRequirement) requirement = terrane_requirement_new (name);
  requirement->version = g_strdup (version);
  if (!oci_json_require (at, "download_info", &info) || !oci_json_object (&info, NULL)
      || !read_download (&info, requirement))
    return NULL;
  return g_steal_pointer (&requirement);
}

static void
read_installs (const OciJson *root, TerraneRequirements *requirements)
{
  OciJson install, at;
  size_t length = 0;
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  if (!oci_json_require (root, "install", &install)
      || !oci_json_array (&install, MAX_INSTALLS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&install, i, &at);
      TerraneRequirement *requirement = read_install (&at);
      if (requirement == NULL)
        continue;
      g_ptr_array_add (requirements->requirements, requirement);
      if (!g_hash_table_add (seen, requirement->normalised))
        oci_json_problem (&at, "%s is there twice", requirement->name);
    }
}

static void
read_environment (const OciJson *root, TerraneRequirements *requirements)
{
  OciJson environment, at;
  const char *text = NULL;
  if (!oci_json_member (root, "environment", &environment) || !oci_json_object (&environment, NULL))
    return;
  if (oci_json_member (&environment, "python_version", &at) && oci_json_string (&at, &text))
    requirements->python_version = g_strdup (text);
  if (oci_json_member (&environment, "platform_machine", &at) && oci_json_string (&at, &text))
    requirements->platform_machine = g_strdup (text);
}

static void
check_version (const OciJson *root)
{
  OciJson at;
  const char *version = NULL;
  if (!oci_json_require (root, "version", &at) || !oci_json_string (&at, &version)
      || strcmp (version, "1") == 0)
    return;
  g_autofree char *quoted = oci_quote (version);
  oci_json_problem (&at, "expected the format \"1\" of pip 23.0 and later, got %s", quoted);
}

TerraneRequirements *
terrane_pip_report_parse (const char *name, GBytes *data, GError **error)
{
  OciJson root;
  if (g_bytes_get_size (data) > MAX_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "%s has %zu bytes, at most %d are allowed", name,
                 g_bytes_get_size (data), MAX_BYTES);
      return NULL;
    }
  g_autoptr (OciJsonDocument) document = oci_json_parse (name, data, OCI_ERROR_USAGE, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (TerraneRequirements) requirements = terrane_requirements_new ();
  if (oci_json_object (&root, NULL))
    {
      check_version (&root);
      read_installs (&root, requirements);
      read_environment (&root, requirements);
    }
  if (!oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&requirements);
}
