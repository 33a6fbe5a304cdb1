/* A file from a web server, known by its digest. */
#pragma once

#include "oci/http/http.h"
#include "oci/layout.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

#define OCI_DOWNLOAD_MAX_BYTES (UINT64_C (10) * 1024 * 1024 * 1024)

typedef struct
{
  const char *url;           /* https, or http where the client allows it; a user and password in
                              * it are sent to its origin, and shown nowhere */
  const char *authorization; /* (nullable): value of the Authorization header, instead of a user in
                              * @url; sent to the origin of @url only */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciDownloadOptions;

/**
 * oci_download:
 * @layout: receives the blob
 * @blob: its digest, and its size or 0 when that is unknown
 *
 * Fetches a blob that @layout lacks, as oci_resume_fetch() does.
 *
 * The error is %OCI_ERROR_CORRUPT when the server has another file, %OCI_ERROR_NOT_FOUND for 404
 * and 410, %OCI_ERROR_DENIED for other refusals, %OCI_ERROR_LIMIT for more than
 * %OCI_DOWNLOAD_MAX_BYTES, or what oci_http_client_send() says.
 */
gboolean oci_download (OciHttpClient *client, const OciDownloadOptions *options, OciLayout *layout,
                       const OciDescriptor *blob, GCancellable *cancellable, GError **error);

G_END_DECLS
