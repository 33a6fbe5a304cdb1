/* Fetches a blob over HTTP in as many pieces as necessary: shared by pulls from registries and
 * downloads from other servers. RFC 9110 section 14, "Range Requests". */
#pragma once

#include "oci/http/retry.h"
#include "oci/layout.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

/* Source of a blob. */
typedef struct
{
  const char *what;   /* for errors, such as "downloading the blob sha256:…" */
  const char *peer;   /* for errors, such as "the registry" */
  uint64_t max_bytes; /* 0 if the blob's size is known; otherwise the limit */

  /* Sends GET once, with these headers and this receiver. (transfer full) (nullable) */
  OciHttpResponse *(*send) (gpointer data, const char *const *headers,
                            const OciHttpReceiver *receiver, GCancellable *cancellable,
                            GError **error);
  /* Sets @error to the reason in an answer without the blob. Returns: always FALSE */
  gboolean (*refuse) (gpointer data, const OciHttpResponse *response, const char *what,
                      GError **error);
  gpointer data;
  OciRetry retry;
} OciResumeSource;

/**
 * oci_resume_fetch:
 * @blob: its digest, and its size unless @source has a limit instead
 * @progress: (nullable): its blob has the size that the server announced if @blob has none
 *
 * Fetches a blob that @layout lacks. An earlier attempt is continued, in this process or another;
 * broken connections and busy servers are retried as in retry.h.
 *
 * Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_IO; those of @source.
 */
gboolean oci_resume_fetch (const OciResumeSource *source, OciLayout *layout,
                           const OciDescriptor *blob, OciTransferProgress progress,
                           gpointer progress_data, GCancellable *cancellable, GError **error);

G_END_DECLS
