/* A stream of bytes that arrives in pieces, with look-ahead as long as a header. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

/** Returns the next bytes of an archive; *@out_len is 0 at the end. @out_bytes: (out)
 * (transfer none) */
typedef gboolean (*OciArchiveSource) (gpointer data, const void **out_bytes, size_t *out_len,
                                      GError **error);

enum
{
  OCI_BYTE_READER_AHEAD = 4096, /* maximal look-ahead */
};

typedef struct _OciByteReader OciByteReader;

/**
 * oci_byte_reader_new:
 * @source: its @data must outlive the reader. Returns: (transfer full)
 */
OciByteReader *oci_byte_reader_new (OciArchiveSource source, gpointer data);

/**
 * oci_byte_reader_new_fd:
 * @fd: borrowed, must outlive the reader; need not be seekable. Of a regular file, another thread
 *   reads ahead, and its position is undefined afterwards
 * @digester: (nullable): receives every byte that is read, and may be used once the end has been
 *   returned; must outlive the reader
 *
 * Returns: (transfer full): a reader
 */
OciByteReader *oci_byte_reader_new_fd (int fd, OciDigester *digester);

void oci_byte_reader_free (OciByteReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciByteReader, oci_byte_reader_free)

/**
 * oci_byte_reader_peek:
 * @want: at most %OCI_BYTE_READER_AHEAD
 * @out_bytes: (out) (transfer none): the next bytes, valid until the reader is used again
 * @out_len: (out): at least @want, less only at the end; 0 is the end
 *
 * Errors: those of the source.
 */
gboolean oci_byte_reader_peek (OciByteReader *self, size_t want, const uint8_t **out_bytes,
                               size_t *out_len, GError **error);

/** Advances by @len bytes, which a peek has returned. */
void oci_byte_reader_consume (OciByteReader *self, size_t len);
/** Returns the number of consumed bytes. */
uint64_t oci_byte_reader_position (const OciByteReader *self);

/** Copies @len bytes, fewer only at the end. Errors: those of the source. */
gboolean oci_byte_reader_copy (OciByteReader *self, void *buffer, size_t len, size_t *out_read,
                               GError **error);

/** Advances by @len bytes. @out_missing: (out): number of bytes by which the input was too short.
 * Errors: those of the source. */
gboolean oci_byte_reader_skip (OciByteReader *self, uint64_t len, uint64_t *out_missing,
                               GError **error);

/** An OciArchiveSource that reads from an OciByteReader: the next piece, consumed by the next call.
 * Errors: those of the source. */
gboolean oci_byte_reader_source (gpointer reader, const void **out_bytes, size_t *out_len,
                                 GError **error);

G_END_DECLS
