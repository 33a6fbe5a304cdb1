/* A blob that arrives over HTTP in as many pieces as it takes: what pulls from registries and
 * downloads from other servers share. RFC 9110 section 14, "Range Requests". */
#pragma once

#include "oci/http/retry.h"
#include "oci/layout.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

/* Where a blob comes from. */
typedef struct
{
  const char *what;   /* for errors, such as "downloading the blob sha256:…" */
  const char *peer;   /* for errors, such as "the registry" */
  uint64_t max_bytes; /* 0: the blob's size is known; else it is not, and this is the limit */

  /* Sends GET once, with these headers and this receiver. (transfer full) (nullable) */
  OciHttpResponse *(*send) (gpointer data, const char *const *headers,
                            const OciHttpReceiver *receiver, GCancellable *cancellable,
                            GError **error);
  /* Sets @error to what an answer without the blob says. Returns: FALSE */
  gboolean (*refuse) (gpointer data, const OciHttpResponse *response, const char *what,
                      GError **error);
  gpointer data;
  OciRetry retry;
} OciResumeSource;

/**
 * oci_resume_fetch:
 * @blob: its digest, and its size unless @source has a limit instead
 * @progress: (nullable): its blob has the size that the server announced when @blob has none
 *
 * Fetches a blob that @layout lacks. What an earlier attempt left is continued, in this process or
 * another; broken connections and busy servers are tried again as retry.h says.
 */
gboolean oci_resume_fetch (const OciResumeSource *source, OciLayout *layout,
                           const OciDescriptor *blob, OciTransferProgress progress,
                           gpointer progress_data, GCancellable *cancellable, GError **error);

G_END_DECLS
