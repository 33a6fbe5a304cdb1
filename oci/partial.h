/* A blob that arrives in pieces and may take several processes to arrive whole. What is there so
 * far stays under LAYOUT/partial/ until the blob is complete, verified and published; a layout's
 * readers do not see it. */
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
 * Continues with what an earlier attempt left. While another process works on the same blob, this
 * one starts from nothing, in a file of its own.
 *
 * Returns: (transfer full) (nullable)
 */
OciPartial *oci_partial_open (OciLayout *layout, const OciDescriptor *blob, GError **error);

/**
 * oci_partial_open_unsized:
 * @max_bytes: more is refused: %OCI_ERROR_LIMIT
 *
 * The same for a blob whose size nobody knows: only the digest decides.
 */
OciPartial *oci_partial_open_unsized (OciLayout *layout, const OciDigest *digest,
                                      uint64_t max_bytes, GError **error);

/** Keeps what has arrived for the next attempt unless it was finished. */
void oci_partial_free (OciPartial *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciPartial, oci_partial_free)

/** Bytes that are there: where to continue. */
uint64_t oci_partial_size (const OciPartial *self);

/** Appends; %OCI_ERROR_CORRUPT when that makes the blob larger than it should be,
 * %OCI_ERROR_LIMIT when it is larger than what is allowed for one of unknown size. */
gboolean oci_partial_write (OciPartial *self, const void *data, size_t len, GError **error);

/** Forgets everything that has arrived. */
gboolean oci_partial_restart (OciPartial *self, GError **error);

/**
 * oci_partial_finish:
 *
 * Verifies size (if known) and digest and publishes the blob; with other content it is dropped:
 * %OCI_ERROR_CORRUPT.
 */
gboolean oci_partial_finish (OciPartial *self, GError **error);

/** Removes what interrupted downloads left; nobody may be downloading. */
gboolean oci_partial_remove_all (OciLayout *layout, GError **error);

G_END_DECLS
