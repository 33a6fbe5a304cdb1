/* Reads an archive that contains an image in one pass, and its members directly into a layout. */
#pragma once

#include "oci/archive-reader.h"
#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * oci_archive_foreach:
 * @path: the archive
 * @expected: (nullable): digest that the whole file must have, %OCI_ERROR_CORRUPT if the file has
 *   changed since
 * @layout: receives the members; its unpack limits apply
 * @func: called for each member; what it sets is returned
 *
 * Calls @func for every member; a leading slash of a name is removed.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
gboolean oci_archive_foreach (const char *path, const OciDigest *expected, OciLayout *layout,
                              OciMemberFunc func, gpointer data, GError **error);

/**
 * oci_archive_import_member:
 * @expected: (nullable): digest that the content must have
 * @out_digest, @out_size: (out) (optional)
 *
 * Copies the current member into @layout as a blob.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
gboolean oci_archive_import_member (OciArchiveReader *reader, OciLayout *layout,
                                    const OciDigest *expected, OciDigest *out_digest,
                                    uint64_t *out_size, GError **error);

/** Reads the current member, a document of at most 16 MiB. Returns: (transfer full). Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT. */
GBytes *oci_archive_read_member (OciArchiveReader *reader, uint64_t size, GError **error);

G_END_DECLS
