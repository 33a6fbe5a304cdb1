/* Reads the next pieces of a stream on a thread of its own, while the caller works on earlier ones.
 * The thread is started when a second piece is wanted; if that is impossible, the caller's own
 * thread reads. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  OCI_READ_AHEAD_PIECE_BYTES = 256 * 1024,
};

/**
 * OciReadAheadFill:
 * @buffer: of %OCI_READ_AHEAD_PIECE_BYTES
 * @out_len: (out): bytes read; fewer than @buffer has only at the end of the stream
 *
 * Reads a piece; called on any thread. Not called again after the end or an error.
 */
typedef gboolean (*OciReadAheadFill) (gpointer data, void *buffer, size_t *out_len, GError **error);

typedef struct _OciReadAhead OciReadAhead;

/**
 * oci_read_ahead_new:
 * @data: for @fill, which alone may use it until oci_read_ahead_free(), or until the end of the
 *   stream or an error has been returned
 * @may_block: nothing is read before it is requested: a thread that waits for a pipe could not be
 *   ended
 *
 * Returns: (transfer full)
 */
OciReadAhead *oci_read_ahead_new (OciReadAheadFill fill, gpointer data, gboolean may_block);

/** Waits for the thread, which may be within @fill, then frees everything. */
void oci_read_ahead_free (OciReadAhead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciReadAhead, oci_read_ahead_free)

/**
 * oci_read_ahead_next:
 * @out_bytes: (out) (transfer none): the next piece, valid until the next call
 * @out_len: (out): its length; 0 at the end
 *
 * An OciArchiveSource that reads from an OciReadAhead. What the thread did before it delivered a
 * piece is visible to the caller.
 *
 * Errors: %OCI_ERROR_IO, or another one of @fill, after the pieces before it.
 */
gboolean oci_read_ahead_next (gpointer reader, const void **out_bytes, size_t *out_len,
                              GError **error);

G_END_DECLS
