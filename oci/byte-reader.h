/* Bytes that come in pieces, looked at as far ahead as a header is long. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

/** Gives the bytes of an archive; *@out_len is 0 at their end. @out_bytes: (transfer none) */
typedef gboolean (*OciArchiveSource) (gpointer data, const void **out_bytes, size_t *out_len,
                                      GError **error);

enum
{
  OCI_BYTE_READER_AHEAD = 4096, /* so far can be looked ahead */
};

typedef struct _OciByteReader OciByteReader;

/** @source: @data must outlive the reader. Returns: (transfer full) */
OciByteReader *oci_byte_reader_new (OciArchiveSource source, gpointer data);

/**
 * oci_byte_reader_new_fd:
 * @fd: borrowed, must outlive the reader; need not be seekable
 * @digester: (nullable): gets every byte that is read; must outlive the reader
 *
 * Returns: (transfer full)
 */
OciByteReader *oci_byte_reader_new_fd (int fd, OciDigester *digester);

void oci_byte_reader_free (OciByteReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciByteReader, oci_byte_reader_free)

/**
 * oci_byte_reader_peek:
 * @want: at most %OCI_BYTE_READER_AHEAD
 * @out_bytes: (transfer none): what comes next, valid until the reader is used again
 * @out_len: at least @want, less only at the end; 0 is the end
 */
gboolean oci_byte_reader_peek (OciByteReader *self, size_t want, const uint8_t **out_bytes,
                               size_t *out_len, GError **error);

/** Goes on by @len bytes, which a peek has shown. */
void oci_byte_reader_consume (OciByteReader *self, size_t len);

/** Copies @len bytes, less only at the end. */
gboolean oci_byte_reader_copy (OciByteReader *self, void *buffer, size_t len, size_t *out_read,
                               GError **error);

/** Goes on by @len bytes; *@out_missing is how many of them there were not. */
gboolean oci_byte_reader_skip (OciByteReader *self, uint64_t len, uint64_t *out_missing,
                               GError **error);

/** The next piece, which is consumed by the next call. @reader: an OciByteReader; this is an
 * OciArchiveSource. */
gboolean oci_byte_reader_source (gpointer reader, const void **out_bytes, size_t *out_len,
                                 GError **error);

G_END_DECLS
