/* Reads tar: v7, ustar, star's variant, GNU and pax, with all four ways in which GNU tar and bsdtar
 * write sparse files. Names are the bytes of the archive. */
#pragma once

#include "oci/byte-reader.h"
#include "oci/raw-member.h"

G_BEGIN_DECLS

typedef struct _OciTarReader OciTarReader;

/** Whether @block, the first of the input, may begin a tar: a header, or the end of an empty one.
 */
gboolean oci_tar_reader_knows (const uint8_t *block, size_t len);

/**
 * oci_tar_reader_new:
 * @input: borrowed, must outlive the reader
 * @lenient: accepts anything after the end, and the absence of the blocks that mark it: for content
 *   whose digest is verified
 *
 * Returns: (transfer full)
 */
OciTarReader *oci_tar_reader_new (OciByteReader *input, gboolean lenient);
void oci_tar_reader_free (OciTarReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTarReader, oci_tar_reader_free)

/** Reads the next member into @out, which must be empty. At the end of the archive the rest of the
 * input is read. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT. */
gboolean oci_tar_reader_next (OciTarReader *self, OciRawMember *out, gboolean *out_end,
                              GError **error);

/** Returns the position of the current member's first header, or of the mark at the end. */
uint64_t oci_tar_reader_header_position (const OciTarReader *self);

/** Reads content of the member, holes as zeros; *@out_read is 0 at its end. Errors:
 * %OCI_ERROR_FORMAT. */
gboolean oci_tar_reader_read (OciTarReader *self, void *buffer, size_t len, size_t *out_read,
                              GError **error);

G_END_DECLS
