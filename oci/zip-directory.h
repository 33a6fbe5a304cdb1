/* Reads the central directory of a zip file strictly: a file that two zip readers could interpret
 * differently is refused with the reason. It checks for what such files have used: several end
 * records or data after them, data before the first member and between members, members missing in
 * the directory, overlaps, two members of one name, differences between the directory and the
 * members' own headers, contradicting ZIP64 fields, other names in extra fields, and NULs in names.
 * APPNOTE.TXT 6.3.10. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef enum
{
  OCI_ZIP_STORED = 0,
  OCI_ZIP_DEFLATED = 8,
  OCI_ZIP_BZIP2 = 12,
  OCI_ZIP_ZSTD = 93,
  OCI_ZIP_XZ = 95,
} OciZipMethod;

/* A member according to the directory and to its own header. */
typedef struct
{
  char *name;
  gboolean utf8; /* the flag which says that @name is UTF-8 */
  uint16_t host; /* the system that wrote it: 3 is Unix */
  uint16_t method;
  uint16_t flags;
  uint32_t crc;
  uint32_t attributes;
  uint64_t packed_size;
  uint64_t size;
  uint64_t header_at; /* offset of its header */
  uint64_t data_at;   /* offset of its content */
  int64_t mtime;
  uint32_t uid, gid; /* on Unix, else 0 */
} OciZipMember;

/** Whether @fd begins like a zip file; %FALSE if it cannot be read. */
gboolean oci_zip_directory_knows (int fd);

/**
 * oci_zip_directory_read:
 * @fd: seekable
 *
 * Returns: (transfer full): of OciZipMember *, in the order of the file
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
GPtrArray *oci_zip_directory_read (int fd, GError **error);

G_END_DECLS
