#include "builder/python/index.h"

#include "builder/python/index-encoding.h"
#include "builder/python/index-link.h"
#include "builder/python/index-page.h"
#include "builder/python/wheel-name.h"
#include "oci/base/fd.h"
#include "oci/http/credentials.h"
#include "oci/http/retry.h"
#include "oci/http/url.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

enum
{
  MAX_PAGE_BYTES = 64 * 1024 * 1024, /* PyPI's largest pages have some 20 MB */
  HASTY_SECONDS = 30,                /* pip's limit for silence is 15 s */
};

static gboolean
begin_page (gpointer data, G_GNUC_UNUSED const OciHttpResponse *response,
            G_GNUC_UNUSED GError **error)
{
  g_byte_array_set_size (data, 0); /* from a failed attempt */
  return TRUE;
}

static gboolean
take_page (gpointer data, const void *bytes, size_t len, GError **error)
{
  GByteArray *page = data;
  if (len > MAX_PAGE_BYTES - page->len)
    return oci_throw (error, OCI_ERROR_LIMIT, "the page has more than %d bytes", MAX_PAGE_BYTES);
  g_byte_array_append (page, bytes, (guint) len);
  return TRUE;
}

/* Returns the page's URL below the index's; for a single page the URL as it is. */
static char *
page_url (const char *bare_url, const char *name)
{
  if (name == NULL)
    return g_strndup (bare_url, strcspn (bare_url, "#"));
  g_autofree char *base = g_strndup (bare_url, strcspn (bare_url, "?#"));
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  for (size_t len = strlen (base); len > 0 && base[len - 1] == '/'; len--)
    base[len - 1] = '\0';
  return g_strconcat (base, "/", escaped, "/", NULL);
}

/* One project's page, or a page of links, over HTTP. */
typedef struct
{
  OciHttpClient *client;
  TerraneIndexRequest *request;
  gboolean is_index; /* else a page of links */
  GCancellable *cancellable;
  GByteArray *page;
  OciSecret *authorization; /* (nullable) */
} Fetch;

static void
fetch_clear (Fetch *self)
{
  g_clear_pointer (&self->authorization, oci_secret_free);
  g_clear_pointer (&self->page, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fetch, fetch_clear)

static gboolean
check_status (const Fetch *self, const OciHttpResponse *response, GError **error)
{
  unsigned status = response->status;
  const char *what = self->is_index ? "the index" : "the server";
  if (status == 200)
    return TRUE;
  if (status == 404 || status == 410)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      self->is_index ? "the index has no such project (HTTP %u)"
                                     : "there is no such page (HTTP %u)",
                      status);
  if ((status == 401 || status == 403) && self->authorization != NULL)
    return oci_throw (error, OCI_ERROR_DENIED, "%s refuses the user and password (HTTP %u)", what,
                      status);
  if (status == 401 || status == 403)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "%s wants a login (HTTP %u); put the user and password in its URL, as "
                      "https://USER:PASSWORD@HOST/simple, or into ~/.netrc",
                      what, status);
  gboolean later = status == 408 || status == 429 || status >= 500;
  return oci_throw (error,
                    later           ? OCI_ERROR_NETWORK
                    : status >= 400 ? OCI_ERROR_DENIED
                                    : OCI_ERROR_FORMAT,
                    "unexpected answer of %s (HTTP %u)%s", what, status,
                    later ? "; try again later" : "");
}

static char *
authorize (const TerraneIndexRequest *self, const char *url, gboolean is_named)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  return self->netrc != NULL && oci_url_origin (url, &origin, NULL)
             ? oci_netrc_authorize (self->netrc, origin.host, is_named)
             : NULL;
}

/* Further attempts follow if they may help. */
static OciHttpResponse *
request_patiently (Fetch *self, const OciHttpRequest *request, GError **error)
{
  OciRetry retry = { .client = self->client, .what = "the package index" };
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response =
          oci_http_client_send (self->client, request, self->cancellable, &local);
      if (!self->request->hasty && oci_retry_again (&retry, response, self->cancellable, &local))
        continue;
      if (local == NULL)
        return g_steal_pointer (&response);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
}

static OciHttpResponse *
request_page (Fetch *self, const char *url, GError **error)
{
  static const char *const headers[] = { TERRANE_INDEX_ACCEPT, TERRANE_INDEX_ACCEPT_ENCODING,
                                         NULL };
  const OciHttpReceiver receiver = { .begin = begin_page, .write = take_page, .data = self->page };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.headers = headers;
  request.authorization = self->authorization;
  request.receiver = &receiver;
  request.timeout_seconds = self->request->hasty ? HASTY_SECONDS : 0;
  return request_patiently (self, &request, error);
}

/* A redirect to another origin gets no password; ~/.netrc may have one for it, as with pip. */
static OciHttpResponse *
request_beyond (Fetch *self, OciHttpResponse *response, const char *url, GError **error)
{
  g_auto (OciUrlOrigin) asked = { 0 }, answered = { 0 };
  if ((response->status != 401 && response->status != 403) || !oci_url_origin (url, &asked, NULL)
      || !oci_url_origin (response->url, &answered, NULL)
      || oci_url_same_origin (&asked, &answered))
    return response;
  char *authorization = authorize (self->request, response->url, FALSE);
  if (authorization == NULL)
    return response;
  g_autofree char *next = g_strdup (response->url);
  oci_http_response_free (response);
  oci_secret_free (self->authorization);
  self->authorization = authorization;
  return request_page (self, next, error);
}

static gboolean
fetch_page (Fetch *self, const char *url, GPtrArray **out_files, GError **error)
{
  OciHttpResponse *first = request_page (self, url, error);
  g_autoptr (OciHttpResponse) response =
      first != NULL ? request_beyond (self, first, url, error) : NULL;
  if (response == NULL)
    return FALSE;
  self->request->status = response->status;
  self->request->authorized = self->authorization != NULL;
  if (!check_status (self, response, error))
    return FALSE;
  g_autoptr (GBytes) data = g_byte_array_free_to_bytes (g_steal_pointer (&self->page));
  g_autoptr (GBytes) page = terrane_index_decode (
      oci_http_response_header (response, "content-encoding"), data, MAX_PAGE_BYTES, error);
  if (page == NULL)
    return FALSE;
  const char *type = oci_http_response_header (response, "content-type");
  *out_files = terrane_index_page_parse (response->url, type, page, error);
  return *out_files != NULL;
}

gboolean
terrane_index_is_local (const char *index_url)
{
  return g_ascii_strncasecmp (index_url, "file:", strlen ("file:")) == 0;
}

/* Whether the place is a wheel itself instead of a page, which pip allows; then it is the only
 * file. */
static gboolean
offer_itself (const char *url, GPtrArray **out_files)
{
  g_autoptr (TerraneIndexFile) file = terrane_index_link_read (url, url, NULL);
  if (file == NULL || !terrane_wheel_name_is_wheel (file->file_name))
    return FALSE;
  *out_files = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  g_ptr_array_add (*out_files, g_steal_pointer (&file));
  return TRUE;
}

/* The page of a directory is its index.html. */
static gboolean
read_page (const char *path, const char *url, GPtrArray **out_files, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  gboolean is_directory = g_file_test (path, G_FILE_TEST_IS_DIR);
  g_autofree char *page = is_directory ? g_build_filename (path, "index.html", NULL) : NULL;
  g_autofree char *base = g_strconcat (url, is_directory ? "/" : "", NULL);
  if (oci_read_file (AT_FDCWD, page != NULL ? page : path, MAX_PAGE_BYTES, &data, &local))
    {
      *out_files = terrane_index_page_parse (base, NULL, data, error);
      return *out_files != NULL;
    }
  if (is_directory && g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return terrane_index_list_directory (path, out_files, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
terrane_index_read (const char *index_url, const char *normalised_name, GPtrArray **out_files,
                    GError **error)
{
  g_autofree char *url = page_url (index_url, normalised_name);
  url[strlen (url) - (g_str_has_suffix (url, "/") ? 1 : 0)] = '\0';
  g_autofree char *host = NULL;
  g_autofree char *path = g_filename_from_uri (url, &host, NULL);
  if (path == NULL || (host != NULL && g_ascii_strcasecmp (host, "localhost") != 0))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "expected a URL as file:///absolute/path, without another host");
  if (normalised_name == NULL && g_file_test (path, G_FILE_TEST_IS_REGULAR)
      && offer_itself (url, out_files))
    return TRUE;
  if (normalised_name != NULL && !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *root = g_path_get_dirname (path);
      return oci_throw (error, OCI_ERROR_NOT_FOUND,
                        g_file_test (root, G_FILE_TEST_IS_DIR) ? "the index has no such project"
                                                               : "there is no such directory");
    }
  return read_page (path, url, out_files, error);
}

gboolean
terrane_index_fetch (OciHttpClient *client, const char *index_url, const char *normalised_name,
                     TerraneIndexRequest *request, GCancellable *cancellable, GPtrArray **out_files,
                     GError **error)
{
  g_autofree char *bare = NULL;
  g_auto (Fetch) fetch = { .client = client,
                           .request = request,
                           .is_index = normalised_name != NULL,
                           .cancellable = cancellable };
  request->status = 0;
  if (terrane_index_is_local (index_url))
    return terrane_index_read (index_url, normalised_name, out_files, error);
  if (normalised_name == NULL && offer_itself (index_url, out_files))
    return TRUE;
  if (!oci_url_take_user (index_url, &bare, &fetch.authorization, error))
    return FALSE;
  if (fetch.authorization == NULL)
    fetch.authorization = authorize (request, bare, TRUE);
  g_autofree char *url = page_url (bare, normalised_name);
  fetch.page = g_byte_array_new ();
  return fetch_page (&fetch, url, out_files, error);
}

gboolean
terrane_index_list_directory (const char *path, GPtrArray **out_files, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (AT_FDCWD, path, TRUE, &names, error))
    {
      g_prefix_error (error, "the directory of wheels cannot be read: ");
      return FALSE;
    }
  g_autoptr (GPtrArray) files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  for (guint i = 0; i < names->len; i++)
    {
      GStatBuf status;
      const char *name = names->pdata[i];
      g_autofree char *full = g_build_filename (path, name, NULL);
      if (!g_str_has_suffix (name, ".whl"))
        continue;
      if (g_stat (full, &status) != 0)
        {
          g_autofree char *file = oci_quote (full);
          return oci_throw_errno (error, "%s", file);
        }
      if (!S_ISREG (status.st_mode))
        continue;
      TerraneIndexFile *file = g_new0 (TerraneIndexFile, 1);
      file->file_name = g_strdup (name);
      file->url = g_steal_pointer (&full);
      file->local = TRUE;
      file->size = (uint64_t) status.st_size;
      g_ptr_array_add (files, file);
    }
  *out_files = g_steal_pointer (&files);
  return TRUE;
}
