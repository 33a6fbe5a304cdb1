#include "builder/python/index.h"

#include "builder/python/index-page.h"
#include "oci/registry/credentials.h"
#include "oci/registry/retry.h"
#include "oci/registry/url.h"

#include <glib/gstdio.h>
#include <string.h>

enum
{
  MAX_PAGE_BYTES = 64 * 1024 * 1024, /* PyPI's largest have some 20 MB */
};

static gboolean
begin_page (gpointer data, G_GNUC_UNUSED const OciHttpResponse *response,
            G_GNUC_UNUSED GError **error)
{
  g_byte_array_set_size (data, 0); /* of an attempt that broke */
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

/* The page's URL below the index's. */
static char *
page_url (const char *bare_url, const char *name)
{
  g_autofree char *base = g_strndup (bare_url, strcspn (bare_url, "?#"));
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  for (size_t len = strlen (base); len > 0 && base[len - 1] == '/'; len--)
    base[len - 1] = '\0';
  return g_strconcat (base, "/", escaped, "/", NULL);
}

static gboolean
check_status (const OciHttpResponse *response, gboolean authorized, GError **error)
{
  unsigned status = response->status;
  if (status == 200)
    return TRUE;
  if (status == 404 || status == 410)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "the index has no such project (HTTP %u)",
                      status);
  if (status == 401 || status == 403)
    return oci_throw (error, OCI_ERROR_DENIED,
                      authorized ? "the index refuses the user and password in its URL (HTTP %u)"
                                 : "the index wants a login (HTTP %u); put the user and password "
                                   "in its URL, as https://USER:PASSWORD@HOST/simple",
                      status);
  gboolean later = status == 408 || status == 429 || status >= 500;
  return oci_throw (error,
                    later           ? OCI_ERROR_NETWORK
                    : status >= 400 ? OCI_ERROR_DENIED
                                    : OCI_ERROR_FORMAT,
                    "unexpected answer of the index (HTTP %u)%s", status,
                    later ? "; try again later" : "");
}

static OciHttpResponse *
request_patiently (OciHttpClient *client, const OciHttpRequest *request, GCancellable *cancellable,
                   GError **error)
{
  OciRetry retry = { .client = client, .what = "the package index" };
  for (;;)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response =
          oci_http_client_send (client, request, cancellable, &local);
      if (oci_retry_again (&retry, response, cancellable, &local))
        continue;
      if (local == NULL)
        return g_steal_pointer (&response);
      oci_retry_spend (local);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
}

gboolean
terrane_index_fetch (OciHttpClient *client, const char *index_url, const char *normalised_name,
                     GCancellable *cancellable, GPtrArray **out_files, GError **error)
{
  static const char *const headers[] = { TERRANE_INDEX_ACCEPT, NULL };
  g_autofree char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (!oci_url_take_user (index_url, &bare, &authorization, error))
    return FALSE;
  g_autofree char *url = page_url (bare, normalised_name);
  g_autofree char *quoted = oci_url_quote (url);
  OCI_PREFIX (error, "%s", quoted);
  g_autoptr (GByteArray) page = g_byte_array_new ();
  const OciHttpReceiver receiver = { .begin = begin_page, .write = take_page, .data = page };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.headers = headers;
  request.authorization = authorization;
  request.receiver = &receiver;
  g_autoptr (OciHttpResponse) response = request_patiently (client, &request, cancellable, error);
  if (response == NULL || !check_status (response, authorization != NULL, error))
    return FALSE;
  g_autoptr (GBytes) data = g_byte_array_free_to_bytes (g_steal_pointer (&page));
  GPtrArray *files = terrane_index_page_parse (
      response->url, oci_http_response_header (response, "content-type"), data, error);
  if (files == NULL)
    return FALSE;
  *out_files = files;
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const TerraneIndexFile *const *left = a, *const *right = b;
  return strcmp ((*left)->file_name, (*right)->file_name);
}

gboolean
terrane_index_list_directory (const char *path, GPtrArray **out_files, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *quoted = oci_quote (path);
  g_autoptr (GDir) directory = g_dir_open (path, 0, &local);
  if (directory == NULL)
    {
      gboolean missing = g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT);
      return oci_throw (error, missing ? OCI_ERROR_NOT_FOUND : OCI_ERROR_IO,
                        "the directory of wheels %s cannot be read: %s", quoted, local->message);
    }
  g_autoptr (GPtrArray) files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  for (const char *name; (name = g_dir_read_name (directory)) != NULL;)
    {
      GStatBuf status;
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
      file->size = (uint64_t) status.st_size;
      g_ptr_array_add (files, file);
    }
  g_ptr_array_sort (files, compare_names);
  *out_files = g_steal_pointer (&files);
  return TRUE;
}
