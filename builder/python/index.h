/* Where files of a project are to be had: a package index (PEP 503, 691), or a directory. */
#pragma once

#include "builder/python/index-file.h"
#include "oci/registry/http.h"

G_BEGIN_DECLS

/**
 * terrane_index_fetch:
 * @index_url: such as "https://pypi.org/simple"; may have a user and password in it, which appear
 *   neither in messages nor in the URLs of the files
 * @normalised_name: see terrane_python_normalise_name()
 * @cancellable: (nullable)
 * @out_files: (out) (transfer full) (element-type TerraneIndexFile): in the order of the page
 *
 * Asks an index for the files of one project. Broken connections and busy servers are tried again,
 * see oci_retry_again().
 *
 * Returns: success; else %OCI_ERROR_NOT_FOUND (it has no such project), %OCI_ERROR_DENIED,
 *   %OCI_ERROR_LIMIT (a page of more than 64 MiB), and what oci_http_client_send() and
 *   terrane_index_page_parse() say
 */
gboolean terrane_index_fetch (OciHttpClient *client, const char *index_url,
                              const char *normalised_name, GCancellable *cancellable,
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
