/* A blob that arrives in pieces, if need be over several processes. The received part is kept under
 * LAYOUT/partial/ until the blob is complete, verified and published; readers of the layout do not
 * see it. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/* For one thread. */
typedef struct _OciPartial OciPartial;

/**
 * oci_partial_open:
 * @layout: must outlive @self
 * @blob: size and digest that the whole must have
 *
 * Continues with the part that an earlier attempt left. If another process is working on the same
 * blob, this one starts from the beginning in a file of its own.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO.
 */
OciPartial *oci_partial_open (OciLayout *layout, const OciDescriptor *blob, GError **error);

/**
 * oci_partial_open_unsized:
 * @max_bytes: more is refused with %OCI_ERROR_LIMIT
 *
 * Like oci_partial_open(), for a blob of unknown size: only the digest decides.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO.
 */
OciPartial *oci_partial_open_unsized (OciLayout *layout, const OciDigest *digest,
                                      uint64_t max_bytes, GError **error);

/** Keeps the received part for the next attempt, unless it was finished. */
void oci_partial_free (OciPartial *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciPartial, oci_partial_free)

/** Number of bytes received, where to continue. */
uint64_t oci_partial_size (const OciPartial *self);

/** Appends bytes. %OCI_ERROR_CORRUPT if the blob becomes larger than it should be; %OCI_ERROR_LIMIT
 * if one of unknown size exceeds its limit; %OCI_ERROR_IO. */
gboolean oci_partial_write (OciPartial *self, const void *data, size_t len, GError **error);

/** Discards everything that was received. Errors: %OCI_ERROR_IO. */
gboolean oci_partial_restart (OciPartial *self, GError **error);

/** Verifies size (if known) and digest, and publishes the blob. Other content is discarded, with
 * %OCI_ERROR_CORRUPT. Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean oci_partial_finish (OciPartial *self, GError **error);

/** Removes what interrupted downloads left; no download may be running. Errors: %OCI_ERROR_IO. */
gboolean oci_partial_remove_all (OciLayout *layout, GError **error);

G_END_DECLS
