/* Reads the members of an archive from strangers: tar in every compression, zip (wheels too), cpio,
 * rpm, deb. Names are the archive's bytes. What is announced is what is delivered: a member that is
 * shorter, an archive that is cut, a wrong checksum or bytes after the end fail. */
#pragma once

#include "oci/base/fd.h"
#include "oci/byte-reader.h"
#include "oci/entry.h"
#include "oci/unpack-limits.h"

G_BEGIN_DECLS

typedef struct _OciArchiveReader OciArchiveReader;

/**
 * oci_archive_reader_new:
 * @name: what to call the archive in messages
 * @fd: open for reading; borrowed, must outlive the reader; zip files must be seekable
 * @budget: (nullable): counts what is unpacked, must outlive the reader; %NULL is one of its own
 *   with the default limits
 * @digester: (nullable): gets every byte of the file, up to its end once the last member was read;
 *   must outlive the reader. A zip file is not read in order: it fails with one
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_FORMAT when it is not an archive
 */
OciArchiveReader *oci_archive_reader_new (const char *name, int fd, OciUnpackBudget *budget,
                                          OciDigester *digester, GError **error);

/** Whether it is a zip file, which is not read in the order of its bytes. */
gboolean oci_archive_reader_needs_seek (int fd);

/**
 * oci_archive_reader_new_wheel:
 *
 * As before, of a zip file only, in which every name must mean the same to all readers.
 */
OciArchiveReader *oci_archive_reader_new_wheel (const char *name, int fd, OciUnpackBudget *budget,
                                                GError **error);

/**
 * oci_archive_reader_new_layer:
 * @source: a layer's tar, not compressed; its bytes' digest is verified by who reads it
 * @budget: (nullable): as before
 *
 * Reads the entries of a layer. Other builders than docker write absolute names, and a name has the
 * bytes that it had in the file system: here neither is an error.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_FORMAT when it is not a tar
 */
OciArchiveReader *oci_archive_reader_new_layer (const char *name, OciArchiveSource source,
                                                gpointer data, OciUnpackBudget *budget,
                                                GError **error);
void oci_archive_reader_free (OciArchiveReader *self);
/** Takes a leading slash of a member's name for the root of the archive instead of refusing it. */
void oci_archive_reader_allow_absolute (OciArchiveReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciArchiveReader, oci_archive_reader_free)

/**
 * oci_archive_reader_next:
 * @out_entry: (out): the next member, its strings borrowed until the next call
 * @out_end: (out): TRUE after the last member
 *
 * Paths and hard link targets come normalised; a member whose path could lead elsewhere fails the
 * whole archive (%OCI_ERROR_FORMAT): such an archive is broken or an attack.
 *
 * Of extended attributes only security.capability and user.* are kept.
 */
gboolean oci_archive_reader_next (OciArchiveReader *self, OciEntry *out_entry, gboolean *out_end,
                                  GError **error);

/** Reads content of the current member; *@out_read is 0 at its end. */
gboolean oci_archive_reader_read (OciArchiveReader *self, void *buffer, size_t len,
                                  size_t *out_read, GError **error);

/**
 * oci_archive_reader_read_all:
 * @entry: the current member, of which nothing was read yet
 * @max: bytes
 *
 * Returns: (transfer full): its content; NULL with %OCI_ERROR_FORMAT when it is not a file of at
 * most
 *   @max bytes, or with the errors of oci_archive_reader_read()
 */
GBytes *oci_archive_reader_read_all (OciArchiveReader *self, const OciEntry *entry, uint64_t max,
                                     GError **error);

/** What is done with a member; its content may be read, once. */
typedef gboolean (*OciMemberFunc) (OciArchiveReader *reader, const OciEntry *entry, gpointer data,
                                   GError **error);

/** Calls @func for every member that is left; stops when it fails. */
gboolean oci_archive_reader_foreach (OciArchiveReader *self, OciMemberFunc func, gpointer data,
                                     GError **error);

G_END_DECLS
