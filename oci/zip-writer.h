/* Zip files with nothing accidental in them: APPNOTE.TXT 6.3.10, as Unix programs and AWS Lambda
 * read them.
 *
 * Sizes and checksum stand before the content of a member, no extra fields, one constant time
 * (1980-01-01 00:00:00), modes and symbolic links as Info-ZIP keeps them. Zip files know no hard
 * links. Our own writer, because libarchive's files depend on its version and on zlib's, put sizes
 * after the content, and have times and owners in extra fields. */
#pragma once

#include "oci/entry.h"
#include "oci/sink.h"

G_BEGIN_DECLS

/* What a member's content became. */
typedef struct
{
  uint64_t size;        /* of the content */
  uint64_t packed_size; /* of what is in the zip; not more than @size unless deflated */
  uint32_t crc;         /* of the content */
  gboolean deflated;    /* else stored */
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
 * Paths over 65535 bytes and what zip files without ZIP64 sizes cannot hold, files and archives of
 * 4 GiB, are refused (%OCI_ERROR_LIMIT). The number of members is not limited.
 */
gboolean oci_zip_writer_add (OciZipWriter *self, const OciEntry *entry,
                             const OciZipContent *content, GError **error);

/** Packed content of the file added last. */
gboolean oci_zip_writer_data (OciZipWriter *self, const void *data, size_t len, GError **error);

/** Writes the directory. */
gboolean oci_zip_writer_finish (OciZipWriter *self, GError **error);

/** How many bytes the member takes besides its content: both headers. @path: of a directory without
 * the slash that it gets */
uint64_t oci_zip_overhead (const char *path, gboolean directory);

/** Of the end of a zip file with @n members. */
uint64_t oci_zip_end_size (uint64_t n);

/**
 * oci_zip_pack:
 * @data: of at most some MiB
 * @out_packed: (out) (transfer full): deflated, or stored when that is not smaller
 *
 * Packs small content; larger goes through oci_gzip_writer_new_raw() with %OCI_ZIP_LEVEL.
 */
gboolean oci_zip_pack (const void *data, size_t len, OciZipContent *out_content,
                       GBytes **out_packed, GError **error);

enum
{
  /* Of libdeflate: Lambda takes 50 MB, so smaller is worth more than quick. */
  OCI_ZIP_LEVEL = 9,
};

G_END_DECLS
