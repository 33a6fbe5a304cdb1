/* Content of one member of a wheel: verified against RECORD as it streams, and for scripts with the
 * interpreter put in. */
#pragma once

#include "oci/archive-reader.h"

#include "builder/python/record.h"

G_BEGIN_DECLS

typedef struct _TerraneWheelStream TerraneWheelStream;

/**
 * terrane_wheel_stream_new:
 * @reader: at the member @entry; borrowed, like everything here, as long as the stream lives
 * @want: the member's row of RECORD, with a digest
 * @shebang: (nullable): what replaces a first line that starts with "#!python"
 *
 * Returns: (transfer full)
 */
TerraneWheelStream *terrane_wheel_stream_new (OciArchiveReader *reader, const OciEntry *entry,
                                              const TerraneRecordRow *want, const char *shebang);

void terrane_wheel_stream_free (TerraneWheelStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelStream, terrane_wheel_stream_free)

/**
 * terrane_wheel_stream_read:
 * @stream: a TerraneWheelStream; this is a %TerraneWheelRead
 *
 * *@out_read is 0 at the end, and only when the content was what RECORD says: %OCI_ERROR_CORRUPT
 * otherwise. Fails with %OCI_ERROR_FORMAT where more comes than the zip's directory says.
 */
gboolean terrane_wheel_stream_read (gpointer stream, void *buffer, size_t len, size_t *out_read,
                                    GError **error);

/**
 * terrane_wheel_stream_finish:
 * @row: gets digest and size of what was read, the script's new ones too
 *
 * Reads what is left, so that the content is verified whoever read it.
 */
gboolean terrane_wheel_stream_finish (TerraneWheelStream *self, TerraneRecordRow *row,
                                      GError **error);

G_END_DECLS
