/* Reads the members of an archive from strangers, over libarchive: tar in every compression,
 * zip (wheels too), cpio, rpm, deb. Of all files only this one and layer-stream know libarchive's
 * conventions.
 *
 * libarchive converts names by LC_CTYPE, so the process runs in C.UTF-8 (main() sees to it). */
#pragma once

#include "oci/base/fd.h"
#include "oci/entry.h"

G_BEGIN_DECLS

typedef struct _OciArchiveReader OciArchiveReader;

/**
 * oci_archive_reader_new:
 * @name: what to call the archive in messages
 * @fd: open for reading; borrowed, must outlive the reader; need not be seekable
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_FORMAT when it is no archive
 */
OciArchiveReader *oci_archive_reader_new (const char *name, int fd, GError **error);

/** Gives the bytes of an archive; *@out_len is 0 at their end. @out_bytes: (transfer none) */
typedef gboolean (*OciArchiveSource) (gpointer data, const void **out_bytes, size_t *out_len,
                                      GError **error);

/**
 * oci_archive_reader_new_layer:
 * @source: a layer's tar, not compressed
 *
 * Reads the entries of a layer. Other builders than docker write absolute names, and a name has the
 * bytes that it had in the file system: here neither is an error.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_FORMAT when it is no tar
 */
OciArchiveReader *oci_archive_reader_new_layer (const char *name, OciArchiveSource source,
                                                gpointer data, GError **error);
void oci_archive_reader_free (OciArchiveReader *self);
/** Takes a leading slash of a member's name for the root of the archive instead of refusing it. */
void oci_archive_reader_allow_absolute (OciArchiveReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciArchiveReader, oci_archive_reader_free)

/**
 * oci_archive_reader_next:
 * @out_entry: (out): the next member, its strings borrowed until the next call
 * @out_end: (out): TRUE behind the last member
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

/** What is done with a member; its content may be read, once. */
typedef gboolean (*OciMemberFunc) (OciArchiveReader *reader, const OciEntry *entry, gpointer data,
                                   GError **error);

/** Calls @func for every member that is left; stops when it fails. */
gboolean oci_archive_reader_foreach (OciArchiveReader *self, OciMemberFunc func, gpointer data,
                                     GError **error);

G_END_DECLS
