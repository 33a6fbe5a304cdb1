/* Several blobs under way at the same time: what pull and push share. */
#pragma once

#include "oci/descriptor.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  OCI_TRANSFER_EXISTS,  /* it is there already: nothing to move */
  OCI_TRANSFER_MOUNTED, /* the registry took it from another repository */
  OCI_TRANSFER_RUNNING, /* @done bytes were moved; goes back when bytes must be sent again */
  OCI_TRANSFER_DONE,
} OciTransferState;

/**
 * OciTransferProgress:
 * @blob: config or layer
 * @done, @total: bytes of this blob
 *
 * Called for every blob at least once, with a state other than RUNNING last. Calls come from
 * several threads at the same time; those about one blob come from one thread.
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
 * @jobs: how many at the same time, at least 1
 *
 * Large ones first, so that what is left for the end is short. The first failure stops the others.
 */
gboolean oci_transfer_blobs (const GPtrArray *blobs, unsigned jobs, OciTransferFunc func,
                             gpointer data, GCancellable *cancellable, GError **error);

G_END_DECLS
