/* Reads the members of a zip file in the order of the file, by its verified directory; the checksum
 * and size of each are verified. */
#pragma once

#include "oci/raw-member.h"
#include "oci/zip-directory.h"

G_BEGIN_DECLS

typedef struct _OciZipReader OciZipReader;

/**
 * oci_zip_reader_new:
 * @fd: seekable; borrowed, must outlive the reader; its offset is not used
 *
 * Returns: (transfer full) (nullable)
 */
OciZipReader *oci_zip_reader_new (int fd, GError **error);
void oci_zip_reader_free (OciZipReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciZipReader, oci_zip_reader_free)

/** The next member; @out is empty before. */
gboolean oci_zip_reader_next (OciZipReader *self, OciRawMember *out, gboolean *out_end,
                              GError **error);

/** Reads content of the member; *@out_read is 0 at its end. */
gboolean oci_zip_reader_read (OciZipReader *self, void *buffer, size_t len, size_t *out_read,
                              GError **error);

/** (nullable) (transfer none): a name that is neither ASCII nor said to be UTF-8: Python takes it
 * for code page 437 */
const char *oci_zip_reader_ambiguous_name (const OciZipReader *self);

G_END_DECLS
