/* Writes layer tars without anything accidental: the rules of docs/layer-format.md.
 *
 * ustar headers (POSIX.1-1988); pax extended headers (POSIX.1-2001) only for what ustar cannot
 * hold: long or non-ASCII names, large ids and sizes, xattrs. One constant mtime, no owner names,
 * no times in pax, exactly 1024 zero bytes at the end. Our own writer because libarchive's output
 * depends on its version and on the locale, and layer digests must depend on neither. */
#pragma once

#include "oci/entry.h"
#include "oci/sink.h"

G_BEGIN_DECLS

enum
{
  /* 1980-01-01T00:00:01Z: zip tools and some programs do not accept earlier times. */
  OCI_TAR_MTIME = 315532801,
};

typedef struct _OciTarWriter OciTarWriter;

/** Returns: (transfer full): a writer for one thread */
OciTarWriter *oci_tar_writer_new (OciSink sink, gpointer sink_data);
void oci_tar_writer_free (OciTarWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTarWriter, oci_tar_writer_free)

/**
 * oci_tar_writer_add:
 * @entry: a file, directory, symlink or hard link; never the root, never a special file
 *
 * Starts an entry. Exactly @entry->size bytes of data must follow for a file, none for others.
 * Refuses (%OCI_ERROR_UNSUPPORTED) what a layer may not contain. Errors: %OCI_ERROR_UNSUPPORTED;
 * those of the sink.
 */
gboolean oci_tar_writer_add (OciTarWriter *self, const OciEntry *entry, GError **error);

/** Adds content to the last entry. Errors: %OCI_ERROR_CORRUPT for more bytes than announced; those
 * of the sink. */
gboolean oci_tar_writer_data (OciTarWriter *self, const void *data, size_t len, GError **error);

/** Ends the archive. Errors: %OCI_ERROR_CORRUPT if content is missing; those of the sink. */
gboolean oci_tar_writer_finish (OciTarWriter *self, GError **error);

G_END_DECLS
