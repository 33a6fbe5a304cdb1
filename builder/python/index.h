/* Finds the files of a project in a package index (PEP 503, 691), or in a directory. */
#pragma once

#include "builder/python/index-file.h"
#include "oci/http/http.h"
#include "oci/http/netrc.h"

G_BEGIN_DECLS

typedef struct
{
  const OciNetrc *netrc; /* (nullable): used if the URL has no user */
  gboolean hasty;        /* makes one short attempt, since another index may have the file */

  unsigned status;     /* (out): of the answer; 0 without one */
  gboolean authorized; /* (out): whether a user and password were sent */
} TerraneIndexRequest;

/**
 * terrane_index_fetch:
 * @index_url: such as "https://pypi.org/simple", or a file URL of a directory; may contain a user
 *   and password, which appear neither in messages nor in the URLs of the files
 * @normalised_name: (nullable): see terrane_python_normalise_name(); %NULL if @index_url itself is
 *   a page with links to files of any projects
 * @cancellable: (nullable)
 * @out_files: (out) (transfer full) (element-type TerraneIndexFile): in the order of the page
 *
 * Requests the files of one project from an index. Broken connections and busy servers are retried,
 * see oci_retry_again(), unless @request is hasty. The page of a directory is its index.html.
 *
 * Errors: %OCI_ERROR_NOT_FOUND (it does not have the project), %OCI_ERROR_DENIED, %OCI_ERROR_LIMIT
 *   (a page of more than 64 MiB); those of oci_http_client_send() and terrane_index_page_parse():
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_index_fetch (OciHttpClient *client, const char *index_url,
                              const char *normalised_name, TerraneIndexRequest *request,
                              GCancellable *cancellable, GPtrArray **out_files, GError **error);

/** Whether an index or a page is local: a file URL. */
gboolean terrane_index_is_local (const char *index_url);

/** Like terrane_index_fetch(), for a file URL. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
gboolean terrane_index_read (const char *index_url, const char *normalised_name,
                             GPtrArray **out_files, GError **error);

/**
 * terrane_index_list_directory:
 * @path: a directory
 * @out_files: (out) (transfer full) (element-type TerraneIndexFile): sorted by name; @url is a
 *   path, and there is no digest
 *
 * Lists the wheels in a directory, which are regular files or links to them, without
 * subdirectories.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_index_list_directory (const char *path, GPtrArray **out_files, GError **error);

G_END_DECLS
