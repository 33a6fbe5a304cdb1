/* Reads tar: v7, ustar, star's variant, GNU and pax, with all four ways in which GNU tar and bsdtar
 * write sparse files. Names are the bytes that the archive has. */
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
 * @lenient: what comes after the end does not matter, and the blocks that mark it may be absent:
 *   for content whose digest is verified
 *
 * Returns: (transfer full)
 */
OciTarReader *oci_tar_reader_new (OciByteReader *input, gboolean lenient);
void oci_tar_reader_free (OciTarReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTarReader, oci_tar_reader_free)

/** The next member; @out is empty before. At the end the input is read to its end. */
gboolean oci_tar_reader_next (OciTarReader *self, OciRawMember *out, gboolean *out_end,
                              GError **error);

/** Reads content of the member, holes as zeros; *@out_read is 0 at its end. */
gboolean oci_tar_reader_read (OciTarReader *self, void *buffer, size_t len, size_t *out_read,
                              GError **error);

G_END_DECLS
