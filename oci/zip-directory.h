/* The central directory of a zip file, read strictly: a file that two zip readers could take for
 * different files is refused with the reason. Checked are what such files have used: several end
 * records or data after it, data before the first member and between members, members that the
 * directory does not list, overlaps, two members of one name, differences between the directory and
 * the members' own headers, ZIP64 fields that say something else, other names in extra fields, and
 * NULs in names. APPNOTE.TXT 6.3.10. */
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

/* A member as the directory and its own header have it. */
typedef struct
{
  char *name;
  gboolean utf8; /* the flag which says that @name is UTF-8 */
  uint16_t host; /* what wrote it: 3 is Unix */
  uint16_t method;
  uint16_t flags;
  uint32_t crc;
  uint32_t attributes;
  uint64_t packed_size;
  uint64_t size;
  uint64_t header_at; /* where its header is, */
  uint64_t data_at;   /* and where its content */
  int64_t mtime;
  uint32_t uid, gid; /* of Unix, else 0 */
} OciZipMember;

/** Whether @fd begins as a zip file does; FALSE where it cannot be asked. */
gboolean oci_zip_directory_knows (int fd);

/**
 * oci_zip_directory_read:
 * @fd: seekable
 *
 * Returns: (transfer full) (nullable): of OciZipMember *, in the order of the file
 */
GPtrArray *oci_zip_directory_read (int fd, GError **error);

G_END_DECLS
