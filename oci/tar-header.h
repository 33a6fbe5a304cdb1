/* A block of 512 bytes that begins a member of a tar, field by field. */
#pragma once

#include "oci/entry.h"

G_BEGIN_DECLS

enum
{
  OCI_TAR_BLOCK = 512,
};

/* A header: POSIX.1-2017, pax, "ustar Interchange Format", and GNU tar's tar.h. */
typedef struct
{
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[8]; /* with the version */
  char owner[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
} OciTarHeader;
G_STATIC_ASSERT (sizeof (OciTarHeader) == OCI_TAR_BLOCK);

/** Whether the header has the checksum that it says. */
gboolean oci_tar_header_is_right (const OciTarHeader *header);

/** A number of a field: octal, or in base 256 where the first bit is set. */
gboolean oci_tar_number (const char *field, size_t len, int64_t *out, GError **error);

/** The same, not negative. */
gboolean oci_tar_size (const char *field, size_t len, uint64_t *out, GError **error);

/** The text of a field that may fill it. Returns: (transfer full) */
char *oci_tar_text (const char *field, size_t len);

/** The name with its prefix. Returns: (transfer full) */
char *oci_tar_header_name (const OciTarHeader *header);

/** @path: of the member, which decides whether a file is a directory of v7 */
gboolean oci_tar_header_type (const OciTarHeader *header, const char *path, OciEntryType *out,
                              GError **error);

G_END_DECLS
