/* Moves several blobs concurrently: shared by pull and push. */
#pragma once

#include "oci/descriptor.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  OCI_TRANSFER_EXISTS,  /* it exists: nothing to move */
  OCI_TRANSFER_MOUNTED, /* the registry took it from another repository */
  OCI_TRANSFER_RUNNING, /* @done bytes were moved; decreases if bytes must be sent again */
  OCI_TRANSFER_DONE,
} OciTransferState;

/**
 * @blob: config or layer
 * @done: bytes of this blob
 *
 * Called for every blob at least once, the last time with a state other than RUNNING. Calls come
 * from several threads concurrently; those about one blob come from one thread.
 */
typedef void (*OciTransferProgress) (gpointer data, const OciDescriptor *blob,
                                     OciTransferState state, uint64_t done);

/**
 * OciTransferFunc:
 * @stop: triggered by the user, or by the failure of another blob
 *
 * Moves one blob; called on several threads.
 */
typedef gboolean (*OciTransferFunc) (gpointer data, const OciDescriptor *blob, GCancellable *stop,
                                     GError **error);

/**
 * oci_transfer_blobs:
 * @blobs: (element-type OciDescriptor): equal ones are moved once
 * @jobs: maximal number of concurrent blobs, at least 1
 *
 * Begins with large blobs, so that the last ones are short. The first failure stops the others.
 *
 * Errors: the first of @func; %OCI_ERROR_CANCELLED.
 */
gboolean oci_transfer_blobs (const GPtrArray *blobs, unsigned jobs, OciTransferFunc func,
                             gpointer data, GCancellable *cancellable, GError **error);

G_END_DECLS
