/* Writes zip files without anything accidental: APPNOTE.TXT 6.3.10, as read by Unix programs and
 * AWS Lambda.
 *
 * Sizes and checksum precede the content of a member; there are no extra fields, and one constant
 * time (1980-01-01 00:00:00); modes and symbolic links are stored as by Info-ZIP. Zip files have no
 * hard links. Our own writer because libarchive's files depend on its version and on zlib's, put
 * sizes after the content, and have times and owners in extra fields. */
#pragma once

#include "oci/entry.h"
#include "oci/sink.h"

G_BEGIN_DECLS

/* Properties of a member's packed content. */
typedef struct
{
  uint64_t size;        /* of the content */
  uint64_t packed_size; /* of the content in the zip; at most @size unless deflated */
  uint32_t crc;         /* of the content */
  gboolean deflated;    /* otherwise stored */
} OciZipContent;

typedef struct _OciZipWriter OciZipWriter;

/** Returns: (transfer full): a writer for one thread */
OciZipWriter *oci_zip_writer_new (OciSink sink, gpointer sink_data);
void oci_zip_writer_free (OciZipWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciZipWriter, oci_zip_writer_free)

/**
 * oci_zip_writer_add:
 * @entry: a file, directory or symlink with a valid UTF-8 path; never the root
 * @content: (nullable): of a file; for others it is known
 *
 * Starts a member. For a file, exactly @content->packed_size bytes of packed data must follow.
 * Refuses paths over 65535 bytes, and files and archives of 4 GiB, which zip files without ZIP64
 * cannot hold (%OCI_ERROR_LIMIT). The number of members is not limited. Errors: %OCI_ERROR_LIMIT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_CORRUPT; those of the sink.
 */
gboolean oci_zip_writer_add (OciZipWriter *self, const OciEntry *entry,
                             const OciZipContent *content, GError **error);

/** Adds packed content to the last file. Errors: %OCI_ERROR_CORRUPT for more bytes than announced;
 * those of the sink. */
gboolean oci_zip_writer_data (OciZipWriter *self, const void *data, size_t len, GError **error);

/** Writes the directory. Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT; those of the sink. */
gboolean oci_zip_writer_finish (OciZipWriter *self, GError **error);

/** Size in bytes of both headers of a member. @path: without the slash that a directory gets */
uint64_t oci_zip_overhead (const char *path, gboolean directory);

/** Size in bytes of the end of a zip file with @n members. */
uint64_t oci_zip_end_size (uint64_t n);

/**
 * oci_zip_pack:
 * @data: at most some MiB
 * @out_packed: (out) (transfer full): deflated, or stored if that is not larger
 *
 * Packs small content; larger content is packed by oci_gzip_writer_new_raw() with %OCI_ZIP_LEVEL.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_zip_pack (const void *data, size_t len, OciZipContent *out_content,
                       GBytes **out_packed, GError **error);

enum
{
  /* Level of libdeflate: Lambda accepts 50 MB, so size matters more than speed. */
  OCI_ZIP_LEVEL = 9,
};

G_END_DECLS
