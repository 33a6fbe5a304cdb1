/* One blob into a repository: distribution-spec v1.1 "Pushing blobs". */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

typedef struct
{
  OciRegistry *registry;
  OciLayout *layout; /* that has the blob, unless the registry does */
  const OciDescriptor *blob;
  const char *source;           /* (nullable): repository on the same registry to mount it from */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciUpload;

/**
 * oci_upload_find:
 * @out_there: (out): whether the repository has the blob now, having mounted it when it could
 * @out_state: (out): EXISTS or MOUNTED when it is there
 * @out_location: (out) (transfer full) (nullable): where to send it to, when an attempt to mount it
 *   opened an upload instead
 *
 * Asks for the blob, and tries to mount it. A mount that is refused is not an error.
 */
gboolean oci_upload_find (const OciUpload *self, GCancellable *cancellable, gboolean *out_there,
                          OciTransferState *out_state, char **out_location, GError **error);

/**
 * oci_upload_open_ahead:
 *
 * Opens an upload for a blob that is probably missing, without waiting for what oci_upload_find()
 * says. A registry that refuses or fails is asked again by oci_upload_send(), which says why.
 *
 * Returns: (transfer full) (nullable): for oci_upload_send()
 */
char *oci_upload_open_ahead (const OciUpload *self, GCancellable *cancellable);

/**
 * oci_upload_send:
 * @location: (nullable): of oci_upload_find() or oci_upload_open_ahead(), else an upload is opened
 * @out_state: (out): DONE, or EXISTS when somebody else was quicker
 *
 * Sends the blob in one request. When that breaks, the registry is asked whether it arrived all the
 * same, and if not, it is sent again.
 */
gboolean oci_upload_send (const OciUpload *self, const char *location, GCancellable *cancellable,
                          OciTransferState *out_state, GError **error);

/** The digest that @response names must be @expected, if it names one. */
gboolean oci_upload_check_digest (const OciHttpResponse *response, const OciDigest *expected,
                                  const char *what, GError **error);

G_END_DECLS
