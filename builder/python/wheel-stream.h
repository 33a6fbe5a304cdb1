/* Content of one member of a wheel: compared with RECORD while it is read, and for scripts with the
 * interpreter substituted. */
#pragma once

#include "oci/archive-reader.h"

#include "builder/python/record.h"

G_BEGIN_DECLS

typedef struct _TerraneWheelStream TerraneWheelStream;

/**
 * terrane_wheel_stream_new:
 * @reader: at the member @entry; borrowed, like all arguments, as long as the stream lives
 * @want: (nullable): the member's row of RECORD
 * @shebang: (nullable): replaces a first line that starts with "#!python"
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
 * *@out_read is 0 at the end. Fails with %OCI_ERROR_FORMAT if there is more content than the zip's
 * directory says. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT.
 */
gboolean terrane_wheel_stream_read (gpointer stream, void *buffer, size_t len, size_t *out_read,
                                    GError **error);

/**
 * terrane_wheel_stream_finish:
 * @row: receives digest and size of what was read, for scripts the new ones
 *
 * Drains the content, so that it is compared even if it was not read completely.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT.
 */
gboolean terrane_wheel_stream_finish (TerraneWheelStream *self, TerraneRecordRow *row,
                                      GError **error);

/** For a finished stream: returns how the content differs from RECORD. Returns: (transfer none)
 * (nullable): "has another digest", "has another size" */
const char *terrane_wheel_stream_difference (const TerraneWheelStream *self);

G_END_DECLS
