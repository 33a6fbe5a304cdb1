/* Content of one member of a wheel: compared with RECORD as it streams, and for scripts with the
 * interpreter put in. */
#pragma once

#include "oci/archive-reader.h"

#include "builder/python/record.h"

G_BEGIN_DECLS

typedef struct _TerraneWheelStream TerraneWheelStream;

/**
 * terrane_wheel_stream_new:
 * @reader: at the member @entry; borrowed, like everything here, as long as the stream lives
 * @want: (nullable): the member's row of RECORD
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
 * *@out_read is 0 at the end. Fails with %OCI_ERROR_FORMAT where more comes than the zip's
 * directory says.
 */
gboolean terrane_wheel_stream_read (gpointer stream, void *buffer, size_t len, size_t *out_read,
                                    GError **error);

/**
 * terrane_wheel_stream_finish:
 * @row: gets digest and size of what was read, the script's new ones too
 *
 * Reads what is left, so that the content is compared whoever read it.
 */
gboolean terrane_wheel_stream_finish (TerraneWheelStream *self, TerraneRecordRow *row,
                                      GError **error);

/** Of a finished stream: how the content differs from what RECORD says. Returns: (transfer none)
 * (nullable): "has another digest", "has another size" */
const char *terrane_wheel_stream_difference (const TerraneWheelStream *self);

G_END_DECLS
