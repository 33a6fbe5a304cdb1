#include "builder/python/index-page.h"

#include "builder/python/index-html.h"
#include "builder/python/index-link.h"
#include "oci/base/json.h"
#include "oci/http/url.h"

#include <string.h>

static void
read_digest (const OciJson *at, TerraneIndexFile *file)
{
  OciJson hashes, member;
  const char *hex = NULL;
  if (!oci_json_require (at, "hashes", &hashes) || !oci_json_object (&hashes, NULL)
      || !oci_json_member (&hashes, "sha256", &member) || !oci_json_string (&member, &hex))
    return;
  g_autofree char *lower = g_ascii_strdown (hex, -1);
  file->has_sha256 = oci_digest_parse_hex (lower, &file->sha256, NULL);
  if (!file->has_sha256)
    oci_json_problem (&member, "expected 64 hexadecimal digits");
}

/* PEP 592: a reason, or only a boolean. */
static void
read_yanked (const OciJson *at, TerraneIndexFile *file)
{
  OciJson member;
  gboolean yanked = FALSE;
  const char *reason = NULL;
  if (!oci_json_member (at, "yanked", &member))
    return;
  if (json_is_boolean (member.value))
    {
      if (oci_json_bool (&member, &yanked) && yanked)
        file->yanked = g_strdup ("");
    }
  else if (oci_json_string (&member, &reason))
    file->yanked = g_strdup (reason);
}

static TerraneIndexFile *
read_file (const char *base, const OciJson *at)
{
  OciJson member;
  const char *name = NULL, *link = NULL, *requires_python = NULL;
  int64_t size = 0;
  if (!oci_json_object (at, NULL) || !oci_json_require (at, "filename", &member)
      || !oci_json_string (&member, &name))
    return NULL;
  if (name[0] == '\0' || strchr (name, '/') != NULL)
    {
      oci_json_problem (&member, "not the name of a file");
      return NULL;
    }
  if (!oci_json_require (at, "url", &member) || !oci_json_string (&member, &link))
    return NULL;
  g_autoptr (TerraneIndexFile) file = terrane_index_link_read (base, link, name);
  if (file == NULL)
    return NULL;
  file->has_sha256 = FALSE;
  read_digest (at, file);
  read_yanked (at, file);
  if (oci_json_member (at, "requires-python", &member)
      && oci_json_string (&member, &requires_python) && requires_python[0] != '\0')
    file->requires_python = g_strdup (requires_python);
  if (oci_json_member (at, "size", &member) && oci_json_int (&member, 0, INT64_MAX, &size))
    file->size = (uint64_t) size;
  return g_steal_pointer (&file);
}

static gboolean
check_meta (const OciJson *root, GError **error)
{
  OciJson meta, member;
  const char *version = NULL;
  if (!oci_json_object (root, NULL) || !oci_json_require (root, "meta", &meta)
      || !oci_json_object (&meta, NULL) || !oci_json_require (&meta, "api-version", &member)
      || !oci_json_string (&member, &version))
    return TRUE; /* noted */
  return terrane_index_check_version (version, error);
}

static gboolean
read_files (const char *base, const OciJson *root, GPtrArray *files, GError **error)
{
  OciJson list, at;
  size_t length = 0;
  if (!oci_json_require (root, "files", &list) || !oci_json_array (&list, SIZE_MAX, &length))
    return TRUE; /* noted */
  if (!terrane_index_check_count (length, error))
    return FALSE;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&list, i, &at);
      TerraneIndexFile *file = read_file (base, &at);
      if (file != NULL)
        g_ptr_array_add (files, file);
    }
  return TRUE;
}

static GPtrArray *
parse_json (const char *url, GBytes *data, GError **error)
{
  OciJson root;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("index page", data, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (GPtrArray) files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  if (!check_meta (&root, error) || !read_files (url, &root, files, error)
      || !oci_json_document_finish (document, error))
    return NULL;
  return g_steal_pointer (&files);
}

/* Returns a media type without parameters, in lower case. */
static char *
essence (const char *content_type)
{
  g_autofree char *bare = g_strndup (content_type, strcspn (content_type, ";"));
  return g_ascii_strdown (g_strstrip (bare), -1);
}

GPtrArray *
terrane_index_page_parse (const char *url, const char *content_type, GBytes *data, GError **error)
{
  static const char *const json[] = { "application/vnd.pypi.simple.v1+json",
                                      "application/vnd.pypi.simple.latest+json", "application/json",
                                      NULL };
  static const char *const html[] = { "application/vnd.pypi.simple.v1+html",
                                      "application/vnd.pypi.simple.latest+html", "text/html",
                                      "application/xhtml+xml", NULL };
  g_autofree char *type = essence (content_type != NULL ? content_type : "text/html");
  if (g_strv_contains (json, type))
    return parse_json (url, data, error);
  if (g_strv_contains (html, type))
    return terrane_index_html_parse (url, data, error);
  g_autofree char *quoted = oci_quote (content_type);
  oci_throw (error, OCI_ERROR_FORMAT,
             "the index answered with the type %s, which is not a page of a package index", quoted);
  return NULL;
}
