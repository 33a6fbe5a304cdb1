/* Reads the members of an untrusted archive: tar in every compression, zip (wheels too), cpio, rpm,
 * deb. Names are the archive's bytes. A member that is shorter than announced, a truncated archive,
 * a wrong checksum and bytes after the end are errors.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO. */
#pragma once

#include "oci/base/fd.h"
#include "oci/byte-reader.h"
#include "oci/entry.h"
#include "oci/unpack-limits.h"

G_BEGIN_DECLS

typedef struct _OciArchiveReader OciArchiveReader;

/**
 * oci_archive_reader_new:
 * @name: name of the archive in messages
 * @fd: open for reading; borrowed, must outlive the reader; zip files must be seekable
 * @budget: (nullable): counts what is unpacked, must outlive the reader; %NULL for a budget of its
 *   own with the default limits
 * @digester: (nullable): receives every byte of the file, up to its end once the last member was
 *   read; must outlive the reader. Not possible for a zip file, which is not read in order
 *
 * Returns: (transfer full): a reader
 * Errors: %OCI_ERROR_FORMAT if the file is not an archive; %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
OciArchiveReader *oci_archive_reader_new (const char *name, int fd, OciUnpackBudget *budget,
                                          OciDigester *digester, GError **error);

/** Whether @fd is a zip file, which is not read in the order of its bytes. */
gboolean oci_archive_reader_needs_seek (int fd);

/**
 * oci_archive_reader_new_wheel:
 * Like oci_archive_reader_new(), for a zip file in which every name must mean the same to all
 * readers.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciArchiveReader *oci_archive_reader_new_wheel (const char *name, int fd, OciUnpackBudget *budget,
                                                GError **error);

/**
 * oci_archive_reader_new_layer:
 * @source: a layer's tar, uncompressed; the reader of @source verifies its digest
 * @budget: (nullable): as for oci_archive_reader_new()
 *
 * Reads the entries of a layer. Builders other than docker write absolute names, and a name has the
 * bytes that it had in the file system; neither is an error here.
 *
 * Returns: (transfer full): a reader
 * Errors: %OCI_ERROR_FORMAT if it is not a tar; %OCI_ERROR_LIMIT; those of @source.
 */
OciArchiveReader *oci_archive_reader_new_layer (const char *name, OciArchiveSource source,
                                                gpointer data, OciUnpackBudget *budget,
                                                GError **error);
void oci_archive_reader_free (OciArchiveReader *self);
/** Treats a leading slash of a member's name as the root of the archive instead of refusing it. */
void oci_archive_reader_allow_absolute (OciArchiveReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciArchiveReader, oci_archive_reader_free)

/**
 * oci_archive_reader_next:
 * @out_entry: (out): the next member, its strings borrowed until the next call
 * @out_end: (out): %TRUE after the last member
 *
 * Paths and hard link targets are normalised. A member whose path could lead outside fails the
 * whole archive (%OCI_ERROR_FORMAT): such an archive is broken or an attack. Of the extended
 * attributes only security.capability and user.* are kept.
 *
 * Errors: see the head.
 */
gboolean oci_archive_reader_next (OciArchiveReader *self, OciEntry *out_entry, gboolean *out_end,
                                  GError **error);

/** Returns the position of the current member's first header in the uncompressed tar, or of the
 * mark at its end. */
uint64_t oci_archive_reader_header_position (const OciArchiveReader *self);

/** Reads content of the current member; *@out_read is 0 at its end. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT. */
gboolean oci_archive_reader_read (OciArchiveReader *self, void *buffer, size_t len,
                                  size_t *out_read, GError **error);

/**
 * oci_archive_reader_read_all:
 * @entry: the current member, none of which has been read yet
 * @max: the maximum number of bytes
 *
 * Reads the whole content of a member.
 *
 * Returns: (transfer full): the content
 *
 * Errors: %OCI_ERROR_FORMAT if it is not a file of at most @max bytes; otherwise those of
 *   oci_archive_reader_read().
 */
GBytes *oci_archive_reader_read_all (OciArchiveReader *self, const OciEntry *entry, uint64_t max,
                                     GError **error);

/** Processes a member; may read its content, once. */
typedef gboolean (*OciMemberFunc) (OciArchiveReader *reader, const OciEntry *entry, gpointer data,
                                   GError **error);

/** Calls @func for every remaining member; stops when it fails. Errors: see the head. */
gboolean oci_archive_reader_foreach (OciArchiveReader *self, OciMemberFunc func, gpointer data,
                                     GError **error);

G_END_DECLS
