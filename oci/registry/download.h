/* Downloads a file of known digest from a web server. */
#pragma once

#include "oci/http/http.h"
#include "oci/layout.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

#define OCI_DOWNLOAD_MAX_BYTES (UINT64_C (10) * 1024 * 1024 * 1024)

typedef struct
{
  const char *url; /* https, or http if the client allows it; a user and password in it are sent to
                      its origin, and shown nowhere */
  const char *authorization; /* (nullable): value of the Authorization header, replacing a user in
                                @url; sent to the origin of @url only */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciDownloadOptions;

/**
 * oci_download:
 * @layout: receives the blob
 * @blob: its digest, and its size or 0 if that is unknown
 *
 * Fetches a blob that @layout lacks, as oci_resume_fetch() does.
 *
 * Errors: %OCI_ERROR_CORRUPT if the server has another file, %OCI_ERROR_NOT_FOUND for 404 and 410,
 *   %OCI_ERROR_DENIED for other refusals, %OCI_ERROR_LIMIT for more than %OCI_DOWNLOAD_MAX_BYTES,
 *   %OCI_ERROR_IO, or those of oci_http_client_send(): %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_FORMAT, %OCI_ERROR_CANCELLED.
 */
gboolean oci_download (OciHttpClient *client, const OciDownloadOptions *options, OciLayout *layout,
                       const OciDescriptor *blob, GCancellable *cancellable, GError **error);

G_END_DECLS
