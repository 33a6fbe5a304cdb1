/* Where files of a project are to be had: a package index (PEP 503, 691), or a directory. */
#pragma once

#include "builder/python/index-file.h"
#include "oci/http/http.h"
#include "oci/http/netrc.h"

G_BEGIN_DECLS

typedef struct
{
  const OciNetrc *netrc; /* (nullable): where the URL has no user */
  gboolean hasty;        /* one attempt, which may not last: another index may have it */

  unsigned status;     /* (out): of the answer; 0 without one */
  gboolean authorized; /* (out): whether a user and password were sent */
} TerraneIndexRequest;

/**
 * terrane_index_fetch:
 * @index_url: such as "https://pypi.org/simple", or a file URL of a directory; may have a user and
 *   password in it, which appear neither in messages nor in the URLs of the files
 * @normalised_name: (nullable): see terrane_python_normalise_name(); with %NULL @index_url is
 * itself a page with links to files of any projects
 * @cancellable: (nullable)
 * @out_files: (out) (transfer full) (element-type TerraneIndexFile): in the order of the page
 *
 * Asks an index for the files of one project. Broken connections and busy servers are tried again,
 * see oci_retry_again(), unless @request says otherwise. Of a directory the page is its
 * index.html.
 *
 * Returns: success; else %OCI_ERROR_NOT_FOUND (it has no such project), %OCI_ERROR_DENIED,
 *   %OCI_ERROR_LIMIT (a page of more than 64 MiB), and what oci_http_client_send() and
 *   terrane_index_page_parse() say
 */
gboolean terrane_index_fetch (OciHttpClient *client, const char *index_url,
                              const char *normalised_name, TerraneIndexRequest *request,
                              GCancellable *cancellable, GPtrArray **out_files, GError **error);

/** Whether an index or a page is here: a file URL. */
gboolean terrane_index_is_local (const char *index_url);

/** terrane_index_fetch() of a file URL, without a client. */
gboolean terrane_index_read (const char *index_url, const char *normalised_name,
                             GPtrArray **out_files, GError **error);

/**
 * terrane_index_list_directory:
 * @path: a directory
 * @out_files: (out) (transfer full) (element-type TerraneIndexFile): by name; @url is a path, and
 *   there is no digest
 *
 * Lists the wheels in a directory, which are regular files or links to them; no subdirectories.
 *
 * Returns: success; else %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO
 */
gboolean terrane_index_list_directory (const char *path, GPtrArray **out_files, GError **error);

G_END_DECLS
