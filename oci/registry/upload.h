/* Uploads one blob to a repository: distribution-spec v1.1 "Pushing blobs".
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

typedef struct
{
  OciRegistry *registry;
  OciLayout *layout; /* has the blob, unless the registry does */
  const OciDescriptor *blob;
  const char *source;           /* (nullable): repository on the same registry to mount it from */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciUpload;

/**
 * oci_upload_find:
 * @out_there: (out): whether the repository has the blob now, possibly by mounting it
 * @out_state: (out): EXISTS or MOUNTED if so
 * @out_location: (out) (transfer full) (nullable): where to send it, if an attempt to mount it
 *   opened an upload instead
 *
 * Asks for the blob, and tries to mount it. A refused mount is not an error.
 *
 * Errors: see the head.
 */
gboolean oci_upload_find (const OciUpload *self, GCancellable *cancellable, gboolean *out_there,
                          OciTransferState *out_state, char **out_location, GError **error);

/**
 * oci_upload_open_ahead:
 * Opens an upload for a blob that is probably missing, without waiting for oci_upload_find(). If
 * the registry refuses or fails, oci_upload_send() asks again and reports why.
 *
 * Returns: (transfer full) (nullable): for oci_upload_send()
 */
char *oci_upload_open_ahead (const OciUpload *self, GCancellable *cancellable);

/**
 * oci_upload_send:
 * @location: (nullable): from oci_upload_find() or oci_upload_open_ahead(); otherwise an upload is
 *   opened
 * @out_state: (out): DONE, or EXISTS if another client was faster
 *
 * Sends the blob in one request. If that fails, asks the registry whether it arrived nevertheless,
 * and otherwise sends it again.
 *
 * Errors: see the head.
 */
gboolean oci_upload_send (const OciUpload *self, const char *location, GCancellable *cancellable,
                          OciTransferState *out_state, GError **error);

/** Whether the digest that @response names, if any, is @expected. Errors: %OCI_ERROR_CORRUPT. */
gboolean oci_upload_check_digest (const OciHttpResponse *response, const OciDigest *expected,
                                  const char *what, GError **error);

G_END_DECLS
