/* Reads the members of a zip file in the order of the file, using its verified directory; verifies
 * checksum and size of each.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO. */
#pragma once

#include "oci/raw-member.h"
#include "oci/zip-directory.h"

G_BEGIN_DECLS

typedef struct _OciZipReader OciZipReader;

/**
 * oci_zip_reader_new:
 * @fd: seekable; borrowed, must outlive the reader; its offset is not used
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciZipReader *oci_zip_reader_new (int fd, GError **error);
void oci_zip_reader_free (OciZipReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciZipReader, oci_zip_reader_free)

/** Reads the next member into @out, which must be empty. Errors: see the head. */
gboolean oci_zip_reader_next (OciZipReader *self, OciRawMember *out, gboolean *out_end,
                              GError **error);

/** Reads content of the member; *@out_read is 0 at its end. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT. */
gboolean oci_zip_reader_read (OciZipReader *self, void *buffer, size_t len, size_t *out_read,
                              GError **error);

/** Returns: (transfer none) (nullable): a name that is neither ASCII nor marked as UTF-8: Python
 * reads it as code page 437 */
const char *oci_zip_reader_ambiguous_name (const OciZipReader *self);

G_END_DECLS
