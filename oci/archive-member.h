/* Walking through an archive that holds an image, one pass, members straight into a layout. */
#pragma once

#include "oci/archive-reader.h"
#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * oci_archive_foreach:
 * @expected: (nullable): what the file must digest to: it fails when another one is there by now
 * @layout: where the members go, which says how much they may unpack to
 *
 * Calls @func for every member of the archive file @path; a leading slash of a name is dropped.
 */
gboolean oci_archive_foreach (const char *path, const OciDigest *expected, OciLayout *layout,
                              OciMemberFunc func, gpointer data, GError **error);

/**
 * oci_archive_import_member:
 * @expected: (nullable): what the content must digest to
 * @out_digest, @out_size: (out) (optional)
 *
 * Copies the current member into @layout as a blob.
 */
gboolean oci_archive_import_member (OciArchiveReader *reader, OciLayout *layout,
                                    const OciDigest *expected, OciDigest *out_digest,
                                    uint64_t *out_size, GError **error);

/** Reads the current member, a document of at most 16 MiB. Returns: (transfer full) (nullable) */
GBytes *oci_archive_read_member (OciArchiveReader *reader, uint64_t size, GError **error);

G_END_DECLS
