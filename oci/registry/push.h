/* Sending an image from a layout to a registry: distribution-spec v1.1 "Push". */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"

G_BEGIN_DECLS

typedef enum
{
  OCI_TRANSFER_EXISTS,    /* the registry has the blob: nothing to send */
  OCI_TRANSFER_UPLOADING, /* @done bytes were sent; goes back to 0 when an upload must be repeated
                           */
  OCI_TRANSFER_DONE,
} OciTransferState;

/**
 * OciTransferProgress:
 * @blob: config or layer
 * @done, @total: bytes of this blob
 *
 * Called for every blob at least once, with EXISTS or DONE last. Calls come from several threads at
 * the same time; those about one blob come from one thread.
 */
typedef void (*OciTransferProgress) (gpointer data, const OciDigest *blob, OciTransferState state,
                                     uint64_t done, uint64_t total);

typedef struct
{
  const char *tag;              /* (nullable): %NULL pushes by digest only */
  unsigned jobs;                /* blobs under way at the same time, at least 1 */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciPushOptions;

typedef struct
{
  OciDigest digest;   /* of the manifest */
  gboolean unchanged; /* the tag named this manifest already: nothing was looked at or sent */
  unsigned blobs_uploaded;
  unsigned blobs_existing;
  uint64_t bytes_uploaded;
  uint64_t bytes_existing;
} OciPushReport;

/**
 * oci_registry_push:
 * @self: with %OCI_REGISTRY_PUSH
 * @manifest: an image manifest in @layout; its bytes are sent exactly as they are stored
 * @out_report: (out): what was done
 *
 * Blobs first, each in one request that streams from the layout, then the manifest; so a tag never
 * names an image that is not there. Blobs that exist are skipped, and when the tag has the same
 * digest already nothing is sent at all, which also makes pushing to an immutable tag again
 * succeed.
 *
 * Returns: %FALSE with "docker://HOST/REPOSITORY: …" in @error. The registry keeps what had
 * arrived, so a second push continues there.
 */
gboolean oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                            const OciPushOptions *options, GCancellable *cancellable,
                            OciPushReport *out_report, GError **error);

G_END_DECLS
