/* Reads cpio: newc (with or without checksums; also the payload of an rpm), odc, and the old binary
 * format in either byte order. cpio(5).
 *
 * In newc the content of hard links follows the last of their names; the others have none. Names
 * are held back until then, so that here too a hard link comes after its file. */
#pragma once

#include "oci/byte-reader.h"
#include "oci/raw-member.h"

G_BEGIN_DECLS

typedef struct _OciCpioReader OciCpioReader;

/** Whether the input begins with @start like a cpio archive. */
gboolean oci_cpio_reader_knows (const uint8_t *start, size_t len);

/** @input: borrowed, must outlive the reader. Returns: (transfer full) */
OciCpioReader *oci_cpio_reader_new (OciByteReader *input);
void oci_cpio_reader_free (OciCpioReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCpioReader, oci_cpio_reader_free)

/** Reads the next member into @out, which must be empty. At the end of the archive the rest of the
 * input is read. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT. */
gboolean oci_cpio_reader_next (OciCpioReader *self, OciRawMember *out, gboolean *out_end,
                               GError **error);

/** Reads content of the member; *@out_read is 0 at its end. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT. */
gboolean oci_cpio_reader_read (OciCpioReader *self, void *buffer, size_t len, size_t *out_read,
                               GError **error);

G_END_DECLS
